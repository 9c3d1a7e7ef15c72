"""A loss of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from fastconv.losses.base import Loss
from fastconv.plan.losses.spec import Function, LossSpec
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
        super().__init__(name=name or getattr(function, "__name__", "custom"), **kwargs)
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
