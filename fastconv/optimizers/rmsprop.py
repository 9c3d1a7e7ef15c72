"""RMSprop and Adagrad: steps divided by the root of the gradients' squares."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastconv.kernels.optimizers.optimizer_step import adagrad_step, rmsprop_step
from fastconv.optimizers.base import Arrays, Optimizer, Step
from fastconv.optimizers.hyperparameters import check_number, epsilon_of


class RMSprop(Optimizer):
    """RMSprop (Hinton 2012), with epsilon under the root, as in Keras.

    v is a running mean of the gradient's square;
    learning_rate * gradient / sqrt(v + epsilon) is subtracted from the weights.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    rho : float
        At least 0 and less than 1: the decay of v.
    momentum : float
        If not 0, the steps are summed with this decay, and the sum is subtracted instead.
    epsilon : float
    centered : bool
        Subtract the square of the gradient's running mean from v.
    **kwargs
        What every `Optimizer` takes.

    Examples
    --------
    >>> RMSprop(0.01)
    RMSprop(learning_rate=0.01, rho=0.9, momentum=0.0, epsilon=1e-07, centered=False)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float | None = 1e-7,
        centered: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = check_number(rho, "rho", 0, 1, where="RMSprop")
        self.momentum = check_number(momentum, "momentum", 0, 1, where="RMSprop")
        self.epsilon = epsilon_of(epsilon, where="RMSprop")
        self.centered = bool(centered)
        optional = (("sum", self.momentum > 0), ("mean", self.centered))
        self.slot_names = ("v", *(name for name, wanted in optional if wanted))

    def update(self, w: np.ndarray, g: np.ndarray, slots: Arrays, step: Step) -> None:
        rmsprop_step(
            w, g, slots["v"], step.common(), self.rho, self.epsilon, self.momentum,
            slots.get("sum"), slots.get("mean"),
        )  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }


class Adagrad(Optimizer):
    """Adagrad (Duchi et al. 2011): the sum of all squares, with epsilon under the root (Keras).

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    initial_accumulator_value : float
        The initial value of the sum.
    epsilon : float
    **kwargs
        What every `Optimizer` takes.

    Examples
    --------
    >>> Adagrad(0.01)
    Adagrad(learning_rate=0.01, initial_accumulator_value=0.1, epsilon=1e-07)
    """

    slot_names = ("total",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float | None = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.initial_accumulator_value = check_number(
            initial_accumulator_value, "initial_accumulator_value", 0, math.inf, where="Adagrad"
        )
        self.epsilon = epsilon_of(epsilon, where="Adagrad")

    def start_slots(self, slots: Arrays) -> None:
        slots["total"][...] = self.initial_accumulator_value

    def update(self, w: np.ndarray, g: np.ndarray, slots: Arrays, step: Step) -> None:
        adagrad_step(w, g, slots["total"], step.common(), self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }
