"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.kernels.optimizer_step import sgd_step
from fastconv.optimizers.base import Optimizer, check_number


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted.

    velocity = momentum * velocity - learning_rate * gradient is added to the weights; Nesterov's
    form adds momentum * velocity - learning_rate * gradient, with the new velocity (Keras).

    Parameters
    ----------
    learning_rate : float
    momentum : float
        From 0 up to, but not including, 1.
    nesterov : bool

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> SGD(0.1, momentum=0.9)
    SGD(learning_rate=0.1, momentum=0.9, nesterov=False)
    """

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **unknown: Any,
    ) -> None:
        super().__init__(learning_rate, **unknown)
        self.momentum = check_number(momentum, "momentum", 0, 1, where="SGD")
        self.nesterov = bool(nesterov)
        self.slot_names = ("velocity",) if self.momentum else ()

    def update(self, w: np.ndarray, g: np.ndarray, slots: dict[str, np.ndarray]) -> None:
        velocity = slots.get("velocity")
        sgd_step(w, g, velocity, self.learning_rate, self.momentum, self.nesterov, 1.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
