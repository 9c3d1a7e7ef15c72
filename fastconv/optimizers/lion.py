"""Lion: steps of one size, in the direction of a sign."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.kernels.optimizers.optimizer_step import lion_step
from fastconv.optimizers.base import Arrays, Optimizer, Step
from fastconv.optimizers.numbers import check_number


class Lion(Optimizer):
    """Lion (Chen et al. 2023), as in Keras.

    The weights lose learning_rate * sign(beta_1 m + (1 - beta_1) gradient); then m becomes
    beta_2 m + (1 - beta_2) gradient.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    beta_1, beta_2 : float
        From 0 up to, but not including, 1.
    **kwargs
        What every `Optimizer` takes.

    Examples
    --------
    >>> Lion(1e-4)
    Lion(learning_rate=0.0001, beta_1=0.9, beta_2=0.99)
    """

    slot_names = ("m",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = check_number(beta_1, "beta_1", 0, 1, where="Lion")
        self.beta_2 = check_number(beta_2, "beta_2", 0, 1, where="Lion")

    def update(self, w: np.ndarray, g: np.ndarray, slots: Arrays, step: Step) -> None:
        lion_step(w, g, slots["m"], step.common(), self.beta_1, self.beta_2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
