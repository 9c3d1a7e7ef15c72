"""Losses with their gradients."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fastconv.reference._arrays import Array, float64


def softmax_cross_entropy(
    logits: ArrayLike, targets: ArrayLike, row_weights: ArrayLike | None = None
) -> tuple[float, Array]:
    """Loss sum_r weight_r * -sum_c t[r, c] * log(softmax(logits)[r, c]) and its gradient in logits.

    `targets` are labels (rows,), or the t themselves (rows, classes).
    The weights default to 1 / rows, which makes the loss a mean.

    >>> loss, dlogits = softmax_cross_entropy([[0, np.log(3)]], [1])
    >>> round(loss, 4), dlogits  # -log(3/4)
    (0.2877, array([[ 0.25, -0.25]]))
    """
    z = float64(logits)
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    t = np.asarray(targets)
    t = float64(t) if t.ndim == 2 else np.eye(z.shape[1])[t]
    weights = _row_weights(row_weights, z.shape[0])
    loss = -(weights * np.where(t == 0, 0, t * log_p)).sum()
    return float(loss), weights * (t.sum(axis=1, keepdims=True) * np.exp(log_p) - t)


def mean_squared_error(
    y: ArrayLike, t: ArrayLike, row_weights: ArrayLike | None = None
) -> tuple[float, Array]:
    """Loss sum_r weight_r * mean_c (y - t)**2 and its gradient in y; weights default to 1 / rows.

    With weights of columns / 2 it is the squared error sum(1/2 (t - y)**2):

    >>> loss, dy = mean_squared_error([[0.2, 0.1, 0.3, 0.4]], [[0, 0, 0, 1]], row_weights=[2])
    >>> round(loss, 12), dy
    (0.25, array([[ 0.2,  0.1,  0.3, -0.6]]))
    """
    error = float64(y) - float64(t)
    weights = _row_weights(row_weights, error.shape[0])
    loss = (weights * error**2).sum() / error.shape[1]
    return float(loss), 2 * weights * error / error.shape[1]


# f(y, t) of each loss that is a sum over elements, and its derivative in y. Probabilities are
# clipped this far from 0 and 1, and have no gradient where they are.
TINY = 1e-7


def _binary_entropy(p: Array, t: Array) -> tuple[Array, Array]:
    q = np.clip(p, TINY, 1 - TINY)
    slope = np.where(q == p, (1 - t) / (1 - q) - t / q, 0)
    return -(t * np.log(q) + (1 - t) * np.log(1 - q)), slope


def _binary_entropy_of_logits(x: Array, t: Array) -> tuple[Array, Array]:
    loss = np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))
    return loss, 1 / (1 + np.exp(-x)) - t


def _focal(
    p: Array, t: Array, gamma: float = 2, one: float = 1, zero: float = 1
) -> tuple[Array, Array]:
    """(1 - p_t)^gamma times the binary cross-entropy, times the weight of targets of 1 or of 0."""
    entropy, slope = _binary_entropy(p, t)
    miss, count = 1 - (t * p + (1 - t) * (1 - p)), t * one + (1 - t) * zero
    turn = gamma * miss ** (gamma - 1) * (1 - 2 * t) if gamma else 0
    return count * miss**gamma * entropy, count * (turn * entropy + miss**gamma * slope)


def _focal_of_logits(x: Array, t: Array, *numbers: float) -> tuple[Array, Array]:
    p = 1 / (1 + np.exp(-x))
    loss, slope = _focal(p, t, *numbers)
    return loss, slope * p * (1 - p)


def _huber(y: Array, t: Array, delta: float = 1) -> tuple[Array, Array]:
    d = np.abs(y - t)
    loss = np.where(d <= delta, d**2 / 2, delta * d - delta**2 / 2)
    return loss, np.clip(y - t, -delta, delta)


def _log_cosh(y: Array, t: Array) -> tuple[Array, Array]:
    d = np.abs(y - t)
    return d + np.log1p(np.exp(-2 * d)) - np.log(2), np.tanh(y - t)


def _kl_divergence(y: Array, t: Array) -> tuple[Array, Array]:
    p, q = np.clip(y, TINY, 1), np.clip(t, TINY, 1)
    return q * np.log(q / p), np.where(p == y, -q / p, 0)


POINTWISE = {
    "mean_squared_error": lambda y, t: ((y - t) ** 2, 2 * (y - t)),
    "mean_absolute_error": lambda y, t: (np.abs(y - t), np.sign(y - t)),
    "huber": _huber,
    "log_cosh": _log_cosh,
    "hinge": lambda y, t: (np.maximum(1 - t * y, 0), np.where(1 - t * y > 0, -t, 0)),
    "squared_hinge": lambda y, t: (
        np.maximum(1 - t * y, 0) ** 2,
        -2 * t * np.maximum(1 - t * y, 0),
    ),
    "kl_divergence": _kl_divergence,
    "poisson": lambda y, t: (y - t * np.log(y + TINY), 1 - t / (y + TINY)),
    "binary_crossentropy": _binary_entropy,
    "binary_crossentropy_of_logits": _binary_entropy_of_logits,
    "binary_focal_crossentropy": _focal,
    "binary_focal_crossentropy_of_logits": _focal_of_logits,
}


def pointwise_loss(
    kind: str,
    y: ArrayLike,
    t: ArrayLike,
    row_weights: ArrayLike | None = None,
    scale: float = 1,
    numbers: tuple[float, ...] = (),
) -> tuple[float, Array]:
    """Loss sum_r weight_r * scale * sum_c f(y[r, c], t[r, c]) and its gradient in y.

    `kind` names f, a key of `POINTWISE`; weights default to 1 / rows.

    >>> pointwise_loss("mean_absolute_error", [[1, 2]], [[3, 2]])
    (2.0, array([[-1.,  0.]]))
    """
    y, t = float64(y), float64(t)
    values, slope = POINTWISE[kind](y, t, *numbers)
    weights = scale * _row_weights(row_weights, y.shape[0])
    return float((weights * values).sum()), weights * slope


def probabilities_loss(
    y: ArrayLike,
    t: ArrayLike,
    row_weights: ArrayLike | None = None,
    gamma: float = 0,
    alpha: float = 1,
) -> tuple[float, Array]:
    """Loss sum_r weight_r * alpha * -sum_c t * (1 - q)**gamma * log(q), q = y / sum_c y.

    The gradient is in y. gamma = 0 and alpha = 1 make it the cross-entropy of probabilities.

    >>> loss, dy = probabilities_loss([[0.25, 0.75]], [[0, 1]])
    >>> round(loss, 4), dy.round(4)
    (0.2877, array([[ 1.    , -0.3333]]))
    """
    y, t = float64(y), float64(t)
    total = y.sum(axis=1, keepdims=True)
    share = y / total
    q = np.clip(share, TINY, 1 - TINY)
    weights = _row_weights(row_weights, y.shape[0])
    power = alpha * t * (1 - q) ** gamma
    pull = np.where(q == share, power * (gamma * np.log(q) / (1 - q) - 1 / q), 0)
    dy = (pull - (pull * share).sum(axis=1, keepdims=True)) / total
    return float(-(weights * power * np.log(q)).sum()), weights * dy


def smoothed(t: ArrayLike, label_smoothing: float, classes: int) -> Array:
    """Targets of which a share is spread evenly over all classes: (1 - s) * t + s / classes.

    >>> smoothed([0, 1], 0.2, 2)
    array([0.1, 0.9])
    """
    return (1 - label_smoothing) * float64(t) + label_smoothing / classes


def _row_weights(row_weights: ArrayLike | None, rows: int) -> Array:
    weights = np.full(rows, 1 / max(rows, 1)) if row_weights is None else float64(row_weights)
    return weights.reshape(rows, 1)
