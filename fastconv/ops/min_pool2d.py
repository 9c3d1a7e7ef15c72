"""Min pooling over images, and its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconv.kernels.pooling.pool2d_bwd import max_pool2d_bwd
from fastconv.kernels.pooling.pool2d_fwd import max_pool2d_fwd
from fastconv.ops._checks import Array, same_shape
from fastconv.ops._layout import ImageResult, channels_first, image, pooling
from fastconv.plan.geometry.padding import Padding


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
    """Smallest element of each window; a NaN in it wins, padding never does.

    Parameters
    ----------
    x, pool_size, strides, padding, data_format, ceil_mode, out
        As for `max_pool2d`.

    Returns
    -------
    float32 array (mb, oh, ow, ic), or (mb, ic, oh, ow) with "channels_first": `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes or types do not fit, before anything is written.

    Examples
    --------
    >>> x = np.array([[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]])
    >>> min_pool2d(x.reshape(1, 4, 4, 1), 2)[0, :, :, 0]
    array([[2., 1.],
           [1., 2.]], dtype=float32)
    """
    where = "min_pool2d"
    first = channels_first(data_format, where)
    inputs = image(x, "x", where, first)
    s = pooling(x, inputs, pool_size, strides, padding, ceil_mode, first, where)
    y = ImageResult(out, s.y_shape, where, first, x=x)
    max_pool2d_fwd(inputs, y.nhwc, None, s.kh, s.kw, s.sh, s.sw, s.pt, s.pl, True)
    return y.deliver()


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
    """Gradient dx of sum(dy * min_pool2d(x)): dy goes to the first smallest of its window.

    Parameters
    ----------
    dy : array_like
        Of the shape of min_pool2d's result.
    x, pool_size, strides, padding, data_format, ceil_mode
        As given to `min_pool2d`.
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
    >>> min_pool2d_backward([[[[8]]]], np.arange(4).reshape(1, 2, 2, 1), 2)[0, :, :, 0]
    array([[8., 0.],
           [0., 0.]], dtype=float32)
    """
    where = "min_pool2d_backward"
    first = channels_first(data_format, where)
    inputs, dout = image(x, "x", where, first), image(dy, "dy", where, first)
    s = pooling(x, inputs, pool_size, strides, padding, ceil_mode, first, where)
    same_shape(dout, s.y_shape, "dy", "the output", where)
    dx = ImageResult(out, s.x_shape, where, first, dy=dy, x=x)
    taps = np.uint8 if s.kh * s.kw <= 256 else np.int32  # as small as it can be
    y, argmin = np.empty(s.y_shape, np.float32), np.empty(s.y_shape, taps)
    window = (s.kh, s.kw, s.sh, s.sw, s.pt, s.pl)
    max_pool2d_fwd(inputs, y, argmin, *window, True)
    max_pool2d_bwd(dout, argmin, dx.nhwc, *window)
    return dx.deliver()
