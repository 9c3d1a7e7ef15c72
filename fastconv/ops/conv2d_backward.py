"""Gradients of a convolution over images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconv.kernels.elementwise.arithmetic import relu_bwd
from fastconv.ops._checks import Array, activation_name, same_shape, vector
from fastconv.ops._conv2d import algorithm, operands
from fastconv.ops._layout import ImageResult, channels_first, image
from fastconv.plan.algorithms import make_conv2d_kernel
from fastconv.plan.geometry.padding import Padding


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
        As given to `conv2d`. The bias matters only where there is an activation: the forward pass
        is then computed once more, to see which outputs it let through.

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
    where = "conv2d_backward"
    first = channels_first(data_format, where)
    inputs, filters, shape = operands(x, w, strides, padding, dilation, groups, first, where)
    dout = image(dy, "dy", where, first)
    same_shape(dout, shape.y_shape, "dy", "the output", where)
    bias = None if b is None else vector(b, shape.oc, "b", "filters", where)
    name, method = activation_name(activation, where), algorithm(algo, shape, where)
    data, weights = (algorithm(algo, shape, where, way) for way in ("bwd_data", "bwd_weights"))
    by_data = make_conv2d_kernel(shape, "bwd_data", data)
    by_weights = make_conv2d_kernel(shape, "bwd_weights", weights)
    dx = ImageResult(None, shape.x_shape, where, first)
    dw, db = np.empty(shape.w_shape, np.float32), np.empty(shape.oc, np.float32)
    if name != "none":
        y = np.empty(shape.y_shape, np.float32)
        forward = make_conv2d_kernel(shape, "fwd", method, activation=name)
        forward.run(inputs, filters, bias, y)
        relu_bwd(dout.reshape(-1), y.reshape(-1), y.reshape(-1))
        dout = y
    by_data.run(dout, filters, dx.nhwc)
    by_weights.run(inputs, dout, dw, db)
    return dx.deliver(), dw, db
