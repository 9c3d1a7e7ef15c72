"""Losses, with Keras's names: what training makes small.

The engine computes them (`fastconv.plan.loss`); here are their arguments, the checks of the
targets, and a direct definition for use outside of a model.
"""

from __future__ import annotations

from typing import Any

from fastconv.losses.base import Loss
from fastconv.losses.crossentropy import CategoricalCrossentropy, SparseCategoricalCrossentropy
from fastconv.losses.mean_squared_error import MeanSquaredError
from fastconv.utils.configured import resolve

__all__ = [
    "CategoricalCrossentropy",
    "Loss",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "get",
]

_TABLE: dict[str, type[Loss]] = {
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
}


def get(value: Any) -> Loss:
    """The loss that a name, a class, an instance or a configuration stands for."""
    return resolve(value, Loss, _TABLE, what="loss")
