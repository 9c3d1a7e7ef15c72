"""Losses, with Keras's names: what training minimizes.

In a model the plan computes them (`fastconv.plan.losses`); here are their arguments, the checks of
the targets, and a direct definition for use outside of a model. Every name that `compile` takes is
also a function, ``mean_squared_error(y_true, y_pred)``: the loss of each sample.
"""

from __future__ import annotations

from typing import Any

from fastconv.losses.base import Loss
from fastconv.losses.crossentropy import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    SparseCategoricalCrossentropy,
)
from fastconv.losses.function_forms import CustomLoss, class_of, functions_of
from fastconv.losses.pointwise import (
    HalfSquaredError,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    SquaredHinge,
)
from fastconv.utils.configured import resolve

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CustomLoss",
    "HalfSquaredError",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "get",
]

_TABLE: dict[str, type[Loss]] = {
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "categorical_focal_crossentropy": CategoricalFocalCrossentropy,
    "binary_crossentropy": BinaryCrossentropy,
    "bce": BinaryCrossentropy,
    "binary_focal_crossentropy": BinaryFocalCrossentropy,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "half_squared_error": HalfSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "mae": MeanAbsoluteError,
    "huber": Huber,
    "log_cosh": LogCosh,
    "logcosh": LogCosh,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "kl_divergence": KLDivergence,
    "kld": KLDivergence,
    "poisson": Poisson,
}
NAMES = tuple(_TABLE)
"""What `compile` takes as a loss."""


_FUNCTIONS = functions_of(_TABLE)


def get(value: Any) -> Loss:
    """The loss that a name, a class, an instance, a configuration or a function stands for."""
    if callable(value) and not isinstance(value, (type, Loss)):
        known = class_of(value)
        return CustomLoss(value) if known is None else known()
    return resolve(value, Loss, {**_TABLE, "custom": CustomLoss}, what="loss")


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS:
        return _FUNCTIONS[name]
    raise AttributeError(f"module 'fastconv.losses' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_FUNCTIONS})
