"""Pooling over images: the largest, smallest, average or Lp norm of each window, and gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastconv.kernels.pooling.pool2d_bwd import avg_pool2d_bwd, max_pool2d_bwd
from fastconv.kernels.pooling.pool2d_fwd import avg_pool2d_fwd, max_pool2d_fwd
from fastconv.kernels.pooling.pool2d_lp import (
    l2_pool2d_fwd,
    lp_power,
    lp_root,
    lp_share,
    lp_through,
)
from fastconv.ops._checks import (
    Array,
    ImageResult,
    as_received,
    channels_first,
    flag,
    image,
    number,
    same_shape,
)
from fastconv.ops._docs import documented
from fastconv.plan.geometry.padding import Padding
from fastconv.plan.geometry.shapes import Pool2DShape, pool2d_shape

__all__ = [
    "avg_pool2d",
    "avg_pool2d_backward",
    "lp_pool2d",
    "lp_pool2d_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "min_pool2d",
    "min_pool2d_backward",
]

FORWARD = """
Parameters
----------
x : array_like (mb, ih, iw, ic), or (mb, ic, ih, iw) with "channels_first"
pool_size : int or (rows, columns)
strides : int or (rows, columns), optional
    Defaults to `pool_size`.
padding : "valid", "same", int, (rows, columns) or ((top, bottom), (left, right))
    Smaller than the window.
data_format : "channels_last" or "channels_first"
ceil_mode : bool
    Whether a last window that extends past the edge is kept.
out : float32 array of the result's shape, optional

Returns
-------
float32 array (mb, oh, ow, ic), or (mb, ic, oh, ow) with "channels_first": `out` if given.
"""
BACKWARD = """
Parameters
----------
dy : array_like
    Of the shape of the pooling's result.
x, pool_size, strides, padding, data_format, ceil_mode
    As given to the pooling.
out : float32 array of the shape of x, optional

