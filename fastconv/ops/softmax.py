"""Softmax over the last axis, and its gradient."""

from __future__ import annotations

from typing import Any

from fastconv.kernels.activations.softmax import softmax_bwd, softmax_fwd
from fastconv.ops._checks import Array, float32, result, same_shape


def softmax(x: Any, *, out: Array | None = None) -> Array:
    """exp(x) / sum(exp(x)) over the last axis, computed so that exp cannot overflow.

    Parameters
    ----------
    x : array_like (..., classes)
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
    >>> softmax([[0, 0, 0, 0]])
    array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """
    inputs = _classes(x, "x", "softmax")
    y = result(out, inputs.shape, "softmax", allow_same=True, x=x)
    rows = (inputs.size // inputs.shape[-1], inputs.shape[-1])
    softmax_fwd(inputs.reshape(rows), y.reshape(rows))
    return y


def softmax_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * softmax(x)), from y = softmax(x): y * (dy - sum(dy * y)).

    Parameters
    ----------
    dy, y : array_like (..., classes)
    out : float32 array of that shape, optional
        It may be dy or y itself.

    Returns
    -------
    float32 array: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes or types do not fit, before anything is written.

    Examples
    --------
    >>> softmax_backward([[1, 0]], [[0.5, 0.5]])
    array([[ 0.25, -0.25]], dtype=float32)
    """
    where = "softmax_backward"
    dout, outputs = _classes(dy, "dy", where), _classes(y, "y", where)
    same_shape(dout, outputs.shape, "dy", "y", where)
    dx = result(out, outputs.shape, where, allow_same=True, dy=dy, y=y)
    rows = (dout.size // dout.shape[-1], dout.shape[-1])
    softmax_bwd(dout.reshape(rows), outputs.reshape(rows), dx.reshape(rows))
    return dx


def _classes(x: Any, what: str, where: str) -> Array:
    """`x` with at least one axis, which is not empty."""
    array = float32(x, what, where)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(
            f"{where}: {what} must have a last axis of at least one class; "
            f"received shape {array.shape}"
        )
    return array
