"""Bias: one number for each channel, and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.kernels.elementwise.arithmetic import bias_add as add_kernel
from fastconv.kernels.elementwise.arithmetic import bias_grad as grad_kernel
from fastconv.ops._checks import Array, apart, float32, result, vector


def bias_add(x: Any, b: Any, *, out: Array | None = None) -> Array:
    """x + b, one number of b for each entry of the last axis of x.

    Parameters
    ----------
    x : array_like (..., oc)
    b : array_like (oc,)
    out : float32 array of the shape of x, optional
        It may be x itself.

    Returns
    -------
    float32 array of the shape of x: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes or types do not fit, before anything is written.

    Examples
    --------
    >>> bias_add([[1, 2], [3, 4]], [10, 20])
    array([[11., 22.],
           [13., 24.]], dtype=float32)
    """
    inputs = _channels(x, "x", "bias_add")
    oc = inputs.shape[-1]
    bias = vector(b, oc, "b", "channels of x", "bias_add")
    y = result(out, inputs.shape, "bias_add", allow_same=True, x=x)
    if out is not None:
        apart(out, "out", "bias_add", b=b)
    if inputs.size:
        add_kernel(inputs.reshape(-1, oc), bias, y.reshape(-1, oc))
    return y


def bias_grad(dy: Any) -> Array:
    """Gradient db of sum(dy * bias_add(x, b)): the sum of dy over all axes but the last.

    Parameters
    ----------
    dy : array_like (..., oc)

    Returns
    -------
    float32 array (oc,)

    Raises
    ------
    TypeError, ValueError
        If dy does not hold real numbers, or has no axis.

    Examples
    --------
    >>> bias_grad([[1, 2], [3, 4]])
    array([4., 6.], dtype=float32)
    """
    dout = _channels(dy, "dy", "bias_grad")
    oc = dout.shape[-1]
    db = np.zeros(oc, np.float32)
    if dout.size:
        grad_kernel(dout.reshape(-1, oc), db)
    return db


def _channels(x: Any, what: str, where: str) -> Array:
    """`x` with at least one axis."""
    array = float32(x, what, where)
    if array.ndim == 0:
        raise ValueError(f"{where}: {what} must have at least one axis; received a single number")
    return array
