"""Batch, group and layer normalization, and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_int
from fastconv.kernels.normalization.channel_norm_bwd import channel_norm_bwd
from fastconv.kernels.normalization.channel_norm_fwd import channel_norm_fwd
from fastconv.kernels.normalization.channel_norm_fwd import moments as moments_kernel
from fastconv.kernels.normalization.layer_norm import layer_norm_bwd, layer_norm_fwd, row_moments
from fastconv.ops._checks import Array, float32, number, result, same_shape, vector
from fastconv.ops._docs import LIKE_X, documented

__all__ = [
    "batch_norm",
    "batch_norm_backward",
    "group_norm",
    "group_norm_backward",
    "layer_norm",
    "layer_norm_backward",
    "moments",
]

FORWARD = """
Parameters
----------
x : array_like (..., c)
gamma, beta : array_like (c,), optional
    Scale and offset of each channel, applied last; ones and zeros by default.
epsilon : float
    At least 0; added to the variance.
"""
BACKWARD = """
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
"""


def moments(x: Any) -> tuple[Array, Array]:
    """Mean and variance over all axes but the last.

    Parameters
    ----------
    x : array_like (..., c), not empty

    Returns
    -------
    mean, variance : float32 arrays (c,)
        The variance is the biased one: divided by the number of elements.

    Raises
    ------
    TypeError, ValueError
        If x does not hold real numbers, is empty, or has fewer than two axes.

    Examples
    --------
    >>> moments([[1, 5], [3, 5]])
    (array([2., 5.], dtype=float32), array([1., 0.], dtype=float32))
    """
    return _moments(_with_channels(x, "moments"), "moments")


def _moments(inputs: Array, where: str) -> tuple[Array, Array]:
    """`moments` of what has channels, in the name `where`."""
    if not inputs.size:
        raise ValueError(f"{where}: x must not be empty; received shape {inputs.shape}")
    c = inputs.shape[-1]
    mean, variance = np.empty((1, c), np.float32), np.empty((1, c), np.float32)
    moments_kernel(inputs.reshape(1, -1, c), c, mean, variance)
    return mean[0], variance[0]


@documented(LIKE_X, FORWARD)
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
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, channel by channel.

    Parameters
    ----------
    mean, variance : array_like (c,), optional
        By default those of x; see `moments`.

    Examples
    --------
    >>> batch_norm([[0], [2]], epsilon=0)
    array([[-1.],
           [ 1.]], dtype=float32)
    """
    where = "batch_norm"
    inputs = _with_channels(x, where)
    factors, offsets = (
        _per_channel(gamma, 1, inputs, "gamma", where),
        _per_channel(beta, 0, inputs, "beta", where),
    )
    if (mean is None) != (variance is None):
        raise ValueError(f"{where}: mean and variance are given together; received one of them")
    if mean is not None:
        m = _per_channel(mean, 0, inputs, "mean", where)
        v = _per_channel(variance, 1, inputs, "variance", where)
    inv = None if mean is None else _inverse(v, epsilon, where)
    given = {"x": x, "gamma": gamma, "beta": beta, "mean": mean, "variance": variance}
    y = result(out, inputs.shape, where, in_place=("x",), **given)
    if inv is None:
        m, v = _moments(inputs, where)
        inv = _inverse(v, epsilon, where)
    cube = (1, inputs.size // inputs.shape[-1], inputs.shape[-1])
    channel_norm_fwd(inputs.reshape(cube), m[None], inv[None], factors, offsets, y.reshape(cube))
    return y


@documented(BACKWARD)
def batch_norm_backward(
    dy: Any, x: Any, gamma: Any = None, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """Gradients of sum(dy * batch_norm(x, gamma, beta)) with the mean and variance of x.

    Examples
    --------
    >>> dx, dgamma, dbeta = batch_norm_backward([[1], [0], [0]], [[-1], [0], [1]], epsilon=0)
    >>> dgamma.round(4), dbeta
    (array([-1.2247], dtype=float32), array([1.], dtype=float32))
    """
    where = "batch_norm_backward"
    inputs, dout = _with_channels(x, where), float32(dy, "dy", where)
    same_shape(dout, inputs.shape, "dy", "x", where)
    factors = _per_channel(gamma, 1, inputs, "gamma", where)
    mean, variance = _moments(inputs, where)
    inv = _inverse(variance, epsilon, where)
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


@documented(LIKE_X, FORWARD)
def group_norm(
    x: Any,
    groups: int,
    gamma: Any = None,
    beta: Any = None,
    epsilon: float = 1e-3,
    *,
    out: Array | None = None,
) -> Array:
    """Normalize each sample's groups of adjacent channels over all positions; scale and shift.

    Parameters
    ----------
    x : array_like (mb, ..., c)
    groups : int
        Divides c.

    Examples
    --------
    >>> group_norm([[1, 3, 10, 40]], 2, epsilon=0)
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """
    where = "group_norm"
    inputs, cube, mean, inv = _group_statistics(x, groups, epsilon, where)
    factors = _per_channel(gamma, 1, inputs, "gamma", where)
    offsets = _per_channel(beta, 0, inputs, "beta", where)
    y = result(out, inputs.shape, where, in_place=("x",), x=x, gamma=gamma, beta=beta)
    channel_norm_fwd(cube, mean, inv, factors, offsets, y.reshape(cube.shape))
    return y


@documented(BACKWARD)
def group_norm_backward(
    dy: Any, x: Any, groups: int, gamma: Any = None, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """Gradients of sum(dy * group_norm(x, groups, gamma, beta)).

    Parameters
    ----------
    dy, x : array_like (mb, ..., c)
    groups : int
        Divides c.

    Examples
    --------
    >>> group_norm_backward([[1, 0]], [[1, 3]], 1, epsilon=0)[1:]
    (array([-1.,  0.], dtype=float32), array([1., 0.], dtype=float32))
    """
    where = "group_norm_backward"
    inputs, cube, mean, inv = _group_statistics(x, groups, epsilon, where)
    dout = float32(dy, "dy", where)
    same_shape(dout, inputs.shape, "dy", "x", where)
    factors = _per_channel(gamma, 1, inputs, "gamma", where)
    dx, dgamma, dbeta = np.empty_like(cube), np.empty_like(factors), np.empty_like(factors)
    zeros = np.zeros_like(factors)
    channel_norm_bwd(
        dout.reshape(cube.shape), cube, mean, inv, factors, zeros, groups, False, dx, dgamma, dbeta
    )
    return dx.reshape(inputs.shape), dgamma, dbeta


def _group_statistics(
    x: Any, groups: int, epsilon: Any, where: str
) -> tuple[Array, Array, Array, Array]:
    """x, x as (mb, positions, c), and mean and 1 / deviation of each sample's channels."""
    inputs = _with_channels(x, where)
    count = as_int(groups, "groups", where=where)
    mb, c = inputs.shape[0], inputs.shape[-1]
    if c % count:
        raise ValueError(
            f"{where}: groups must divide the channels of x; "
            f"received groups {groups}, x {inputs.shape}"
        )
    if not inputs.size:
        raise ValueError(f"{where}: x must not be empty; received shape {inputs.shape}")
    cube = inputs.reshape(mb, -1, c)
    mean, variance = np.empty((mb, c), np.float32), np.empty((mb, c), np.float32)
    moments_kernel(cube, count, mean, variance)
    return inputs, cube, mean, _inverse(variance, epsilon, where)


@documented(LIKE_X, FORWARD)
def layer_norm(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    epsilon: float = 1e-3,
    *,
    out: Array | None = None,
) -> Array:
    """Normalize along the last axis to mean 0 and variance 1, then scale and shift.

    Examples
    --------
    >>> layer_norm([[1, 3], [10, 40]], epsilon=0)
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """
    where = "layer_norm"
    inputs, rows, mean, inv = _row_statistics(x, epsilon, where)
    factors = _per_channel(gamma, 1, inputs, "gamma", where)
    offsets = _per_channel(beta, 0, inputs, "beta", where)
    y = result(out, inputs.shape, where, in_place=("x",), x=x, gamma=gamma, beta=beta)
    layer_norm_fwd(rows, mean, inv, factors, offsets, y.reshape(rows.shape))
    return y


@documented(BACKWARD)
def layer_norm_backward(
    dy: Any, x: Any, gamma: Any = None, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """Gradients of sum(dy * layer_norm(x, gamma, beta)).

    Examples
    --------
    >>> layer_norm_backward([[1, 0]], [[1, 3]], epsilon=0)[1:]
    (array([-1.,  0.], dtype=float32), array([1., 0.], dtype=float32))
    """
    where = "layer_norm_backward"
    inputs, rows, mean, inv = _row_statistics(x, epsilon, where)
    dout = float32(dy, "dy", where)
    same_shape(dout, inputs.shape, "dy", "x", where)
    factors = _per_channel(gamma, 1, inputs, "gamma", where)
    dx, dgamma, dbeta = np.empty_like(rows), np.empty_like(factors), np.empty_like(factors)
    layer_norm_bwd(dout.reshape(rows.shape), rows, mean, inv, factors, dx, dgamma, dbeta)
    return dx.reshape(inputs.shape), dgamma, dbeta


def _row_statistics(x: Any, epsilon: Any, where: str) -> tuple[Array, Array, Array, Array]:
    """x, x as rows, and mean and 1 / deviation of each row."""
    inputs = _with_channels(x, where, 1)
    n = inputs.shape[-1]
    rows = inputs.reshape(inputs.size // n, n)
    mean, variance = np.empty(len(rows), np.float32), np.empty(len(rows), np.float32)
    row_moments(rows, mean, variance)
    return inputs, rows, mean, _inverse(variance, epsilon, where)


def _with_channels(x: Any, where: str, axes: int = 2) -> Array:
    """`x` with at least `axes` axes and at least one channel."""
    array = float32(x, "x", where)
    if array.ndim < axes or array.shape[-1] == 0:
        raise ValueError(
            f"{where}: x must have at least {axes} axes, the last one of channels; "
            f"received shape {array.shape}"
        )
    return array


def _per_channel(value: Any, default: float, x: Array, what: str, where: str) -> Array:
    """One number for each channel of x; `default` for all if None."""
    if value is None:
        return np.full(x.shape[-1], default, np.float32)
    return vector(value, x.shape[-1], what, "channels of x", where)


def _inverse(variance: Array, epsilon: Any, where: str) -> Array:
    """1 / sqrt(variance + epsilon)."""
    small = number(epsilon, "epsilon", where, 0)
    return np.float32(1) / np.sqrt(variance + np.float32(small))
