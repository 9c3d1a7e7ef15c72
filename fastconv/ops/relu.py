"""Rectified linear unit, and its gradient."""

from __future__ import annotations

from typing import Any

from fastconv.kernels.elementwise.arithmetic import relu_bwd, relu_fwd
from fastconv.ops._checks import Array, float32, result, same_shape


def relu(x: Any, *, out: Array | None = None) -> Array:
    """max(x, 0); NaN stays NaN.

    Parameters
    ----------
    x : array_like of any shape
    out : float32 array of the shape of x, optional
        It may be x itself.

    Returns
    -------
    float32 array of the shape of x: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If types do not fit, or `out` cannot take the result; before anything is written.

    Examples
    --------
    >>> relu([-1, 0, 2])
    array([0., 0., 2.], dtype=float32)
    """
    inputs = float32(x, "x", "relu")
    y = result(out, inputs.shape, "relu", allow_same=True, x=x)
    relu_fwd(inputs.reshape(-1), y.reshape(-1))
    return y


def relu_backward(dy: Any, y: Any, *, out: Array | None = None) -> Array:
    """Gradient dx of sum(dy * relu(x)), from y = relu(x) (or x itself): dy, but 0 where y <= 0.

    Parameters
    ----------
    dy, y : array_like of one shape
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
    >>> relu_backward([5, 6, 7], relu([-1, 0, 2]))
    array([0., 0., 7.], dtype=float32)
    """
    where = "relu_backward"
    dout, outputs = float32(dy, "dy", where), float32(y, "y", where)
    same_shape(dout, outputs.shape, "dy", "y", where)
    dx = result(out, outputs.shape, where, allow_same=True, dy=dy, y=y)
    relu_bwd(dout.reshape(-1), outputs.reshape(-1), dx.reshape(-1))
    return dx
