"""Average pooling over images, and its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastconv.kernels.pooling.pool2d_bwd import avg_pool2d_bwd
from fastconv.kernels.pooling.pool2d_fwd import avg_pool2d_fwd
from fastconv.ops._checks import Array, flag, same_shape
from fastconv.ops._layout import ImageResult, channels_first, image, pooling
from fastconv.plan.geometry.padding import Padding


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
    x, pool_size, strides, padding, data_format, ceil_mode, out
        As for `max_pool2d`.
    count_include_pad : bool
        Whether the sum is divided by all kh * kw places of the window, or (as in Keras) by those
        that lie inside x.

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
    >>> avg_pool2d(x.reshape(1, 4, 4, 1), 2)[0, :, :, 0]
    array([[3., 4.],
           [3., 4.]], dtype=float32)
    """
    where = "avg_pool2d"
    first = channels_first(data_format, where)
    include = flag(count_include_pad, "count_include_pad", where)
    inputs = image(x, "x", where, first)
    s = pooling(x, inputs, pool_size, strides, padding, ceil_mode, first, where)
    y = ImageResult(out, s.y_shape, where, first, x=x)
    avg_pool2d_fwd(inputs, y.nhwc, s.kh, s.kw, s.sh, s.sw, s.pt, s.pl, include)
    return y.deliver()


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
    dy : array_like
        Of the shape of avg_pool2d's result.
    x, pool_size, strides, padding, data_format, count_include_pad, ceil_mode
        As given to `avg_pool2d`; of x only the shape matters.
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
    >>> avg_pool2d_backward([[[[8]]]], np.zeros((1, 2, 2, 1)), 2)[0, :, :, 0]
    array([[2., 2.],
           [2., 2.]], dtype=float32)
    """
    where = "avg_pool2d_backward"
    first = channels_first(data_format, where)
    include = flag(count_include_pad, "count_include_pad", where)
    inputs, dout = image(x, "x", where, first), image(dy, "dy", where, first)
    s = pooling(x, inputs, pool_size, strides, padding, ceil_mode, first, where)
    same_shape(dout, s.y_shape, "dy", "the output", where)
    dx = ImageResult(out, s.x_shape, where, first, dy=dy, x=x)
    avg_pool2d_bwd(dout, dx.nhwc, s.kh, s.kw, s.sh, s.sw, s.pt, s.pl, include)
    return dx.deliver()
