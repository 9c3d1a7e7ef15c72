"""The losses as functions, under Keras's names: ``categorical_crossentropy(y_true, y_pred)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fastconv.losses.base import Loss, check_rows
from fastconv.utils.arrays import as_numbers


def function_of(name: str, cls: type[Loss]) -> Callable[..., np.ndarray]:
    """The loss of each row of outputs as a function; `compile` takes it for the class itself."""

    def function(y_true: Any, y_pred: Any, **settings: Any) -> np.ndarray:
        loss = cls(**settings)
        outputs = as_numbers(y_pred, "y_pred", where=name).astype(np.float64)
        targets = loss.targets(y_true, outputs.shape[1:], where=name)
        check_rows(targets, outputs, where=name)
        return loss.rows(targets, outputs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"The loss of each sample, before its mean: `{cls.__name__}`, whose settings it takes."
    )
    function.loss_class = cls  # type: ignore[attr-defined]
    return function


def functions_of(table: Mapping[str, type[Loss]]) -> dict[str, Callable[..., np.ndarray]]:
    """A function for every name of a loss."""
    return {name: function_of(name, cls) for name, cls in table.items()}


def class_of(function: Any) -> type[Loss] | None:
    """The loss that one of these functions stands for; None for any other."""
    found: type[Loss] | None = getattr(function, "loss_class", None)
    return found
