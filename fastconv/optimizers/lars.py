"""LARS: SGD with a learning rate for every array."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastconv.kernels.optimizers.optimizer_step import sgd_step
from fastconv.kernels.optimizers.parameter_sums import sum_squares
from fastconv.optimizers.base import Arrays, Optimizer, Step
from fastconv.optimizers.numbers import check_number


class Lars(Optimizer):
    """Layer-wise adaptive rates (You, Gitman, Ginsburg 2017), for large batches.

    SGD with momentum, in which every parameter's learning rate is multiplied by
    ``trust_coefficient * |w| / (|g| + weight_decay * |w| + epsilon)``, by 1 where a norm is 0, and
    for parameters of one axis (biases). The weight decay is part of the gradient.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    momentum : float
        From 0 up to, but not including, 1.
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
