"""Convolution over images, forward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastconv.ops._checks import Array, activation_name, vector
from fastconv.ops._conv2d import algorithm, operands
from fastconv.ops._layout import ImageResult, channels_first
from fastconv.plan.algorithms import make_conv2d_kernel
from fastconv.plan.geometry.padding import Padding


def conv2d(
    x: Any,
    w: Any,
    b: Any = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    data_format: str = "channels_last",
    activation: str | None = None,
    algo: str = "auto",
    *,
    out: Array | None = None,
) -> Array:
    """activation(x * w + b), where * is the convolution of neural networks (no filter is turned).

    Parameters
    ----------
    x : array_like (mb, ih, iw, ic), or (mb, ic, ih, iw) with "channels_first"
    w : array_like (kh, kw, ic / groups, oc), in either layout
    b : array_like (oc,), optional
    strides, dilation : int or (rows, columns)
    padding : "valid", "same", int, (rows, columns) or ((top, bottom), (left, right))
        "same" gives ceil(size / stride) outputs; an odd row or column of it goes to the bottom or
        right.
    groups : int
        Divides ic and oc; ic groups of one channel make a depthwise convolution.
    data_format : "channels_last" or "channels_first"
        The layout of x and of the result.
    activation : None, "linear" or "relu"
    algo : "auto", "direct", "winograd", "gemm" or "depthwise"
    out : float32 array of the result's shape, optional

    Returns
    -------
    float32 array (mb, oh, ow, oc), or (mb, oc, oh, ow) with "channels_first": `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes, types or names do not fit, or `algo` cannot do this convolution; before anything
        is written.

    Examples
    --------
    >>> x, w = np.ones((1, 4, 4, 3)), np.ones((2, 2, 3, 1))
    >>> conv2d(x, w, padding="same")[0, :, :, 0]
    array([[12., 12., 12.,  6.],
           [12., 12., 12.,  6.],
           [12., 12., 12.,  6.],
           [ 6.,  6.,  6.,  3.]], dtype=float32)
    """
    where = "conv2d"
    first = channels_first(data_format, where)
    inputs, filters, shape = operands(x, w, strides, padding, dilation, groups, first, where)
    bias = None if b is None else vector(b, shape.oc, "b", "filters", where)
    name, method = activation_name(activation, where), algorithm(algo, shape, where)
    kernel = make_conv2d_kernel(shape, "fwd", method, activation=name)
    y = ImageResult(out, shape.y_shape, where, first, x=x, w=w, b=b)
    kernel.run(inputs, filters, bias, y.nhwc)
    return y.deliver()
