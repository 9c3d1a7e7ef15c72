"""Optimizer steps: parameters and their state are changed in place."""

from __future__ import annotations

import math
from typing import Any

from fastconv._arguments import as_int
from fastconv.kernels.optimizers.optimizer_step import Common
from fastconv.kernels.optimizers.optimizer_step import adam_step as adam_kernel
from fastconv.kernels.optimizers.optimizer_step import sgd_step as sgd_kernel
from fastconv.ops._checks import Array, apart, flag, float32, number, same_shape, writable


def sgd_step(
    w: Array,
    g: Any,
    velocity: Array | None = None,
    learning_rate: float = 0.01,
    momentum: float = 0,
    nesterov: bool = False,
) -> None:
    """One step of stochastic gradient descent, in place.

    velocity = momentum * velocity - learning_rate * g is added to w; with Nesterov,
    momentum * velocity - learning_rate * g with the new velocity (as Keras defines them).

    Parameters
    ----------
    w : float32 array of any shape
        Changed.
    g : array_like of the shape of w
        The gradient.
    velocity : float32 array of the shape of w
        Changed. Needed only with momentum.
    learning_rate : float
        At least 0.
    momentum : float
        At least 0 and less than 1.
    nesterov : bool

    Raises
    ------
    TypeError, ValueError
        If shapes or types do not fit, or arrays overlap; before anything is changed.

    Examples
    --------
    >>> w = np.ones(2, np.float32)
    >>> sgd_step(w, [2, 4], learning_rate=0.25)
    >>> w
    array([0.5, 0. ], dtype=float32)
    """
    where = "sgd_step"
    grad = _gradient(w, g, where)
    rate = number(learning_rate, "learning_rate", where, 0)
    share, ahead = number(momentum, "momentum", where, 0, 1), flag(nesterov, "nesterov", where)
    if velocity is None:
        if share > 0:
            raise ValueError(
                f"{where}: velocity must be given with momentum; received momentum {share:g}"
            )
    else:
        writable(velocity, w.shape, "velocity", where)
        apart(velocity, "velocity", where, w=w, g=g)
    state = None if velocity is None else velocity.reshape(-1)
    sgd_kernel(w.reshape(-1), grad.reshape(-1), state, Common(rate), share, ahead)


def adam_step(
    w: Array,
    g: Any,
    m: Array,
    v: Array,
    t: int,
    learning_rate: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-7,
) -> None:
    """One step of Adam, in place.

    m and v become moving averages of g and g**2, and
    learning_rate * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + epsilon) is subtracted from
    w.

    Parameters
    ----------
    w : float32 array of any shape
        Changed.
    g : array_like of the shape of w
        The gradient.
    m, v : float32 arrays of the shape of w
        Changed. Zeros before the first step.
    t : int
        1 in the first step.
    learning_rate, epsilon : float
        At least 0.
    beta1, beta2 : float
        At least 0 and less than 1.

    Raises
    ------
    TypeError, ValueError
        If shapes or types do not fit, or arrays overlap; before anything is changed.

    Examples
    --------
    >>> w, m, v = np.ones(2, np.float32), np.zeros(2, np.float32), np.zeros(2, np.float32)
    >>> adam_step(w, [4, -4], m, v, t=1, learning_rate=0.5)
    >>> w.round(4)
    array([0.5, 1.5], dtype=float32)

    References
    ----------
    Kingma, Ba, "Adam: a method for stochastic optimization" (2015), the formulation before
    section 2.1.
    """
    where = "adam_step"
    grad = _gradient(w, g, where)
    for name, state in (("m", m), ("v", v)):
        writable(state, w.shape, name, where)
        apart(state, name, where, w=w, g=g)
    apart(m, "m", where, v=v)
    rate, small = (
        number(learning_rate, "learning_rate", where, 0),
        number(epsilon, "epsilon", where, 0),
    )
    decay1, decay2 = number(beta1, "beta1", where, 0, 1), number(beta2, "beta2", where, 0, 1)
    step = as_int(t, "t", where=where)
    corrected = rate * math.sqrt(1 - decay2**step) / (1 - decay1**step)
    arrays = (array.reshape(-1) for array in (w, grad, m, v))
    adam_kernel(*arrays, Common(corrected), decay1, decay2, small)


def _gradient(w: Any, g: Any, where: str) -> Array:
    """g as the kernels read it; w is checked first."""
    writable(w, w.shape if hasattr(w, "shape") else (), "w", where)
    grad = float32(g, "g", where)
    same_shape(grad, w.shape, "g", "w", where)
    apart(w, "w", where, g=g)
    return grad
