"""Layer normalisation over the last axis, and its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.kernels.normalization.layer_norm import layer_norm_bwd, layer_norm_fwd, row_moments
from fastconv.ops._checks import Array, float32, result, same_shape
from fastconv.ops._normalization import inverse, per_channel, with_channels


def layer_norm(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    epsilon: float = 1e-3,
    *,
    out: Array | None = None,
) -> Array:
    """The last axis at mean 0 and variance 1, times gamma, plus beta.

    Parameters
    ----------
    x : array_like (..., n)
    gamma, beta : array_like (n,), optional
        Ones and zeros by default.
    epsilon : float
        At least 0; added to the variance.
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
    >>> layer_norm([[1, 3], [10, 40]], epsilon=0)
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """
    where = "layer_norm"
    inputs, rows, mean, inv = _statistics(x, epsilon, where)
    factors = per_channel(gamma, 1, inputs, "gamma", where)
    offsets = per_channel(beta, 0, inputs, "beta", where)
    y = result(out, inputs.shape, where, allow_same=True, x=x)
    layer_norm_fwd(rows, mean, inv, factors, offsets, y.reshape(rows.shape))
    return y


def layer_norm_backward(
    dy: Any, x: Any, gamma: Any = None, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """Gradients of sum(dy * layer_norm(x, gamma, beta)).

    Parameters
    ----------
    dy, x : array_like (..., n)
    gamma : array_like (n,), optional
        Ones by default.
    epsilon : float
        At least 0.

    Returns
    -------
    dx : float32 array of the shape of x
    dgamma, dbeta : float32 arrays (n,)

    Raises
    ------
    TypeError, ValueError
        If shapes or types do not fit.

    Examples
    --------
    >>> layer_norm_backward([[1, 0]], [[1, 3]], epsilon=0)[1:]
    (array([-1.,  0.], dtype=float32), array([1., 0.], dtype=float32))
    """
    where = "layer_norm_backward"
    inputs, rows, mean, inv = _statistics(x, epsilon, where)
    dout = float32(dy, "dy", where)
    same_shape(dout, inputs.shape, "dy", "x", where)
    factors = per_channel(gamma, 1, inputs, "gamma", where)
    dx, dgamma, dbeta = np.empty_like(rows), np.empty_like(factors), np.empty_like(factors)
    layer_norm_bwd(dout.reshape(rows.shape), rows, mean, inv, factors, dx, dgamma, dbeta)
    return dx.reshape(inputs.shape), dgamma, dbeta


def _statistics(x: Any, epsilon: Any, where: str) -> tuple[Array, Array, Array, Array]:
    """x, x as rows, and each row's mean and factor."""
    inputs = with_channels(x, where, 1)
    n = inputs.shape[-1]
    rows = inputs.reshape(inputs.size // n, n)
    mean, variance = np.empty(len(rows), np.float32), np.empty(len(rows), np.float32)
    row_moments(rows, mean, variance)
    return inputs, rows, mean, inverse(variance, epsilon, where)
