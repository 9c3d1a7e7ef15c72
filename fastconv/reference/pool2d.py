"""Pooling over windows of `pool_size` in steps of `strides`, by default `pool_size`.

With `ceil_mode` a last window may extend past the end, if it begins before it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastconv.reference._arrays import Array, float64
from fastconv.reference._taps import Taps


def _taps(x_shape: tuple[int, ...], pool_size: Any, strides: Any, padding: Any, ceil: Any) -> Taps:
    return Taps(x_shape, pool_size, strides or pool_size, padding, ceil_mode=ceil)


def max_pool2d(
    x: ArrayLike,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    ceil_mode: Any = False,
) -> Array:
    """Largest element of each window; NaN propagates, padding is ignored.

    >>> x = np.array([[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]]).reshape(1, 4, 4, 1)
    >>> max_pool2d(x, 2)[0, :, :, 0]
    array([[5., 6.],
           [4., 5.]])
    """
    x = float64(x)
    taps = _taps(x.shape, pool_size, strides, padding, ceil_mode)
    return taps.stack(x, fill=-np.inf).max(axis=0)


def max_pool2d_argmax(
    x: ArrayLike,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    ceil_mode: Any = False,
) -> NDArray[np.intp]:
    """The tap i * kw + j of the first maximum (or the first NaN) of each window of x."""
    x = float64(x)
    taps = _taps(x.shape, pool_size, strides, padding, ceil_mode)
    stack, inside = taps.stack(x, fill=-np.inf), taps.stack(np.ones_like(x), fill=0) == 1
    return np.argmax(inside & ((stack == stack.max(axis=0)) | np.isnan(stack)), axis=0)


def max_pool2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    ceil_mode: Any = False,
) -> Array:
    """Gradient dx of sum(dy * max_pool2d(x)): dy goes to the first maximum of its window."""
    dy, x = float64(dy), float64(x)
    first = max_pool2d_argmax(x, pool_size, strides, padding, ceil_mode)
    taps = _taps(x.shape, pool_size, strides, padding, ceil_mode)
    dpadded = taps.pad(np.zeros_like(x))
    for i, j, at in taps:
        dpadded[at] += np.where(first == i * taps.window[1] + j, dy, 0)
    return taps.crop(dpadded)


def min_pool2d(x: ArrayLike, *window: Any, **options: Any) -> Array:
    """Smallest element of each window; the arguments are those of `max_pool2d`.

    >>> x = np.array([[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]]).reshape(1, 4, 4, 1)
    >>> min_pool2d(x, 2)[0, :, :, 0]
    array([[2., 1.],
           [1., 2.]])
    """
    return -max_pool2d(-float64(x), *window, **options)


def min_pool2d_backward(dy: ArrayLike, x: ArrayLike, *window: Any, **options: Any) -> Array:
    """Gradient dx of sum(dy * min_pool2d(x))."""
    return max_pool2d_backward(dy, -float64(x), *window, **options)


def avg_pool2d(
    x: ArrayLike,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    count_include_pad: bool = False,
    ceil_mode: Any = False,
) -> Array:
    """Mean of each window: over its elements of x, or (`count_include_pad`) over all kh * kw taps.

    >>> x = np.array([[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]]).reshape(1, 4, 4, 1)
    >>> avg_pool2d(x, 2)[0, :, :, 0]
    array([[3., 4.],
           [3., 4.]])
    """
    x = float64(x)
    taps = _taps(x.shape, pool_size, strides, padding, ceil_mode)
    return taps.stack(x).sum(axis=0) / taps.counts(count_include_pad)


def avg_pool2d_backward(
    dy: ArrayLike,
    x_shape: tuple[int, ...],
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    count_include_pad: bool = False,
    ceil_mode: Any = False,
) -> Array:
    """Gradient dx of sum(dy * avg_pool2d(x)); of x only the shape matters."""
    taps = _taps(x_shape, pool_size, strides, padding, ceil_mode)
    share = float64(dy) / taps.counts(count_include_pad)
    dpadded = taps.pad(np.zeros(x_shape))
    for _, _, at in taps:
        dpadded[at] += share
    return taps.crop(dpadded)


def lp_pool2d(
    x: ArrayLike,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    p: float = 2,
    ceil_mode: Any = False,
) -> Array:
    """(sum of abs(x)**p over each window)**(1/p); p = 2 is L2-norm pooling.

    >>> lp_pool2d(np.array([3.0, 4.0, 0.0, -5.0]).reshape(1, 1, 4, 1), (1, 2)).ravel()
    array([5., 5.])
    """
    x = float64(x)
    taps = _taps(x.shape, pool_size, strides, padding, ceil_mode)
    return (np.abs(taps.stack(x)) ** p).sum(axis=0) ** (1 / p)


def lp_pool2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    p: float = 2,
    ceil_mode: Any = False,
) -> Array:
    """Gradient dx of sum(dy * lp_pool2d(x)); 0 where a whole window is 0."""
    x = float64(x)
    y = lp_pool2d(x, pool_size, strides, padding, p, ceil_mode)
    taps = _taps(x.shape, pool_size, strides, padding, ceil_mode)
    share = float64(dy) * np.where(y == 0, 0, np.where(y == 0, 1, y) ** (1 - p))
    padded = taps.pad(x)
    dpadded = np.zeros_like(padded)
    for _, _, at in taps:
        dpadded[at] += share * np.sign(padded[at]) * np.abs(padded[at]) ** (p - 1)
    return taps.crop(dpadded)
