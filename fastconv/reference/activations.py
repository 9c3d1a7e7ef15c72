"""Elementwise activations except ReLU.

A gradient is computed from the output y where that is possible, else from the input x.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from fastconv.reference._arrays import Array, float64

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def leaky_relu(x: ArrayLike, negative_slope: float = 0.2) -> Array:
    """x, or negative_slope * x where x <= 0."""
    x = float64(x)
    return np.where(x <= 0, negative_slope * x, x)


def leaky_relu_backward(dy: ArrayLike, y: ArrayLike, negative_slope: float = 0.2) -> Array:
    """Gradient dx from y = leaky_relu(x), for a slope of at least 0."""
    return float64(dy) * np.where(float64(y) <= 0, negative_slope, 1)


def clipped_relu(
    x: ArrayLike, max_value: float = 6, negative_slope: float = 0, threshold: float = 0
) -> Array:
    """min(x, max_value), or negative_slope * (x - threshold) where x <= threshold.

    >>> clipped_relu([-1, 2, 9], negative_slope=0.5)
    array([-0.5,  2. ,  6. ])
    """
    x = float64(x)
    return np.minimum(np.where(x <= threshold, negative_slope * (x - threshold), x), max_value)


def clipped_relu_backward(
    dy: ArrayLike,
    x: ArrayLike,
    max_value: float = 6,
    negative_slope: float = 0,
    threshold: float = 0,
) -> Array:
    """Gradient dx of sum(dy * clipped_relu(x)); 0 where x >= max_value."""
    x = float64(x)
    slope = np.where(x <= threshold, negative_slope, 1.0)
    return float64(dy) * np.where(x >= max_value, 0, slope)


def elu(x: ArrayLike, alpha: float = 1) -> Array:
    """x, or alpha * (exp(x) - 1) where x <= 0."""
    x = float64(x)
    return np.where(x <= 0, alpha * np.expm1(np.minimum(x, 0)), x)


def elu_backward(dy: ArrayLike, y: ArrayLike, alpha: float = 1) -> Array:
    """Gradient dx from y = elu(x), for alpha of at least 0."""
    y = float64(y)
    return float64(dy) * np.where(y <= 0, y + alpha, 1)


def selu(x: ArrayLike) -> Array:
    """SELU_SCALE * elu(x, SELU_ALPHA)."""
    return SELU_SCALE * elu(x, SELU_ALPHA)


def selu_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    """Gradient dx from y = selu(x)."""
    return SELU_SCALE * elu_backward(dy, float64(y) / SELU_SCALE, SELU_ALPHA)


def gelu(x: ArrayLike, approximate: bool = False) -> Array:
    """x times the standard normal distribution function at x.

    Approximate: x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))).
    """
    x = float64(x)
    return x * (_tanh_form(x)[0] if approximate else _erfc(-x / math.sqrt(2)) / 2)


def gelu_backward(dy: ArrayLike, x: ArrayLike, approximate: bool = False) -> Array:
    """Gradient dx of sum(dy * gelu(x))."""
    x = float64(x)
    if approximate:
        s, slope = _tanh_form(x)
        return float64(dy) * (s + x * slope)
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return float64(dy) * (_erfc(-x / math.sqrt(2)) / 2 + x * density)


def _tanh_form(x: Array) -> tuple[Array, Array]:
    """(1 + tanh(u)) / 2 = sigmoid(2u) and its derivative by x."""
    c = math.sqrt(2 / math.pi)
    s = sigmoid(2 * c * (x + 0.044715 * x**3))
    rest = sigmoid(-2 * c * (x + 0.044715 * x**3))
    return s, s * rest * 2 * c * (1 + 3 * 0.044715 * x * x)


def silu(x: ArrayLike) -> Array:
    """x * sigmoid(x)."""
    return float64(x) * sigmoid(x)


def silu_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    """Gradient dx of sum(dy * silu(x))."""
    x = float64(x)
    return float64(dy) * sigmoid(x) * (1 + x * sigmoid(-x))


def hard_silu(x: ArrayLike) -> Array:
    """x * hard_sigmoid(x)."""
    return float64(x) * hard_sigmoid(x)


def hard_silu_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    """Gradient dx of sum(dy * hard_silu(x))."""
    x = float64(x)
    y = hard_sigmoid(x)
    return float64(dy) * y + x * hard_sigmoid_backward(dy, y)


def sigmoid(x: ArrayLike) -> Array:
    """1 / (1 + exp(-x))."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-float64(x)))


def sigmoid_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    """Gradient dx from y = sigmoid(x)."""
    y = float64(y)
    return float64(dy) * y * (1 - y)


def hard_sigmoid(x: ArrayLike) -> Array:
    """x / 6 + 1 / 2 within [0, 1]."""
    return np.clip((float64(x) + 3) / 6, 0, 1)


def hard_sigmoid_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    """Gradient dx from y = hard_sigmoid(x)."""
    y = float64(y)
    return np.where((y <= 0) | (y >= 1), 0, float64(dy) / 6)


def tanh(x: ArrayLike) -> Array:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
    return np.tanh(float64(x))


def tanh_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    """Gradient dx from y = tanh(x)."""
    return float64(dy) * (1 - float64(y) ** 2)


def softplus(x: ArrayLike) -> Array:
    """log(1 + exp(x))."""
    return np.logaddexp(0, float64(x))


def softplus_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    """Gradient dx from y = softplus(x): dy * sigmoid(x) = dy * (1 - exp(-y))."""
    return float64(dy) * -np.expm1(-float64(y))


def softsign(x: ArrayLike) -> Array:
    """x / (1 + abs(x))."""
    x = float64(x)
    return x / (1 + np.abs(x))


def softsign_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    """Gradient dx from y = softsign(x)."""
    return float64(dy) * (1 - np.abs(float64(y))) ** 2


def exponential(x: ArrayLike) -> Array:
    """exp(x)."""
    return np.exp(float64(x))


def exponential_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    """Gradient dx from y = exp(x)."""
    return float64(dy) * float64(y)


def prelu(x: ArrayLike, alpha: ArrayLike) -> Array:
    """x, or alpha * x where x <= 0; alpha has the shape of a sample, or 1 on some axes."""
    x = float64(x)
    return np.where(x <= 0, float64(alpha) * x, x)


def prelu_backward(dy: ArrayLike, x: ArrayLike, alpha: ArrayLike) -> tuple[Array, Array]:
    """Gradients (dx, dalpha) of sum(dy * prelu(x, alpha))."""
    dy, x, alpha = float64(dy), float64(x), float64(alpha)
    parts = np.where(x <= 0, dy * x, 0).sum(axis=0)
    shared = tuple(i for i, size in enumerate(alpha.shape) if size == 1)
    return dy * np.where(x <= 0, alpha, 1), parts.sum(axis=shared, keepdims=True)
