"""Learning rates that fall like a cosine: Keras's names and formulas."""

from __future__ import annotations

import math
from typing import Any

from fastconv.optimizers.schedules.base import LearningRateSchedule


class CosineDecay(LearningRateSchedule):
    """Half a cosine from the initial rate down to `alpha` times it, after an optional warm-up.

    Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).

    Parameters
    ----------
    initial_learning_rate, decay_steps, alpha : float
        The first rate (of the warm-up, if there is one), the steps of the decay, and the last rate
        as a share of the one that the decay starts from.
    warmup_target : float, optional
        If given, the rate first rises linearly from `initial_learning_rate` to it.
    warmup_steps : float
        The steps of the warm-up, before the `decay_steps`.

    Examples
    --------
    >>> schedule = CosineDecay(0.0, 100, warmup_target=0.2, warmup_steps=10)
    >>> schedule(5), schedule(10), schedule(60), schedule(110)
    (0.1, 0.2, 0.1, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        warmup_target: float | None = None,
        warmup_steps: float = 0,
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        self.initial_learning_rate = self.number(initial_learning_rate, "initial_learning_rate")
        self.decay_steps = self.steps(decay_steps, "decay_steps")
        self.alpha = self.number(alpha, "alpha")
        self.warmup_target = (
            None if warmup_target is None else self.number(warmup_target, "warmup_target")
        )
        self.warmup_steps = self.number(warmup_steps, "warmup_steps")

    def at(self, step: int) -> float:
        top, since = self.initial_learning_rate, float(step)
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return top + (self.warmup_target - top) * step / self.warmup_steps
            top, since = self.warmup_target, step - self.warmup_steps
        share = half_cosine(min(1.0, since / self.decay_steps))
        return top * ((1 - self.alpha) * share + self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine again and again, each `t_mul` times as long and `m_mul` times as high.

    Parameters
    ----------
    initial_learning_rate, first_decay_steps : float
    t_mul, m_mul : float
    alpha : float
        The lowest rate, as a share of the initial one.

    Examples
    --------
    >>> schedule = CosineDecayRestarts(0.2, 10)
    >>> schedule(5), schedule(10), schedule(20)
    (0.1, 0.2, 0.1)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        self.initial_learning_rate = self.number(initial_learning_rate, "initial_learning_rate")
        self.first_decay_steps = self.steps(first_decay_steps, "first_decay_steps")
        self.t_mul = self.number(t_mul, "t_mul", 1)
        self.m_mul = self.number(m_mul, "m_mul")
        self.alpha = self.number(alpha, "alpha")

    def at(self, step: int) -> float:
        since, length, height = float(step), self.first_decay_steps, 1.0
        if self.t_mul == 1:
            height = self.m_mul ** math.floor(since / length)
            since %= length
        while since >= length:
            since, length, height = since - length, length * self.t_mul, height * self.m_mul
        share = height * half_cosine(since / length)
        return self.initial_learning_rate * ((1 - self.alpha) * share + self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
        }


def half_cosine(share: float) -> float:
    """(1 + cos(pi * share)) / 2, which falls from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * share))
