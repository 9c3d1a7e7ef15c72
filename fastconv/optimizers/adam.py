"""Adam."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastconv.kernels.optimizer_step import adam_step
from fastconv.optimizers.base import Optimizer, check_number


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015), with epsilon outside of the bias correction, as in Keras.

    m and v are running means of the gradient and of its square; step t changes the weights by
    learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon).

    Parameters
    ----------
    learning_rate : float
    beta_1, beta_2 : float
        From 0 up to, but not including, 1.
    epsilon : float

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> Adam()
    Adam(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-07)
    """

    slot_names = ("m", "v")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **unknown: Any,
    ) -> None:
        super().__init__(learning_rate, **unknown)
        self.beta_1 = check_number(beta_1, "beta_1", 0, 1, where="Adam")
        self.beta_2 = check_number(beta_2, "beta_2", 0, 1, where="Adam")
        self.epsilon = check_number(epsilon, "epsilon", 0, math.inf, where="Adam")

    def update(self, w: np.ndarray, g: np.ndarray, slots: dict[str, np.ndarray]) -> None:
        t = self.iterations
        correction = math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        rate = self.learning_rate * correction
        adam_step(w, g, slots["m"], slots["v"], rate, self.beta_1, self.beta_2, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **own}
