"""Softmax along the last axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fastconv.reference._arrays import Array, float64


def softmax(x: ArrayLike) -> Array:
    """exp(x) / sum(exp(x)) over the last axis, shifted by its maximum so that exp cannot overflow.

    >>> softmax([[0, np.log(3)]])
    array([[0.25, 0.75]])
    """
    x = float64(x)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    """Gradient dx of sum(dy * softmax(x)), from y = softmax(x): y * (dy - sum(dy * y))."""
    dy, y = float64(dy), float64(y)
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))
