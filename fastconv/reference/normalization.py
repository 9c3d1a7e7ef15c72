"""Normalization: mean 0 and variance 1, then a factor gamma and an offset beta."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fastconv.reference._arrays import Array, float64


def moments(x: ArrayLike) -> tuple[Array, Array]:
    """Mean and (biased) variance over all axes but the last."""
    x = float64(x)
    axes = tuple(range(x.ndim - 1))
    return x.mean(axis=axes), x.var(axis=axes)


def batch_norm(
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    mean: ArrayLike,
    variance: ArrayLike,
    epsilon: float = 1e-3,
) -> Array:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, channel by channel."""
    inv = 1 / np.sqrt(float64(variance) + epsilon)
    return (float64(x) - float64(mean)) * inv * float64(gamma) + float64(beta)


def batch_norm_backward(
    dy: ArrayLike, x: ArrayLike, gamma: ArrayLike, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """Gradients (dx, dgamma, dbeta) of sum(dy * y), y = batch_norm(x) by the moments of x."""
    x = float64(x)
    return _backward(float64(dy), x, float64(gamma), tuple(range(x.ndim - 1)), epsilon)


def layer_norm(x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, epsilon: float = 1e-3) -> Array:
    """x normalized over as many of the last axes as gamma has, times gamma, plus beta."""
    x, gamma = float64(x), float64(gamma)
    return _normalized(x, _last(gamma), epsilon)[0] * gamma + float64(beta)


def layer_norm_backward(
    dy: ArrayLike, x: ArrayLike, gamma: ArrayLike, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """Gradients (dx, dgamma, dbeta) of sum(dy * layer_norm(x, gamma, beta))."""
    gamma = float64(gamma)
    return _backward(float64(dy), float64(x), gamma, _last(gamma), epsilon)


def group_norm(
    x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, groups: int, epsilon: float = 1e-3
) -> Array:
    """Each sample's groups of adjacent channels normalized over all positions; scaled, shifted."""
    x = float64(x)
    parts = _groups(x, groups)
    h = _normalized(parts, (1, 3), epsilon)[0]
    return h.reshape(x.shape) * float64(gamma) + float64(beta)


def group_norm_backward(
    dy: ArrayLike, x: ArrayLike, gamma: ArrayLike, groups: int, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """Gradients (dx, dgamma, dbeta) of sum(dy * group_norm(x, gamma, beta, groups))."""
    x, split = float64(x), (groups, -1)
    parts = _backward(
        _groups(float64(dy), groups),
        _groups(x, groups),
        float64(gamma).reshape(split),
        (1, 3),
        epsilon,
    )
    return parts[0].reshape(x.shape), parts[1].reshape(-1), parts[2].reshape(-1)


def _groups(x: Array, groups: int) -> Array:
    """(mb, positions, groups, channels of a group)."""
    return x.reshape(len(x), -1, groups, x.shape[-1] // groups)


def _last(gamma: Array) -> tuple[int, ...]:
    return tuple(range(-gamma.ndim, 0))


def _normalized(x: Array, axes: tuple[int, ...], epsilon: float) -> tuple[Array, Array]:
    """x normalized to mean 0 and variance 1 over some axes, and 1 / deviation."""
    inv = 1 / np.sqrt(x.var(axis=axes, keepdims=True) + epsilon)
    return (x - x.mean(axis=axes, keepdims=True)) * inv, inv


def _backward(
    dy: Array, x: Array, gamma: Array, axes: tuple[int, ...], epsilon: float
) -> tuple[Array, Array, Array]:
    h, inv = _normalized(x, axes, epsilon)
    g = dy * gamma
    means = g.mean(axis=axes, keepdims=True), (g * h).mean(axis=axes, keepdims=True)
    others = tuple(range(x.ndim - gamma.ndim))
    return inv * (g - means[0] - h * means[1]), (dy * h).sum(axis=others), dy.sum(axis=others)
