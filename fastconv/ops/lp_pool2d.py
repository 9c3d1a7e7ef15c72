"""Lp pooling over images (p = 2: the L2 norm of each window), and its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconv.kernels.pooling.pool2d_bwd import avg_pool2d_bwd
from fastconv.kernels.pooling.pool2d_fwd import avg_pool2d_fwd
from fastconv.kernels.pooling.pool2d_lp import (
    l2_pool2d_fwd,
    lp_power,
    lp_root,
    lp_share,
    lp_through,
)
from fastconv.ops._checks import Array, number, same_shape
from fastconv.ops._layout import ImageResult, channels_first, image, pooling
from fastconv.plan.geometry.padding import Padding
from fastconv.plan.geometry.shapes import Pool2DShape

SUM = 2  # the divisor of a sum that is not divided


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
    x, pool_size, strides, padding, data_format, ceil_mode, out
        As for `max_pool2d`.
    p : float
        At least 1; 2 is L2-norm pooling.

    Returns
    -------
    float32 array (mb, oh, ow, ic), or (mb, ic, oh, ow) with "channels_first": `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes or types do not fit, before anything is written.

    Examples
    --------
    >>> lp_pool2d(np.array([3.0, 4.0, 0.0, -5.0]).reshape(1, 1, 4, 1), (1, 2)).ravel()
    array([5., 5.], dtype=float32)
    """
    where = "lp_pool2d"
    first, power = channels_first(data_format, where), number(p, "p", where, 1)
    inputs = image(x, "x", where, first)
    s = pooling(x, inputs, pool_size, strides, padding, ceil_mode, first, where)
    y = ImageResult(out, s.y_shape, where, first, x=x)
    _forward(inputs, y.nhwc, s, power)
    return y.deliver()


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
    dy : array_like
        Of the shape of lp_pool2d's result.
    x, pool_size, strides, padding, p, data_format, ceil_mode
        As given to `lp_pool2d`.
    out : float32 array of the shape of x, optional

    Returns
    -------
    float32 array of the shape of x: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes or types do not fit, before anything is written.

    Examples
    --------
    >>> lp_pool2d_backward([[[[10]]]], np.array([3.0, -4.0]).reshape(1, 1, 2, 1), (1, 2)).ravel()
    array([ 6., -8.], dtype=float32)
    """
    where = "lp_pool2d_backward"
    first, power = channels_first(data_format, where), number(p, "p", where, 1)
    inputs, dout = image(x, "x", where, first), image(dy, "dy", where, first)
    s = pooling(x, inputs, pool_size, strides, padding, ceil_mode, first, where)
    same_shape(dout, s.y_shape, "dy", "the output", where)
    dx = ImageResult(out, s.x_shape, where, first, dy=dy, x=x)
    share = np.empty(s.y_shape, np.float32)
    _forward(inputs, share, s, power)
    lp_share(dout.reshape(-1), share.reshape(-1), power, share.reshape(-1))
    avg_pool2d_bwd(share, dx.nhwc, s.kh, s.kw, s.sh, s.sw, s.pt, s.pl, SUM)
    lp_through(inputs.reshape(-1), power, dx.nhwc.reshape(-1))
    return dx.deliver()


def _forward(x: Array, y: Array, s: Pool2DShape, p: float) -> None:
    window = (s.kh, s.kw, s.sh, s.sw, s.pt, s.pl)
    if p == 2:
        l2_pool2d_fwd(x, y, *window)
        return
    powers = np.empty(s.x_shape, np.float32)
    lp_power(x.reshape(-1), p, powers.reshape(-1))
    avg_pool2d_fwd(powers, y, *window, SUM)
    lp_root(y.reshape(-1), p, y.reshape(-1))
