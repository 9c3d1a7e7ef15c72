"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import check_choice
from fastconv.kernels.optimizers.optimizer_step import sgd_step
from fastconv.optimizers.base import Arrays, Optimizer, Step
from fastconv.optimizers.numbers import check_number


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted.

    velocity = momentum * velocity - learning_rate * gradient is added to the weights; Nesterov's
    form adds momentum * velocity - learning_rate * gradient, with the new velocity (Keras).

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    momentum : float
        From 0 up to, but not including, 1.
    nesterov : bool
    velocity_of : "steps" or "gradients"
        "gradients" leaves the learning rate out of the velocity: velocity = momentum * velocity +
        gradient, and the weights lose learning_rate * velocity (as in PyTorch). It makes a
        difference only while the learning rate changes.
    **kwargs
        What every `Optimizer` takes.

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
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        velocity_of: str = "steps",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.momentum = check_number(momentum, "momentum", 0, 1, where="SGD")
        self.nesterov = bool(nesterov)
        self.velocity_of = check_choice(
            velocity_of, ("steps", "gradients"), where="SGD", what="velocity_of"
        )
        self.slot_names = ("velocity",) if self.momentum else ()

    def update(self, w: np.ndarray, g: np.ndarray, slots: Arrays, step: Step) -> None:
        velocity, of_gradients = slots.get("velocity"), self.velocity_of == "gradients"
        sgd_step(w, g, velocity, step.common(), self.momentum, self.nesterov, of_gradients)

    def get_config(self) -> dict[str, Any]:
        own: dict[str, Any] = {"momentum": self.momentum, "nesterov": self.nesterov}
        if self.velocity_of != "steps":
            own["velocity_of"] = self.velocity_of
        return {**super().get_config(), **own}
