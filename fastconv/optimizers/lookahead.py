"""Lookahead: a slow average that replaces the weights every few steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastconv._arguments import as_int
from fastconv.kernels.optimizers.parameter_sums import blend
from fastconv.optimizers.hyperparameters import check_number
from fastconv.utils.configured import Configured


class Lookahead(Configured):
    """Every few steps, replace all weights by a running average of them.

    After step t, if `every` divides t: ``slow = decay * slow + (1 - decay) * weights`` and
    ``weights = slow``, over all parameters of the model, running statistics included. With
    `total_steps` the decay grows as ``decay * (t / total_steps) ** power``, and the last step
    copies the average without updating it. (Zhang et al., "Lookahead optimizer: k steps forward, 1
    step back", 2019; there the decay is constant.)

    Parameters
    ----------
    every : int
    decay : float
        At least 0 and at most 1.
    power : float
    total_steps : int, optional
        Without it the decay is constant.

    Examples
    --------
    >>> Lookahead(5, 0.95**5, power=3, total_steps=100).decay_at(50)  # doctest: +ELLIPSIS
    0.0967...
    """

    def __init__(
        self,
        every: int = 5,
        decay: float = 0.5,
        power: float = 0.0,
        total_steps: int | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        where = "Lookahead"
        self.every = as_int(every, "every", where=where)
        self.decay = check_number(decay, "decay", 0, math.nextafter(1.0, 2.0), where=where)
        self.power = check_number(power, "power", 0, math.inf, where=where)
        self.total_steps = (
            None if total_steps is None else as_int(total_steps, "total_steps", where=where)
        )

    def decay_at(self, step: int) -> float:
        """The decay after `step` steps."""
        if self.total_steps is None:
            return self.decay
        return self.decay * min(1.0, step / self.total_steps) ** self.power

    def follow(self, step: int, weights: np.ndarray, slow: np.ndarray) -> None:
        """Update `slow` and `weights` in place after step `step`."""
        if step == self.total_steps:
            weights[...] = slow
        elif step % self.every == 0:
            blend(weights, slow, 1 - self.decay_at(step))
            weights[...] = slow

    def get_config(self) -> dict[str, Any]:
        return {
            "every": self.every,
            "decay": self.decay,
            "power": self.power,
            "total_steps": self.total_steps,
        }
