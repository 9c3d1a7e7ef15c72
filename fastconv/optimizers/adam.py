"""Adam and its relatives, which keep running means of the gradient and of its square."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastconv.kernels.optimizers.optimizer_step import adam_step, lamb_step, nadam_step
from fastconv.optimizers.base import Arrays, Optimizer, Step
from fastconv.optimizers.hyperparameters import check_number, epsilon_of


class _TwoMeans(Optimizer):
    """m and v, running means of the gradient and of its square."""

    slot_names: tuple[str, ...] = ("m", "v")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        where = type(self).__name__
        self.beta_1 = check_number(beta_1, "beta_1", 0, 1, where=where)
        self.beta_2 = check_number(beta_2, "beta_2", 0, 1, where=where)
        self.epsilon = epsilon_of(epsilon, where=where)

    def get_config(self) -> dict[str, Any]:
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


class Adam(_TwoMeans):
    """Adam (Kingma & Ba 2015), with epsilon outside of the bias correction, as in Keras.

    m and v are running means of the gradient and of its square; step t changes the weights by
    learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon).

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    beta_1, beta_2 : float
        At least 0 and less than 1.
    epsilon : float
    amsgrad : bool
        Divide by the root of the largest v so far (Reddi et al. 2018).
    **kwargs
        What every `Optimizer` takes.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> Adam()
    Adam(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-07)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **kwargs)
        self.amsgrad = bool(amsgrad)
        self.slot_names = ("m", "v", "largest_v") if self.amsgrad else ("m", "v")

    def update(self, w: np.ndarray, g: np.ndarray, slots: Arrays, step: Step) -> None:
        t = step.number
        common = step.common(step.rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t))
        largest = slots.get("largest_v")
        adam_step(
            w, g, slots["m"], slots["v"], common, self.beta_1, self.beta_2, self.epsilon, largest
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | ({"amsgrad": True} if self.amsgrad else {})


class AdamW(Adam):
    """Adam with weight decay (Loshchilov & Hutter 2019).

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    weight_decay : float
        Each step subtracts learning_rate * weight_decay * weights from the weights.
    beta_1, beta_2, epsilon, amsgrad
        As in `Adam`.
    **kwargs
        What every `Optimizer` takes.

    Examples
    --------
    >>> AdamW(0.01).weight_decay
    0.004
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs
        )
        if self.weight_decay is None:
            raise ValueError("AdamW: weight_decay must be a number; received None")


class Nadam(_TwoMeans):
    """Adam with Nesterov's momentum (Dozat 2016), as in Keras.

    With u_t = beta_1 * (1 - 0.96^t / 2) and U_t the product of u_1 ... u_t, step t changes the
    weights by learning_rate / (sqrt(v / (1 - beta_2^t)) + epsilon) times
    u_(t+1) m / (1 - U_(t+1)) + (1 - u_t) gradient / (1 - U_t).

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    beta_1, beta_2, epsilon : float
        As in `Adam`.
    **kwargs
        What every `Optimizer` takes.
    """

    _product: tuple[int, float] = (0, 1.0)

    def update(self, w: np.ndarray, g: np.ndarray, slots: Arrays, step: Step) -> None:
        t = step.number
        product, ahead = self._product_to(t), self._factor(t + 1)
        of_mean = ahead / (1 - product * ahead)
        of_gradient = (1 - self._factor(t)) / (1 - product)
        # The kernel computes rate * (m + share * g) / (sqrt(v) + epsilon).
        root = math.sqrt(1 - self.beta_2**t)
        common = step.common(step.rate * root * of_mean)
        share = of_gradient / of_mean if of_mean else 0.0
        nadam_step(
            w, g, slots["m"], slots["v"], common, self.beta_1, self.beta_2, self.epsilon * root,
            share,
        )  # fmt: skip

    def _factor(self, t: int) -> float:
        return self.beta_1 * (1 - 0.5 * 0.96**t)

    def _product_to(self, t: int) -> float:
        """U_t: the same bits whether the steps are taken in one run or in several."""
        done, product = self._product if self._product[0] <= t else (0, 1.0)
        for k in range(done + 1, t + 1):
            product *= self._factor(k)
        self._product = (t, product)
        return product


class Lamb(_TwoMeans):
    """Adam with steps scaled to the norm of the weights (You et al. 2020), as in Keras.

    Each parameter is changed by ``learning_rate * |w| / |u| * u``, where u is Adam's direction
    m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + epsilon).

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
    beta_1, beta_2, epsilon : float
        As in `Adam`.
    **kwargs
        What every `Optimizer` takes.
    """

    each_alone = True

    def update(self, w: np.ndarray, g: np.ndarray, slots: Arrays, step: Step) -> None:
        m, v, betas = slots["m"], slots["v"], (self.beta_1, self.beta_2)
        lamb_step(w, g, m, v, step.common(), step.number, *betas, self.epsilon)


LAMB = Lamb
