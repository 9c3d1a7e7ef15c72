"""Stochastic gradient descent, and its relatives that keep one momentum: LARS, Lion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastconv._arguments import check_choice
from fastconv.kernels.optimizers.optimizer_step import lion_step, sgd_step
from fastconv.kernels.optimizers.parameter_sums import sum_squares
from fastconv.optimizers.base import Arrays, Optimizer, Step
from fastconv.optimizers.hyperparameters import check_number


class SGD(Optimizer):
    """Gradient descent, optionally with momentum.

    velocity = momentum * velocity - learning_rate * gradient is added to the weights; Nesterov's
    form adds momentum * velocity - learning_rate * gradient, with the new velocity (Keras).

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    momentum : float
        At least 0 and less than 1.
    nesterov : bool
    velocity_of : "steps" or "gradients"
        "gradients" leaves the learning rate out of the velocity: velocity = momentum * velocity +
        gradient, and learning_rate * velocity is subtracted from the weights (as in PyTorch). The
        two differ only if the learning rate changes.
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


class Lars(Optimizer):
    """Layer-wise adaptive rates (You, Gitman, Ginsburg 2017), for large batches.

    SGD with momentum, in which every parameter's learning rate is multiplied by
    ``trust_coefficient * |w| / (|g| + weight_decay * |w| + epsilon)``, by 1 where a norm is 0, and
    for parameters of one axis (biases). The weight decay is part of the gradient.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    momentum : float
        At least 0 and less than 1.
    nesterov : bool
    trust_coefficient, epsilon : float
    **kwargs
        What every `Optimizer` takes.

    Examples
    --------
    >>> Lars(0.1, weight_decay=1e-4).get_config()["trust_coefficient"]
    0.001
    """

    each_alone = True

    def __init__(
        self,
        learning_rate: Any = 0.1,
        momentum: float = 0.9,
        nesterov: bool = False,
        trust_coefficient: float = 0.001,
        epsilon: float = 1e-8,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **{"decoupled_weight_decay": False} | kwargs)
        self.momentum = check_number(momentum, "momentum", 0, 1, where="Lars")
        self.nesterov = bool(nesterov)
        self.trust_coefficient = check_number(
            trust_coefficient, "trust_coefficient", 0, math.inf, where="Lars"
        )
        self.epsilon = check_number(epsilon, "epsilon", 0, math.inf, where="Lars")
        self.slot_names = ("velocity",) if self.momentum else ()

    def update(self, w: np.ndarray, g: np.ndarray, slots: Arrays, step: Step) -> None:
        rate = step.rate
        if len(step.parameter.shape) > 1:
            size = math.sqrt(sum_squares(w))
            slope = step.scale * math.sqrt(sum_squares(g))
            if size > 0 and slope > 0:
                below = slope + step.pull * size + self.epsilon
                rate *= self.trust_coefficient * size / below
        velocity = slots.get("velocity")
        sgd_step(w, g, velocity, step.common(rate), self.momentum, self.nesterov)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config["decoupled_weight_decay"] = self.decoupled_weight_decay
        return {
            **config,
            "momentum": self.momentum,
            "nesterov": self.nesterov,
            "trust_coefficient": self.trust_coefficient,
            "epsilon": self.epsilon,
        }


LARS = Lars


class Lion(Optimizer):
    """Lion (Chen et al. 2023), as in Keras.

    learning_rate * sign(beta_1 m + (1 - beta_1) gradient) is subtracted from the weights; then m
    becomes beta_2 m + (1 - beta_2) gradient.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    beta_1, beta_2 : float
        At least 0 and less than 1.
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
