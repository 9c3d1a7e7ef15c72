"""Elementwise operations: scale and offset, bias, dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import is_whole, shown
from fastconv.kernels.elementwise.arithmetic import affine as affine_kernel
from fastconv.kernels.elementwise.arithmetic import affine_u8
from fastconv.kernels.elementwise.arithmetic import bias_add as add_kernel
from fastconv.kernels.elementwise.arithmetic import bias_grad as grad_kernel
from fastconv.kernels.elementwise.dropout import dropout_bwd, dropout_fwd
from fastconv.ops._checks import Array, empty, float32, number, real_array, result, vector
from fastconv.ops._docs import LIKE_X, documented

__all__ = ["affine", "bias_add", "bias_grad", "dropout", "dropout_backward"]


@documented(LIKE_X)
def affine(x: Any, scale: float, offset: float = 0, *, out: Array | None = None) -> Array:
    """x * scale + offset; uint8 images are read as they are.

    Parameters
    ----------
    scale, offset : float

    Examples
    --------
    >>> affine(np.array([0, 64, 128], np.uint8), 1 / 256)
    array([0.  , 0.25, 0.5 ], dtype=float32)
    """
    where = "affine"
    array = real_array(x, "x", where)
    factor, term = number(scale, "scale", where), number(offset, "offset", where)
    y = result(out, array.shape, where, in_place=("x",), x=x)
    if array.dtype == np.uint8:
        affine_u8(np.ravel(array), y.reshape(-1), factor, term)
    else:
        affine_kernel(float32(array, "x", where).reshape(-1), y.reshape(-1), factor, term)
    return y


@documented(LIKE_X)
def bias_add(x: Any, b: Any, *, out: Array | None = None) -> Array:
    """x + b, one number of b for each entry of the last axis of x.

    Parameters
    ----------
    x : array_like (..., oc)
    b : array_like (oc,)

    Examples
    --------
    >>> bias_add([[1, 2], [3, 4]], [10, 20])
    array([[11., 22.],
           [13., 24.]], dtype=float32)
    """
    inputs = _channels(x, "x", "bias_add")
    oc = inputs.shape[-1]
    bias = vector(b, oc, "b", "channels of x", "bias_add")
    y = result(out, inputs.shape, "bias_add", in_place=("x",), x=x, b=b)
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
    db = empty((oc,), "bias_grad")
    db[...] = 0
    if dout.size:
        grad_kernel(dout.reshape(-1, oc), db)
    return db


def _channels(x: Any, what: str, where: str) -> Array:
    """`x` with at least one axis."""
    array = float32(x, what, where)
    if array.ndim == 0:
        raise ValueError(f"{where}: {what} must have at least one axis; received a single number")
    return array


@documented(LIKE_X)
def dropout(x: Any, rate: float, seed: int, step: int = 0, *, out: Array | None = None) -> Array:
    """x / (1 - rate) where the mask keeps an element, 0 elsewhere.

    The mask is `fastconv.reference.dropout_mask`: the same on every machine and for any number of
    threads.

    Parameters
    ----------
    rate : float
        The share of elements to drop, at least 0 and less than 1.
    seed, step : int
        At least 0 and less than 2**64.

    Examples
    --------
    >>> dropout(np.ones(8), 0.5, seed=3)
    array([2., 0., 2., 2., 0., 2., 0., 2.], dtype=float32)
    """
    inputs, share = float32(x, "x", "dropout"), number(rate, "rate", "dropout", 0, 1)
    key, counter = _word(seed, "seed", "dropout"), _word(step, "step", "dropout")
    y = result(out, inputs.shape, "dropout", in_place=("x",), x=x)
    dropout_fwd(inputs.reshape(-1), y.reshape(-1), share, key, counter)
    return y


@documented(LIKE_X)
def dropout_backward(
    dy: Any, rate: float, seed: int, step: int = 0, *, out: Array | None = None
) -> Array:
    """Gradient dx of sum(dy * dropout(x, rate, seed, step)).

    Parameters
    ----------
    dy : array_like of any shape
    rate, seed, step
        As given to `dropout`.
    out : float32 array of the shape of dy, optional
        It may be dy itself.

    Returns
    -------
    float32 array of the shape of dy: `out` if given.

    Examples
    --------
    >>> dropout_backward(np.ones(8), 0.5, seed=3)
    array([2., 0., 2., 2., 0., 2., 0., 2.], dtype=float32)
    """
    where = "dropout_backward"
    dout, share = float32(dy, "dy", where), number(rate, "rate", where, 0, 1)
    key, counter = _word(seed, "seed", where), _word(step, "step", where)
    dx = result(out, dout.shape, where, in_place=("dy",), dy=dy)
    dropout_bwd(dout.reshape(-1), dx.reshape(-1), share, key, counter)
    return dx


def _word(value: Any, what: str, where: str) -> int:
    """`value` as an integer from 0 to 2**64 - 1."""
    if not is_whole(value):
        raise TypeError(f"{where}: {what} must be a whole number; received {shown(value)}")
    if not 0 <= int(value) < 2**64:
        raise ValueError(
            f"{where}: {what} must be at least 0 and below 2**64; received {shown(value)}"
        )
    return int(value)
