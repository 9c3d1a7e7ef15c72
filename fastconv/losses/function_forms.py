"""Losses from functions, and the losses as functions: ``mean_squared_error(y_true, y_pred)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from fastconv._arguments import as_name
from fastconv.losses.base import Loss, check_rows
from fastconv.plan.losses.spec import Function, LossSpec
from fastconv.utils.arrays import as_numbers
from fastconv.utils.custom_objects import own_objects


class CustomLoss(Loss):
    """A loss from a function in NumPy; `compile` also takes the function itself.

    Parameters
    ----------
    function : callable
        ``function(y_true, y_pred)`` returns the loss of each sample, (samples,), and its gradient
        in the outputs, of their shape. Targets and outputs are float32, of one shape.
    reduction, name
        As for every `Loss`.

    Examples
    --------
    >>> def cubed(y_true, y_pred):
    ...     error = np.abs(y_pred - y_true)
    ...     return (error**3).sum(axis=-1), 3 * error**2 * np.sign(y_pred - y_true)
    >>> CustomLoss(cubed)([[1.0, 2.0]], [[1.0, 4.0]])
    8.0
    """

    kind = "custom"

    def __init__(self, function: Function, name: str | None = None, **kwargs: Any) -> None:
        if not callable(function):
            raise TypeError(
                "CustomLoss: function must be a function (y_true, y_pred); received "
                f"{function!r} (a loss that was a function is not part of a file: give it to "
                "load_model in custom_objects, under its name)"
            )
        usual = getattr(function, "__name__", "custom")
        super().__init__(name=as_name(name, usual, where="CustomLoss"), **kwargs)
        self.function = function

    @property
    def spec(self) -> LossSpec:
        return LossSpec("custom", reduction=self.reduction, function=self.function)

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return np.asarray(self.function(y_true, y_pred)[0], np.float64)

    def get_config(self) -> dict[str, Any]:
        return {"function": self.name, **super().get_config()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make one from what `get_config` returned; the function is looked up by its name."""
        given = config["function"]
        return cls(**{**config, "function": own_objects().get(given, given)})


def function_of(name: str, cls: type[Loss]) -> Callable[..., np.ndarray]:
    """The loss of each row of outputs as a function; `compile` takes it in place of the class."""

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
    """The class of a function from `function_of`; None for any other."""
    found: type[Loss] | None = getattr(function, "loss_class", None)
    return found
