"""Regularizers, with Keras's names: weight penalties that are added to the loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_float
from fastconv.kernels.optimizers.parameter_sums import regularize
from fastconv.utils.configured import Configured, resolve

__all__ = ["L1", "L1L2", "L2", "Regularizer", "get"]


class Regularizer(Configured):
    """l1 · Σ|w| + l2 · Σw² of a parameter, for a layer's `kernel_regularizer`.

    Attributes
    ----------
    l1, l2 : float
    """

    l1 = 0.0
    l2 = 0.0

    def __call__(self, w: Any) -> float:
        return self.add(np.ascontiguousarray(w, np.float32).reshape(-1), None)

    def add(self, w: np.ndarray, gradient: np.ndarray | None) -> float:
        """The penalty of flat float32 weights; its gradient is added to `gradient`, if given."""
        return regularize(w, self.l1, self.l2, gradient)


class L1(Regularizer):
    """l1 · Σ|w|, whose gradient is l1 · sign(w), 0 at 0.

    Parameters
    ----------
    l1 : float

    Examples
    --------
    >>> L1(0.5)([1.0, -2.0])
    1.5
    """

    def __init__(self, l1: float = 0.01, **unknown: Any) -> None:
        super().__init__(**unknown)
        self.l1 = _factor(l1, "l1", "L1")

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(Regularizer):
    """l2 · Σw², whose gradient is 2 · l2 · w.

    Parameters
    ----------
    l2 : float

    Examples
    --------
    >>> L2(0.5)([1.0, -2.0])
    2.5
    """

    def __init__(self, l2: float = 0.01, **unknown: Any) -> None:
        super().__init__(**unknown)
        self.l2 = _factor(l2, "l2", "L2")

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class L1L2(Regularizer):
    """l1 · Σ|w| + l2 · Σw².

    Parameters
    ----------
    l1, l2 : float

    Examples
    --------
    >>> L1L2(0.5, 0.5)([1.0, -2.0])
    4.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **unknown: Any) -> None:
        super().__init__(**unknown)
        self.l1, self.l2 = _factor(l1, "l1", "L1L2"), _factor(l2, "l2", "L1L2")

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


# Keras's older names.
l1, l2, l1_l2 = L1, L2, L1L2

_TABLE: dict[str, type[Regularizer]] = {"l1": L1, "l2": L2, "l1_l2": L1L2}


def get(value: Any) -> Regularizer | None:
    """The regularizer that a name, a class, an instance or a configuration stands for, or None."""
    return None if value is None else resolve(value, Regularizer, _TABLE, what="regularizer")


def _factor(value: Any, what: str, where: str) -> float:
    return as_float(value, what, where=where, minimum=0)
