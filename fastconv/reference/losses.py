"""Losses: a value and the gradient that belongs to it."""

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


def _row_weights(row_weights: ArrayLike | None, rows: int) -> Array:
    weights = np.full(rows, 1 / max(rows, 1)) if row_weights is None else float64(row_weights)
    return weights.reshape(rows, 1)
