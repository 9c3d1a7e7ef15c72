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


def _two_means(
    w: ArrayLike, g: ArrayLike, m: ArrayLike, v: ArrayLike, beta1: float, beta2: float
) -> tuple[Array, Array, Array, Array]:
    """w and g, and the new running means of g and of g**2, as in Adam."""
    w, g = float64(w), float64(g)
    return w, g, beta1 * float64(m) + (1 - beta1) * g, beta2 * float64(v) + (1 - beta2) * g**2


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
    """New (w, m, v) at step t = 1, 2, ...; epsilon is outside of the bias correction.

    Kingma, Ba, "Adam: a method for stochastic optimization" (2015), the formulation before
    section 2.1, which Keras uses too.

    >>> w, m, v = adam_step([1.0], [4.0], [0.0], [0.0], t=1, learning_rate=0.5, epsilon=0)
    >>> round(float(w[0]), 12)
    0.5
    """
    w, g, m, v = _two_means(w, g, m, v, beta1, beta2)
    rate = learning_rate * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return w - rate * m / (np.sqrt(v) + epsilon), m, v


def nadam_step(
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
    """New (w, m, v): Adam with Nesterov's momentum (Dozat 2016), as Keras has it.

    With u_t = beta1 * (1 - 0.96**t / 2), the momentum of step t.
    """
    w, g, m, v = _two_means(w, g, m, v, beta1, beta2)
    u = beta1 * (1 - 0.5 * 0.96 ** np.arange(1, t + 2))
    ahead = u[t] * m / (1 - np.prod(u)) + (1 - u[t - 1]) * g / (1 - np.prod(u[:t]))
    return w - learning_rate * ahead / (np.sqrt(v / (1 - beta2**t)) + epsilon), m, v


def rmsprop_step(
    w: ArrayLike,
    g: ArrayLike,
    v: ArrayLike,
    total: ArrayLike = 0.0,
    mean: ArrayLike = 0.0,
    learning_rate: float = 1e-3,
    rho: float = 0.9,
    momentum: float = 0,
    epsilon: float = 1e-7,
    centered: bool = False,
) -> tuple[Array, Array, Array, Array]:
    """New (w, v, total, mean): v is the running mean of g**2, epsilon is under the root.

    With momentum, total = momentum * total + step is subtracted from w instead of the step; with
    centered, v - mean**2 replaces v.

    >>> rmsprop_step([1.0], [2.0], [0.0], learning_rate=0.5, rho=0.75, epsilon=0)[0]
    array([0.])
    """
    w, g = float64(w), float64(g)
    v = rho * float64(v) + (1 - rho) * g**2
    mean = rho * float64(mean) + (1 - rho) * g
    step = learning_rate * g / np.sqrt(v - (mean**2 if centered else 0) + epsilon)
    total = momentum * float64(total) + step
    return w - total, v, total, mean


def adagrad_step(
    w: ArrayLike,
    g: ArrayLike,
    total: ArrayLike,
    learning_rate: float = 1e-3,
    epsilon: float = 1e-7,
) -> tuple[Array, Array]:
    """New (w, total): total is the sum of all g**2, epsilon is under the root.

    >>> adagrad_step([1.0], [3.0], [16.0], learning_rate=0.5, epsilon=0)
    (array([0.7]), array([25.]))
    """
    w, g = float64(w), float64(g)
    total = float64(total) + g**2
    return w - learning_rate * g / np.sqrt(total + epsilon), total


def lion_step(
    w: ArrayLike,
    g: ArrayLike,
    m: ArrayLike,
    learning_rate: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.99,
) -> tuple[Array, Array]:
    """New (w, m): w - learning_rate * sign(beta1 m + (1 - beta1) g), and m (Chen et al. 2023).

    >>> lion_step([1.0, 1.0], [2.0, -2.0], [0.0, 0.0], learning_rate=0.5, beta2=0.5)
    (array([0.5, 1.5]), array([ 1., -1.]))
    """
    w, g, m = float64(w), float64(g), float64(m)
    step = np.sign(beta1 * m + (1 - beta1) * g)
    return w - learning_rate * step, beta2 * m + (1 - beta2) * g


def lamb_step(
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
    """New (w, m, v): Adam's direction u, at norm learning_rate * norm(w) (You et al. 2020).

    >>> lamb_step([3.0, 4.0], [1.0, -1.0], [0.0, 0.0], [0.0, 0.0], t=1, epsilon=0)[0].round(4)
    array([2.9965, 4.0035])
    """
    w, g, m, v = _two_means(w, g, m, v, beta1, beta2)
    u = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
    size, length = np.linalg.norm(w), np.linalg.norm(u)
    ratio = size / length if size > 0 and length > 0 else 1.0
    return w - learning_rate * ratio * u, m, v


def newton_schulz(
    x: ArrayLike, steps: int = 5, a: float = 3.4445, b: float = -4.7750, c: float = 2.0315
) -> Array:
    """The approximate orthogonal factor of x: x = a x + (b s + c s @ s) @ x with s = x @ x.T.

    >>> u = newton_schulz([[3.0, 0.0], [0.0, -4.0]])
    >>> np.abs(np.abs(np.diag(u)) - 1).max() < 0.35
    np.True_
    """
    x = float64(x)
    rows = x if x.shape[0] <= x.shape[1] else x.T
    rows = rows / (np.linalg.norm(rows) + 1e-7)
    for _ in range(steps):
        s = rows @ rows.T
        rows = a * rows + (b * s + c * s @ s) @ rows
    return rows if x.shape[0] <= x.shape[1] else rows.T


def muon_step(
    w: ArrayLike,
    g: ArrayLike,
    m: ArrayLike,
    learning_rate: float = 1e-3,
    momentum: float = 0.95,
    nesterov: bool = True,
    rms_rate: float | None = 0.2,
) -> tuple[Array, Array]:
    """New (w, m) of matrices: orthogonalized momentum times sqrt(larger side) * rms_rate."""
    w, g = float64(w), float64(g)
    m = momentum * float64(m) + g
    factor = newton_schulz(g + momentum * m if nesterov else m)
    size = 1 if rms_rate is None else np.sqrt(max(w.shape)) * rms_rate
    return w - learning_rate * size * factor, m
