"""Batch normalisation, and its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.kernels.normalization.channel_norm_bwd import channel_norm_bwd
from fastconv.kernels.normalization.channel_norm_fwd import channel_norm_fwd
from fastconv.kernels.normalization.channel_norm_fwd import moments as moments_kernel
from fastconv.ops._checks import Array, float32, result, same_shape
from fastconv.ops._normalization import inverse, per_channel, with_channels


def moments(x: Any) -> tuple[Array, Array]:
    """Mean and variance over all axes but the last.

    Parameters
    ----------
    x : array_like (..., c), not empty

    Returns
    -------
    mean, variance : float32 arrays (c,)
        The variance is that of the numbers themselves (divided by how many there are).

    Raises
    ------
    TypeError, ValueError
        If x does not hold real numbers, is empty, or has fewer than two axes.

    Examples
    --------
    >>> moments([[1, 5], [3, 5]])
    (array([2., 5.], dtype=float32), array([1., 0.], dtype=float32))
    """
    inputs = with_channels(x, "moments")
    if not inputs.size:
        raise ValueError(f"moments: x must not be empty; received shape {inputs.shape}")
    c = inputs.shape[-1]
    mean, variance = np.empty((1, c), np.float32), np.empty((1, c), np.float32)
    moments_kernel(inputs.reshape(1, -1, c), c, mean, variance)
    return mean[0], variance[0]


def batch_norm(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    mean: Any = None,
    variance: Any = None,
    epsilon: float = 1e-3,
    *,
    out: Array | None = None,
) -> Array:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, one of each for a channel.

    Parameters
    ----------
    x : array_like (..., c)
    gamma, beta : array_like (c,), optional
        Ones and zeros by default.
    mean, variance : array_like (c,), optional
        By default those of x; see `moments`.
    epsilon : float
        At least 0.
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
    >>> batch_norm([[0], [2]], epsilon=0)
    array([[-1.],
           [ 1.]], dtype=float32)
    """
    where = "batch_norm"
    inputs = with_channels(x, where)
    factors, offsets = (
        per_channel(gamma, 1, inputs, "gamma", where),
        per_channel(beta, 0, inputs, "beta", where),
    )
    if (mean is None) != (variance is None):
        raise ValueError(f"{where}: mean and variance are given together; received one of them")
    if mean is not None:
        m = per_channel(mean, 0, inputs, "mean", where)
        v = per_channel(variance, 1, inputs, "variance", where)
    inv = None if mean is None else inverse(v, epsilon, where)
    y = result(out, inputs.shape, where, allow_same=True, x=x)
    if inv is None:
        m, v = moments(inputs)
        inv = inverse(v, epsilon, where)
    cube = (1, inputs.size // inputs.shape[-1], inputs.shape[-1])
    channel_norm_fwd(inputs.reshape(cube), m[None], inv[None], factors, offsets, y.reshape(cube))
    return y


def batch_norm_backward(
    dy: Any, x: Any, gamma: Any = None, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """Gradients of sum(dy * batch_norm(x, gamma, beta)) with the mean and variance of x.

    Parameters
    ----------
    dy, x : array_like (..., c)
    gamma : array_like (c,), optional
        Ones by default.
    epsilon : float
        At least 0.

    Returns
    -------
    dx : float32 array of the shape of x
    dgamma, dbeta : float32 arrays (c,)

    Raises
    ------
    TypeError, ValueError
        If shapes or types do not fit.

    Examples
    --------
    >>> dx, dgamma, dbeta = batch_norm_backward([[1], [0], [0]], [[-1], [0], [1]], epsilon=0)
    >>> dgamma.round(4), dbeta
    (array([-1.2247], dtype=float32), array([1.], dtype=float32))
    """
    where = "batch_norm_backward"
    inputs, dout = with_channels(x, where), float32(dy, "dy", where)
    same_shape(dout, inputs.shape, "dy", "x", where)
    factors = per_channel(gamma, 1, inputs, "gamma", where)
    mean, variance = moments(inputs)
    inv = inverse(variance, epsilon, where)
    c = len(factors)
    dx, dgamma, dbeta = np.empty_like(inputs), np.empty_like(factors), np.empty_like(factors)
    cube = (1, -1, c)
    channel_norm_bwd(
        dout.reshape(cube),
        inputs.reshape(cube),
        mean[None],
        inv[None],
        factors,
        np.zeros(c, np.float32),
        c,
        False,
        dx.reshape(cube),
        dgamma,
        dbeta,
    )
    return dx, dgamma, dbeta
