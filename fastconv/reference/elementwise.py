"""ReLU, scale and offset, and the bias."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fastconv.reference._arrays import Array, float64


def bias_add(x: ArrayLike, b: ArrayLike) -> Array:
    """x + b, one number for each entry of the last axis."""
    return float64(x) + float64(b)


def bias_grad(dy: ArrayLike) -> Array:
    """Gradient db of sum(dy * bias_add(x, b)): the sum over all axes but the last."""
    dy = float64(dy)
    return dy.reshape(-1, dy.shape[-1]).sum(axis=0)


def affine(x: ArrayLike, scale: float, offset: float = 0) -> Array:
    """x * scale + offset."""
    return float64(x) * scale + offset


def relu(x: ArrayLike) -> Array:
    """max(x, 0); NaN stays NaN.

    >>> relu([-1, 2, np.nan])
    array([ 0.,  2., nan])
    """
    return np.maximum(float64(x), 0)


def relu_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    """Gradient dx of sum(dy * relu(x)), from y = relu(x) (or x itself): dy, but 0 where y <= 0."""
    return np.where(float64(y) <= 0, 0, float64(dy))
