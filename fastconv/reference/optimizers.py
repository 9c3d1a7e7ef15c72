"""One step of each optimizer."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fastconv.reference._arrays import Array, float64


def sgd_step(
    w: ArrayLike,
    g: ArrayLike,
    velocity: ArrayLike | None = None,
    learning_rate: float = 0.01,
    momentum: float = 0,
    nesterov: bool = False,
) -> tuple[Array, Array]:
    """New (w, velocity): velocity = momentum * velocity - learning_rate * g, added to w.

    Nesterov adds momentum * velocity - learning_rate * g, with the new velocity.

    >>> sgd_step([1.0], [2.0], [1.0], learning_rate=0.5, momentum=0.5)
    (array([0.5]), array([-0.5]))
    """
    w, g = float64(w), float64(g)
    velocity = momentum * float64(0 if velocity is None else velocity) - learning_rate * g
    return w + (momentum * velocity - learning_rate * g if nesterov else velocity), velocity


def adam_step(
    w: ArrayLike,
    g: ArrayLike,
    m: ArrayLike,
    v: ArrayLike,
    t: int,
    learning_rate: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[Array, Array, Array]:
    """New (w, m, v) at step t = 1, 2, ...; epsilon stands outside the bias correction.

    Kingma, Ba, "Adam: a method for stochastic optimization" (2015), the formulation before
    section 2.1, which Keras uses too.

    >>> w, m, v = adam_step([1.0], [4.0], [0.0], [0.0], t=1, learning_rate=0.5, epsilon=0)
    >>> round(float(w[0]), 12)
    0.5
    """
    w, g = float64(w), float64(g)
    m = beta1 * float64(m) + (1 - beta1) * g
    v = beta2 * float64(v) + (1 - beta2) * g**2
    rate = learning_rate * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return w - rate * m / (np.sqrt(v) + epsilon), m, v
