"""Parametric ReLU, and its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.kernels.activations.prelu import prelu_bwd, prelu_fwd
from fastconv.ops._checks import Array, apart, float32, result, same_shape, vector


def prelu(x: Any, alpha: Any, *, out: Array | None = None) -> Array:
    """x, or alpha * x where x <= 0, with one alpha for each entry of the last axis.

    Parameters
    ----------
    x : array_like (..., ic)
    alpha : array_like (ic,)
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
    >>> prelu([[-1, -1], [1, 1]], [0, 0.5])
    array([[-0. , -0.5],
           [ 1. ,  1. ]], dtype=float32)

    References
    ----------
    He et al., "Delving deep into rectifiers" (2015).
    """
    inputs, slopes = _operands(x, alpha, "prelu")
    y = result(out, inputs.shape, "prelu", allow_same=True, x=x)
    if out is not None:
        apart(out, "out", "prelu", alpha=alpha)
    columns = (-1, len(slopes)) if inputs.size else (0, len(slopes))
    prelu_fwd(inputs.reshape(columns), slopes, y.reshape(columns))
    return y


def prelu_backward(dy: Any, x: Any, alpha: Any) -> tuple[Array, Array]:
    """Gradients (dx, dalpha) of sum(dy * prelu(x, alpha)).

    Parameters
    ----------
    dy, x : array_like (..., ic)
    alpha : array_like (ic,)

    Returns
    -------
    dx : float32 array of the shape of x
    dalpha : float32 array (ic,)

    Raises
    ------
    TypeError, ValueError
        If shapes or types do not fit.

    Examples
    --------
    >>> prelu_backward([[1], [1]], [[-3], [2]], [0.5])
    (array([[0.5],
           [1. ]], dtype=float32), array([-3.], dtype=float32))
    """
    where = "prelu_backward"
    dout = float32(dy, "dy", where)
    inputs, slopes = _operands(x, alpha, where)
    same_shape(dout, inputs.shape, "dy", "x", where)
    dx, dalpha = np.empty_like(inputs), np.zeros_like(slopes)
    if inputs.size:
        columns = (-1, len(slopes))
        prelu_bwd(
            dout.reshape(columns), inputs.reshape(columns), slopes, dx.reshape(columns), dalpha
        )
    return dx, dalpha


def _operands(x: Any, alpha: Any, where: str) -> tuple[Array, Array]:
    inputs = float32(x, "x", where)
    if inputs.ndim == 0:
        raise ValueError(f"{where}: x must have at least one axis; received a single number")
    return inputs, vector(alpha, inputs.shape[-1], "alpha", "channels of x", where)