Returns
-------
float32 array of the shape of x: `out` if given.
"""
MOST_TAPS = 1 << 24  # as many winners' numbers pass through float32 registers
SUM = 2  # avg_pool2d's divisor for a sum that is not divided


@documented(FORWARD)
def max_pool2d(
    x: Any,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    *,
    ceil_mode: bool = False,
    out: Array | None = None,
) -> Array:
    """Largest element of each window; NaN propagates, padding is ignored.

    Examples
    --------
    >>> x = np.array([[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]])
    >>> max_pool2d(x.reshape(1, 4, 4, 1), 2)[0, :, :, 0]
    array([[5., 6.],
           [4., 5.]], dtype=float32)
    """

    def run(inputs: Array, y: Array, s: Pool2DShape) -> None:
        max_pool2d_fwd(inputs, y, None, *_window(s))

    geometry = (pool_size, strides, padding, data_format, ceil_mode)
    return _forward("max_pool2d", x, geometry, out, run)


@documented(BACKWARD)
def max_pool2d_backward(
    dy: Any,
    x: Any,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    *,
    ceil_mode: bool = False,
    out: Array | None = None,
) -> Array:
    """Gradient dx of sum(dy * max_pool2d(x)): dy goes to the first maximum of its window.

    Examples
    --------
    >>> x = np.array([[1, 4], [3, 2]]).reshape(1, 2, 2, 1)
    >>> max_pool2d_backward(np.full((1, 1, 1, 1), 5), x, 2)[0, :, :, 0]
    array([[0., 5.],
           [0., 0.]], dtype=float32)
    """
    geometry = (pool_size, strides, padding, data_format, ceil_mode)
    return _backward("max_pool2d_backward", dy, x, geometry, out, _scatter_to_extremes)


@documented(FORWARD)
def min_pool2d(
    x: Any,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    *,
    ceil_mode: bool = False,
    out: Array | None = None,
) -> Array:
    """Smallest element of each window; NaN propagates, padding is ignored.

    Examples
    --------
    >>> x = np.array([[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]])
    >>> min_pool2d(x.reshape(1, 4, 4, 1), 2)[0, :, :, 0]
    array([[2., 1.],
           [1., 2.]], dtype=float32)
    """

    def run(inputs: Array, y: Array, s: Pool2DShape) -> None:
        max_pool2d_fwd(inputs, y, None, *_window(s), True)

    geometry = (pool_size, strides, padding, data_format, ceil_mode)
    return _forward("min_pool2d", x, geometry, out, run)


@documented(BACKWARD)
def min_pool2d_backward(
    dy: Any,
    x: Any,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    *,
    ceil_mode: bool = False,
    out: Array | None = None,
) -> Array:
    """Gradient dx of sum(dy * min_pool2d(x)): dy goes to the first minimum of its window.

    Examples
    --------
    >>> min_pool2d_backward([[[[8]]]], np.arange(4).reshape(1, 2, 2, 1), 2)[0, :, :, 0]
    array([[8., 0.],
           [0., 0.]], dtype=float32)
    """

    def run(dout: Array, inputs: Array, dx: Array, s: Pool2DShape) -> None:
        _scatter_to_extremes(dout, inputs, dx, s, least=True)

    geometry = (pool_size, strides, padding, data_format, ceil_mode)
    return _backward("min_pool2d_backward", dy, x, geometry, out, run)


@documented(FORWARD)
def avg_pool2d(
    x: Any,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    *,
    count_include_pad: bool = False,
    ceil_mode: bool = False,
    out: Array | None = None,
) -> Array:
    """Mean of each window.

    Parameters
    ----------
    count_include_pad : bool
        Whether the sum is divided by all kh * kw taps of the window, or (as in Keras) by those
        that lie inside x.

    Examples
    --------
    >>> x = np.array([[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]])
    >>> avg_pool2d(x.reshape(1, 4, 4, 1), 2)[0, :, :, 0]
    array([[3., 4.],
           [3., 4.]], dtype=float32)
    """
    include = flag(count_include_pad, "count_include_pad", "avg_pool2d")

    def run(inputs: Array, y: Array, s: Pool2DShape) -> None:
        avg_pool2d_fwd(inputs, y, *_window(s), include)

    geometry = (pool_size, strides, padding, data_format, ceil_mode)
    return _forward("avg_pool2d", x, geometry, out, run)


@documented(BACKWARD)
def avg_pool2d_backward(
    dy: Any,
    x: Any,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
    data_format: str = "channels_last",
    *,
    count_include_pad: bool = False,
    ceil_mode: bool = False,
    out: Array | None = None,
) -> Array:
    """Gradient dx of sum(dy * avg_pool2d(x)): each element of a window gets its share of dy.

    Parameters
    ----------
    x, pool_size, strides, padding, data_format, count_include_pad, ceil_mode
        As given to the pooling; of x only the shape matters.

    Examples
    --------
    >>> avg_pool2d_backward([[[[8]]]], np.zeros((1, 2, 2, 1)), 2)[0, :, :, 0]
    array([[2., 2.],
           [2., 2.]], dtype=float32)
    """
    include = flag(count_include_pad, "count_include_pad", "avg_pool2d_backward")

    def run(dout: Array, inputs: Array, dx: Array, s: Pool2DShape) -> None:
        avg_pool2d_bwd(dout, dx, *_window(s), include)

    geometry = (pool_size, strides, padding, data_format, ceil_mode)
    return _backward("avg_pool2d_backward", dy, x, geometry, out, run)


@documented(FORWARD)
def lp_pool2d(
    x: Any,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
    p: float = 2,
    data_format: str = "channels_last",
    *,
    ceil_mode: bool = False,
    out: Array | None = None,
) -> Array:
    """(sum of abs(x)**p over each window)**(1/p).

    Parameters
    ----------
    p : float
        At least 1; 2 is L2-norm pooling. Numbers whose power is a denormal count as 0.

    Examples
    --------
    >>> lp_pool2d(np.array([3.0, 4.0, 0.0, -5.0]).reshape(1, 1, 4, 1), (1, 2)).ravel()
    array([5., 5.], dtype=float32)
    """
    power = number(p, "p", "lp_pool2d", 1)

    def run(inputs: Array, y: Array, s: Pool2DShape) -> None:
        _norm(inputs, y, s, power)

    geometry = (pool_size, strides, padding, data_format, ceil_mode)
    return _forward("lp_pool2d", x, geometry, out, run)


@documented(BACKWARD)
def lp_pool2d_backward(
    dy: Any,
    x: Any,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
    p: float = 2,
    data_format: str = "channels_last",
    *,
    ceil_mode: bool = False,
    out: Array | None = None,
) -> Array:
    """Gradient dx of sum(dy * lp_pool2d(x)); 0 where a whole window is 0.

    Parameters
    ----------
    x, pool_size, strides, padding, p, data_format, ceil_mode
        As given to the pooling.

    Examples
    --------
    >>> lp_pool2d_backward([[[[10]]]], np.array([3.0, -4.0]).reshape(1, 1, 2, 1), (1, 2)).ravel()
    array([ 6., -8.], dtype=float32)
    """
    power = number(p, "p", "lp_pool2d_backward", 1)

    def run(dout: Array, inputs: Array, dx: Array, s: Pool2DShape) -> None:
        share = np.empty(s.y_shape, np.float32)
        _norm(inputs, share, s, power)
        lp_share(dout.reshape(-1), share.reshape(-1), power, share.reshape(-1))
        avg_pool2d_bwd(share, dx, *_window(s), SUM)
        lp_through(inputs.reshape(-1), power, dx.reshape(-1))
        rows, columns = s.uncovered
        if rows or columns:  # where 0 times an infinite element was NaN
            dx[:, rows], dx[:, :, columns] = 0, 0

    geometry = (pool_size, strides, padding, data_format, ceil_mode)
    return _backward("lp_pool2d_backward", dy, x, geometry, out, run)


Geometry = tuple[int | Sequence[int], int | Sequence[int] | None, Padding, str, bool]


def _forward(
    where: str,
    x: Any,
    geometry: Geometry,
    out: Array | None,
    run: Callable[[Array, Array, Pool2DShape], None],
) -> Array:
    """Check everything, then let `run` write the result: run(x, y, shape), both NHWC."""
    first, inputs, s = _shape(where, x, geometry)
    y = ImageResult(out, s.y_shape, where, first, x=x)
    run(inputs, y.nhwc, s)
    return y.deliver()


def _backward(
    where: str,
    dy: Any,
    x: Any,
    geometry: Geometry,
    out: Array | None,
    run: Callable[[Array, Array, Array, Pool2DShape], None],
) -> Array:
    """Check everything, then let `run` write the gradient: run(dy, x, dx, shape), all NHWC."""
    first, inputs, s = _shape(where, x, geometry)
    dout = image(dy, "dy", where, first)
    same_shape(dout, s.y_shape, "dy", "the output", where)
    dx = ImageResult(out, s.x_shape, where, first, dy=dy, x=x)
    run(dout, inputs, dx.nhwc, s)
    return dx.deliver()


def _shape(where: str, x: Any, geometry: Geometry) -> tuple[bool, Array, Pool2DShape]:
    """Whether the channels come first, x as NHWC, and the windows."""
    pool_size, strides, padding, data_format, ceil_mode = geometry
    first = channels_first(data_format, where)
    inputs = image(x, "x", where, first)
    with as_received(x, first):
        shape = pool2d_shape(
            inputs.shape, pool_size, strides, padding, ceil_mode=ceil_mode, where=where
        )
    return first, inputs, shape


def _window(s: Pool2DShape) -> tuple[int, int, int, int, int, int]:
    """The window as the kernels take it."""
    return s.kh, s.kw, s.sh, s.sw, s.pt, s.pl


def _scatter_to_extremes(
    dout: Array, inputs: Array, dx: Array, s: Pool2DShape, least: bool = False
) -> None:
    """dy at the first largest (or `least`) element of each window, 0 elsewhere."""
    window = s.trimmed_window
    if window[0] * window[1] > MOST_TAPS:
        raise ValueError(
            f"{'min' if least else 'max'}_pool2d_backward: windows must hold at most {MOST_TAPS} "
            f"elements of x; received pool_size {(s.kh, s.kw)}, x {s.x_shape}"
        )
    taps = np.uint8 if window[0] * window[1] <= 256 else np.int32  # as small as it can be
    y, winners = np.empty(s.y_shape, np.float32), np.empty(s.y_shape, taps)
    max_pool2d_fwd(inputs, y, winners, *window, least)
    max_pool2d_bwd(dout, winners, dx, *window)


def _norm(x: Array, y: Array, s: Pool2DShape, p: float) -> None:
    if p == 2:
        l2_pool2d_fwd(x, y, *_window(s))
        return
    powers = np.empty(s.x_shape, np.float32)
    lp_power(x.reshape(-1), p, powers.reshape(-1))
    avg_pool2d_fwd(powers, y, *_window(s), SUM)
    lp_root(y.reshape(-1), p, y.reshape(-1))
