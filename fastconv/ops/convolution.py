"""Convolution over images, forward and backward: full, in groups, depthwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconv._arguments import check_choice
from fastconv.kernels.elementwise.arithmetic import relu_bwd
from fastconv.ops._checks import (
    Array,
    ImageResult,
    activation_name,
    as_received,
    channels_first,
    float32,
    image,
    same_shape,
    vector,
)
from fastconv.plan.algorithms import conv2d_algorithm, make_conv2d_kernel
from fastconv.plan.geometry.padding import Padding
from fastconv.plan.geometry.shapes import Conv2DShape, conv2d_shape
from fastconv.plan.live_taps import Pass

__all__ = ["conv2d", "conv2d_backward", "depthwise_conv2d", "depthwise_conv2d_backward"]

ALGORITHMS = ("auto", "direct", "winograd", "gemm", "depthwise")


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
    """activation(x * w + b), where * is convolution as in neural networks (filters not flipped).

    Parameters
    ----------
    x : array_like (mb, ih, iw, ic), or (mb, ic, ih, iw) with "channels_first"
    w : array_like (kh, kw, ic / groups, oc), in either layout
    b : array_like (oc,), optional
    strides, dilation : int or (rows, columns)
    padding : "valid", "same", int, (rows, columns) or ((top, bottom), (left, right))
        "same" gives ceil(size / stride) outputs; an odd row or column of padding is at the
        bottom or right.
    groups : int
        Divides ic and oc; ic groups of one channel make a depthwise convolution.
    data_format : "channels_last" or "channels_first"
        The layout of x and of the result.
    activation : None, "linear" or "relu"
    algo : "auto", "direct", "winograd", "gemm" or "depthwise"
        "auto" takes the fastest. "direct" computes every convolution; "winograd" those whose window
        is at least as large as the strides and has two taps or more, without dilation and groups,
        and rounds a little more; "gemm" windows of 1x1 with stride 1, or of x's size, without
        padding and groups; "depthwise" those with a group for each channel of x and of y.
    out : float32 array of the result's shape, optional

    Returns
    -------
    float32 array (mb, oh, ow, oc), or (mb, oc, oh, ow) with "channels_first": `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes, types or names do not fit, or `algo` does not support this convolution; before
        anything is written.

    Examples
    --------
    >>> x, w = np.ones((1, 4, 4, 3)), np.ones((2, 2, 3, 1))
    >>> conv2d(x, w, padding="same")[0, :, :, 0]
    array([[12., 12., 12.,  6.],
           [12., 12., 12.,  6.],
           [12., 12., 12.,  6.],
           [ 6.,  6.,  6.,  3.]], dtype=float32)
    """
    geometry = (strides, padding, dilation, groups, data_format)
    return _forward("conv2d", x, w, b, geometry, activation, algo, out, w)


def conv2d_backward(
    dy: Any,
    x: Any,
    w: Any,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    data_format: str = "channels_last",
    activation: str | None = None,
    algo: str = "auto",
    *,
    b: Any = None,
) -> tuple[Array, Array, Array]:
    """Gradients (dx, dw, db) of sum(dy * conv2d(x, w, b, ...)).

    Parameters
    ----------
    dy : array_like
        Of the shape of conv2d's result.
    x, w, strides, padding, dilation, groups, data_format, algo
        As given to `conv2d`.
    activation, b
        As given to `conv2d`. The bias matters only with an activation: the forward pass is then
        computed once more, since the gradient depends on the output's sign.

    Returns
    -------
    dx, dw, db : float32 arrays
        Of the shapes of x, w, and (oc,).

    Raises
    ------
    TypeError, ValueError
        As `conv2d`.

    Examples
    --------
    >>> x, w = np.ones((1, 2, 2, 1)), np.full((1, 2, 1, 1), 3)
    >>> dx, dw, db = conv2d_backward(np.ones((1, 2, 1, 1)), x, w)
    >>> dx.ravel(), dw.ravel(), db
    (array([3., 3., 3., 3.], dtype=float32), array([2., 2.], dtype=float32), array([2.], dtype=float32))
    """  # noqa: E501
    geometry = (strides, padding, dilation, groups, data_format)
    return _backward("conv2d_backward", dy, x, w, b, geometry, activation, algo)


def depthwise_conv2d(
    x: Any,
    w: Any,
    b: Any = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    data_format: str = "channels_last",
    activation: str | None = None,
    *,
    out: Array | None = None,
) -> Array:
    """Convolve each channel with separate filters: `conv2d` with a group for each channel.

    Parameters
    ----------
    x : array_like (mb, ih, iw, ic), or (mb, ic, ih, iw) with "channels_first"
    w : array_like (kh, kw, ic, multiplier), in either layout
        Output c * multiplier + m is channel c under filter m.
    b : array_like (ic * multiplier,), optional
    strides, padding, dilation, data_format, activation, out
        As for `conv2d`.

    Returns
    -------
    float32 array (mb, oh, ow, ic * multiplier), or (mb, ic * multiplier, oh, ow) with
    "channels_first": `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes, types or names do not fit, before anything is written.

    Examples
    --------
    >>> x = np.arange(8).reshape(1, 2, 2, 2)
    >>> depthwise_conv2d(x, np.ones((2, 2, 2, 1))).ravel()
    array([12., 16.], dtype=float32)
    """
    where = "depthwise_conv2d"
    grouped, groups = _as_groups(w, where)
    geometry = (strides, padding, dilation, groups, data_format)
    return _forward(where, x, grouped, b, geometry, activation, "auto", out, w)


def depthwise_conv2d_backward(
    dy: Any,
    x: Any,
    w: Any,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    data_format: str = "channels_last",
    activation: str | None = None,
    *,
    b: Any = None,
) -> tuple[Array, Array, Array]:
    """Gradients (dx, dw, db) of sum(dy * depthwise_conv2d(x, w, b, ...)).

    Parameters
    ----------
    dy : array_like
        Of the shape of depthwise_conv2d's result.
    x, w, strides, padding, dilation, data_format, activation, b
        As given to `depthwise_conv2d`.

    Returns
    -------
    dx, dw, db : float32 arrays
        Of the shapes of x, w, and (ic * multiplier,).

    Raises
    ------
    TypeError, ValueError
        As `depthwise_conv2d`.

    Examples
    --------
    >>> x, w = np.ones((1, 2, 2, 1)), np.full((1, 2, 1, 1), 3.0)
    >>> dx, dw, db = depthwise_conv2d_backward(np.ones((1, 2, 1, 1)), x, w)
    >>> dx.ravel(), dw.ravel()
    (array([3., 3., 3., 3.], dtype=float32), array([2., 2.], dtype=float32))
    """
    where = "depthwise_conv2d_backward"
    grouped, groups = _as_groups(w, where)
    geometry = (strides, padding, dilation, groups, data_format)
    dx, dw, db = _backward(where, dy, x, grouped, b, geometry, activation, "auto")
    kh, kw, _, filters = dw.shape
    return dx, dw.reshape(kh, kw, groups, filters // groups), db


Geometry = tuple[int | Sequence[int], Padding, int | Sequence[int], int, str]


def _forward(
    where: str,
    x: Any,
    w: Any,
    b: Any,
    geometry: Geometry,
    activation: str | None,
    algo: str,
    out: Array | None,
    given: Any,
) -> Array:
    """A convolution in the name `where`; `given` are the filters as the caller gave them."""
    first = channels_first(geometry[-1], where)
    inputs, filters, shape = _operands(x, w, geometry, first, where)
    bias = None if b is None else vector(b, shape.oc, "b", "filters", where)
    name, method = activation_name(activation, where), _algorithm(algo, shape, where)
    kernel = make_conv2d_kernel(shape, "fwd", method, activation=name, where=where)
    y = ImageResult(out, shape.y_shape, where, first, x=x, w=given, b=b)
    kernel.run(inputs, filters, bias, y.nhwc)
    return y.deliver()


def _backward(
    where: str,
    dy: Any,
    x: Any,
    w: Any,
    b: Any,
    geometry: Geometry,
    activation: str | None,
    algo: str,
) -> tuple[Array, Array, Array]:
    """The gradients of a convolution in the name `where`."""
    first = channels_first(geometry[-1], where)
    inputs, filters, shape = _operands(x, w, geometry, first, where)
    dout = image(dy, "dy", where, first)
    same_shape(dout, shape.y_shape, "dy", "the output", where)
    bias = None if b is None else vector(b, shape.oc, "b", "filters", where)
    name, method = activation_name(activation, where), _algorithm(algo, shape, where)
    data, weights = (_algorithm(algo, shape, where, way) for way in ("bwd_data", "bwd_weights"))
    by_data = make_conv2d_kernel(shape, "bwd_data", data, where=where)
    by_weights = make_conv2d_kernel(shape, "bwd_weights", weights, where=where)
    dx = ImageResult(None, shape.x_shape, where, first)
    dw, db = np.empty(shape.w_shape, np.float32), np.empty(shape.oc, np.float32)
    if name != "none":
        y = np.empty(shape.y_shape, np.float32)
        forward = make_conv2d_kernel(shape, "fwd", method, activation=name, where=where)
        forward.run(inputs, filters, bias, y)
        relu_bwd(dout.reshape(-1), y.reshape(-1), y.reshape(-1))
        dout = y
    by_data.run(dout, filters, dx.nhwc)
    by_weights.run(inputs, dout, dw, db)
    return dx.deliver(), dw, db


def _as_groups(w: Any, where: str) -> tuple[Array, int]:
    """(kh, kw, ic, multiplier) as (kh, kw, 1, ic * multiplier), and ic."""
    filters = float32(w, "w", where, "(kh, kw, ic, multiplier)")
    kh, kw, ic, multiplier = filters.shape
    return filters.reshape(kh, kw, 1, ic * multiplier), ic


def _operands(
    x: Any,
    w: Any,
    geometry: Geometry,
    first: bool,
    where: str,
) -> tuple[Array, Array, Conv2DShape]:
    """x as NHWC, w as HWIO, and the geometry of their convolution."""
    inputs = image(x, "x", where, first)
    filters = float32(w, "w", where, "(kh, kw, ic/groups, oc)")
    with as_received(x, first):
        shape = conv2d_shape(inputs.shape, filters.shape, *geometry[:-1], where=where)
    return inputs, filters, shape


def _algorithm(algo: Any, s: Conv2DShape, where: str, direction: Pass = "fwd") -> str:
    """`algo`, or what "auto" stands for; a kernel raises if it does not support the shape."""
    name = check_choice(algo, ALGORITHMS, where=where, what="algo")
    return conv2d_algorithm(s, direction) if name == "auto" else name
