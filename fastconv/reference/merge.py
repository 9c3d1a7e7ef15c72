"""Elementwise operations on two arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fastconv.reference._arrays import Array, float64


def multiply(a: ArrayLike, b: ArrayLike) -> Array:
    """a * b; axes of size 1 are broadcast.

    >>> multiply([[1, 2], [3, 4]], [[10], [1]])
    array([[10., 20.],
           [ 3.,  4.]])
    """
    return float64(a) * float64(b)


def multiply_backward(dy: ArrayLike, a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    """Gradients (da, db) of sum(dy * a * b).

    >>> da, db = multiply_backward([[1, 1], [1, 1]], [[1, 2], [3, 4]], [[10], [1]])
    >>> db
    array([[3.],
           [7.]])
    """
    dy, a, b = float64(dy), float64(a), float64(b)
    return _gathered(dy * b, a.shape), _gathered(dy * a, b.shape)


def subtract(a: ArrayLike, b: ArrayLike) -> Array:
    """a - b."""
    return float64(a) - float64(b)


def maximum(a: ArrayLike, b: ArrayLike) -> Array:
    """The larger of a and b; NaN propagates.

    >>> maximum([1, 5], [3, 4])
    array([3., 5.])
    """
    return np.maximum(float64(a), float64(b))


def maximum_backward(dy: ArrayLike, a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    """Gradients (da, db) of sum(dy * maximum(a, b)): to b where it is larger or NaN, else to a.

    >>> maximum_backward([1, 1, 1], [1, 5, 2], [3, 4, 2])
    (array([0., 1., 1.]), array([1., 0., 0.]))
    """
    dy, a, b = float64(dy), float64(a), float64(b)
    second = (b > a) | np.isnan(b)
    return np.where(second, 0, dy), np.where(second, dy, 0)


def minimum(a: ArrayLike, b: ArrayLike) -> Array:
    """The smaller of a and b; NaN propagates."""
    return np.minimum(float64(a), float64(b))


def minimum_backward(dy: ArrayLike, a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    """Gradients (da, db) of sum(dy * minimum(a, b)), as for `maximum_backward`."""
    return maximum_backward(dy, -float64(a), -float64(b))


def _gathered(gradient: Array, shape: tuple[int, ...]) -> Array:
    """The sum over the axes along which an array of this shape was broadcast."""
    axes = tuple(i for i, size in enumerate(shape) if size == 1)
    return gradient.sum(axis=axes, keepdims=True)
