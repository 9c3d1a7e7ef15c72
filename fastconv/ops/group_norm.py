"""Group normalisation, and its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_int
from fastconv.kernels.normalization.channel_norm_bwd import channel_norm_bwd
from fastconv.kernels.normalization.channel_norm_fwd import channel_norm_fwd, moments
from fastconv.ops._checks import Array, float32, result, same_shape
from fastconv.ops._normalization import inverse, per_channel, with_channels


def group_norm(
    x: Any,
    groups: int,
    gamma: Any = None,
    beta: Any = None,
    epsilon: float = 1e-3,
    *,
    out: Array | None = None,
) -> Array:
    """Each sample's groups of neighbouring channels at mean 0 and variance 1 over all places.

    Parameters
    ----------
    x : array_like (mb, ..., c)
    groups : int
        Divides c.
    gamma, beta : array_like (c,), optional
        A factor and an offset for each channel afterwards; ones and zeros by default.
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
    >>> group_norm([[1, 3, 10, 40]], 2, epsilon=0)
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """
    where = "group_norm"
    inputs, cube, mean, inv = _statistics(x, groups, epsilon, where)
    factors = per_channel(gamma, 1, inputs, "gamma", where)
    offsets = per_channel(beta, 0, inputs, "beta", where)
    y = result(out, inputs.shape, where, allow_same=True, x=x)
    channel_norm_fwd(cube, mean, inv, factors, offsets, y.reshape(cube.shape))
    return y


def group_norm_backward(
    dy: Any, x: Any, groups: int, gamma: Any = None, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """Gradients of sum(dy * group_norm(x, groups, gamma, beta)).

    Parameters
    ----------
    dy, x : array_like (mb, ..., c)
    groups : int
        Divides c.
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
    >>> group_norm_backward([[1, 0]], [[1, 3]], 1, epsilon=0)[1:]
    (array([-1.,  0.], dtype=float32), array([1., 0.], dtype=float32))
    """
    where = "group_norm_backward"
    inputs, cube, mean, inv = _statistics(x, groups, epsilon, where)
    dout = float32(dy, "dy", where)
    same_shape(dout, inputs.shape, "dy", "x", where)
    factors = per_channel(gamma, 1, inputs, "gamma", where)
    dx, dgamma, dbeta = np.empty_like(cube), np.empty_like(factors), np.empty_like(factors)
    zeros = np.zeros_like(factors)
    channel_norm_bwd(
        dout.reshape(cube.shape), cube, mean, inv, factors, zeros, groups, False, dx, dgamma, dbeta
    )
    return dx.reshape(inputs.shape), dgamma, dbeta


def _statistics(x: Any, groups: int, epsilon: Any, where: str) -> tuple[Array, Array, Array, Array]:
    """x, x as (mb, places, c), and each sample's means and factors."""
    inputs = with_channels(x, where)
    number = as_int(groups, "groups", where=where)
    mb, c = inputs.shape[0], inputs.shape[-1]
    if c % number:
        raise ValueError(
            f"{where}: groups must divide the channels of x; "
            f"received groups {groups}, x {inputs.shape}"
        )
    if not inputs.size:
        raise ValueError(f"{where}: x must not be empty; received shape {inputs.shape}")
    cube = inputs.reshape(mb, -1, c)
    mean, variance = np.empty((mb, c), np.float32), np.empty((mb, c), np.float32)
    moments(cube, number, mean, variance)
    return inputs, cube, mean, inverse(variance, epsilon, where)
