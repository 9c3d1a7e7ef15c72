"""Losses of numbers: squared, absolute, and what lies between."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastconv.losses.base import ByRows
from fastconv.losses.numbers import at_least
from fastconv.reference.losses import POINTWISE


class MeanSquaredError(ByRows):
    """Mean of (y_true - y_pred)².

    Examples
    --------
    >>> MeanSquaredError()([[0.0, 1.0]], [[0.5, 1.0]])
    0.125
    """

    kind = "mean_squared_error"
    definition = staticmethod(POINTWISE[kind])


class HalfSquaredError(ByRows):
    """½ · Σ (y_true - y_pred)² along the last axis, whose gradient is y_pred - y_true.

    Examples
    --------
    >>> HalfSquaredError()([[0.0, 0.0, 0.0, 1.0]], [[0.2, 0.1, 0.3, 0.4]])
    0.25
    """

    kind = "half_squared_error"
    averaged = False

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return np.square(y_true - y_pred).sum(axis=-1) / 2


class MeanAbsoluteError(ByRows):
    """Mean of abs(y_true - y_pred); its gradient is 0 where they are equal.

    Examples
    --------
    >>> MeanAbsoluteError()([[0.0, 1.0]], [[0.5, 1.0]])
    0.25
    """

    kind = "mean_absolute_error"
    definition = staticmethod(POINTWISE[kind])


class Huber(ByRows):
    """Half the square of the error up to `delta`, a straight line beyond.

    Parameters
    ----------
    delta : float
    reduction, name
        As for every `Loss`.

    Examples
    --------
    >>> Huber(delta=1.0)([[0.0, 0.0]], [[0.5, 3.0]])
    1.3125
    """

    kind = "huber"
    definition = staticmethod(POINTWISE[kind])

    def __init__(self, delta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.delta = at_least(0, delta, "delta", where="Huber")
        if not 0 < self.delta < math.inf:
            raise ValueError(f"Huber: delta must be above 0; received {delta!r}")

    def numbers(self) -> tuple[float, ...]:
        return (self.delta,)

    def get_config(self) -> dict[str, Any]:
        return {"delta": self.delta, **super().get_config()}


class LogCosh(ByRows):
    """Mean of log(cosh(y_pred - y_true)): about half the square near 0, a straight line far off.

    Examples
    --------
    >>> round(LogCosh()([[0.0]], [[1.0]]), 6)
    0.433781
    """

    kind = "log_cosh"
    definition = staticmethod(POINTWISE[kind])
