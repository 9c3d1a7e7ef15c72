"""Losses that are sums over outputs: squared and absolute errors, margins, divergences, rates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastconv._arguments import as_float
from fastconv.losses.base import Loss
from fastconv.plan.losses.spec import LossSpec
from fastconv.reference.losses import POINTWISE
from fastconv.utils.arrays import OpenShape


class Pointwise(Loss):
    """A loss by one of the reference's definitions, averaged or summed along the last axis."""

    definition: Callable[..., tuple[np.ndarray, np.ndarray]]
    averaged = True

    def numbers(self) -> tuple[float, ...]:
        """The arguments of the definition."""
        return ()

    @property
    def spec(self) -> LossSpec:
        return LossSpec(self.kind, reduction=self.reduction, numbers=self.numbers())

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        values = type(self).definition(y_pred, y_true.astype(np.float64), *self.numbers())[0]
        return values.mean(axis=-1) if self.averaged else values.sum(axis=-1)


class MeanSquaredError(Pointwise):
    """Mean of (y_true - y_pred)².

    Examples
    --------
    >>> MeanSquaredError()([[0.0, 1.0]], [[0.5, 1.0]])
    0.125
    """

    kind = "mean_squared_error"
    definition = staticmethod(POINTWISE[kind])


class HalfSquaredError(Pointwise):
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


class MeanAbsoluteError(Pointwise):
    """Mean of abs(y_true - y_pred); its gradient is 0 where they are equal.

    Examples
    --------
    >>> MeanAbsoluteError()([[0.0, 1.0]], [[0.5, 1.0]])
    0.25
    """

    kind = "mean_absolute_error"
    definition = staticmethod(POINTWISE[kind])


_LARGEST_DELTA = 1e19


class Huber(Pointwise):
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
        self.delta = as_float(delta, "delta", where="Huber", minimum=0)
        if self.delta == 0:
            raise ValueError(f"Huber: delta must be above 0; received {delta!r}")
        if self.delta > _LARGEST_DELTA:
            raise ValueError(
                f"Huber: delta must be at most {_LARGEST_DELTA:g}, so that its square is a "
                f"float32; received {delta!r}"
            )

    def numbers(self) -> tuple[float, ...]:
        return (self.delta,)

    def get_config(self) -> dict[str, Any]:
        return {"delta": self.delta, **super().get_config()}


class LogCosh(Pointwise):
    """Mean of log(cosh(y_pred - y_true)): about half the square near 0, a straight line far off.

    Examples
    --------
    >>> round(LogCosh()([[0.0]], [[1.0]]), 6)
    0.433781
    """

    kind = "log_cosh"
    definition = staticmethod(POINTWISE[kind])


class Hinge(Pointwise):
    """Mean of max(1 - y_true * y_pred, 0), for targets of -1 and 1 (or 0 and 1).

    Examples
    --------
    >>> Hinge()([[-1.0, 1.0]], [[0.5, 0.5]])
    1.0
    """

    kind = "hinge"
    definition = staticmethod(POINTWISE[kind])

    def targets(self, y: Any, output_shape: OpenShape, *, where: str) -> np.ndarray:
        array = super().targets(y, output_shape, where=where)
        if ((array == 0) | (array == 1)).all():
            return 2 * array.astype(np.float32) - 1
        return array


class SquaredHinge(Hinge):
    """Mean of max(1 - y_true * y_pred, 0)².

    Examples
    --------
    >>> SquaredHinge()([[-1.0, 1.0]], [[0.5, 0.5]])
    1.25
    """

    kind = "squared_hinge"
    definition = staticmethod(POINTWISE[kind])


class KLDivergence(Pointwise):
    """Σ y_true · log(y_true / y_pred) along the last axis, both kept above 1e-7.

    Examples
    --------
    >>> round(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]), 6)
    0.143841
    """

    kind = "kl_divergence"
    averaged = False
    definition = staticmethod(POINTWISE[kind])


class Poisson(Pointwise):
    """Mean of y_pred - y_true · log(y_pred), for counts whose expectation is predicted.

    Examples
    --------
    >>> round(Poisson()([[1.0]], [[2.0]]), 6)
    1.306853
    """

    kind = "poisson"
    definition = staticmethod(POINTWISE[kind])
