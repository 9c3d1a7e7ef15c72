"""Learning rates that rise and fall once."""

from __future__ import annotations

import math
from typing import Any

from fastconv._arguments import check_choice
from fastconv.optimizers.schedules.base import LearningRateSchedule
from fastconv.optimizers.schedules.cosine import half_cosine


class OneCycle(LearningRateSchedule):
    """Up to the largest rate and down to almost 0, in `total_steps`.

    Smith, Topin, "Super-convergence" (2018): the rate rises from ``max_learning_rate / div_factor``
    over the first `pct_start` of the steps, then falls to that first rate divided by
    `final_div_factor`.

    Parameters
    ----------
    max_learning_rate : float
    total_steps : int
    pct_start, div_factor, final_div_factor : float
    anneal_strategy : "cos" or "linear"

    Examples
    --------
    >>> schedule = OneCycle(1.0, total_steps=101, pct_start=0.5)
    >>> round(schedule(0), 6), round(schedule(49), 3), schedule(100)
    (0.04, 1.0, 4e-06)
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        anneal_strategy: str = "cos",
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        self.max_learning_rate = self.number(max_learning_rate, "max_learning_rate")
        self.total_steps = self.steps(total_steps, "total_steps")
        self.pct_start = self.number(pct_start, "pct_start")
        self.div_factor = self.steps(div_factor, "div_factor")
        self.final_div_factor = self.steps(final_div_factor, "final_div_factor")
        self.anneal_strategy = check_choice(
            anneal_strategy, ("cos", "linear"), where="OneCycle", what="anneal_strategy"
        )

    def at(self, step: int) -> float:
        last, peak = self.total_steps - 1, self.pct_start * self.total_steps - 1
        start = self.max_learning_rate / self.div_factor
        if step <= peak:
            return self._between(start, self.max_learning_rate, step / max(peak, 1e-12))
        share = min(1.0, (step - peak) / max(last - peak, 1e-12))
        return self._between(self.max_learning_rate, start / self.final_div_factor, share)

    def _between(self, a: float, b: float, share: float) -> float:
        if share >= 1:
            return b
        left = half_cosine(share) if self.anneal_strategy == "cos" else 1 - share
        return b + (a - b) * left

    def get_config(self) -> dict[str, Any]:
        return {
            "max_learning_rate": self.max_learning_rate,
            "total_steps": self.total_steps,
            "pct_start": self.pct_start,
            "div_factor": self.div_factor,
            "final_div_factor": self.final_div_factor,
            "anneal_strategy": self.anneal_strategy,
        }


class Triangular(LearningRateSchedule):
    """A straight line up to the peak and another one down, as shares of the peak's rate.

    Parameters
    ----------
    peak_learning_rate : float
    total_steps : int
    start, end : float
        The first and the last rate, as shares of the peak's.
    peak : float
        The share of the steps after which the peak is reached; it is rounded down to a step.

    Examples
    --------
    >>> schedule = Triangular(2.0, total_steps=100, start=0.2, peak=0.25, end=0.07)
    >>> schedule(0), schedule(25), round(schedule(100), 6)
    (0.4, 2.0, 0.14)
    """

    def __init__(
        self,
        peak_learning_rate: float,
        total_steps: int,
        start: float = 0.0,
        peak: float = 0.5,
        end: float = 0.0,
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        self.peak_learning_rate = self.number(peak_learning_rate, "peak_learning_rate")
        self.total_steps = self.steps(total_steps, "total_steps")
        self.start, self.end = self.number(start, "start"), self.number(end, "end")
        self.peak = self.number(peak, "peak")

    def at(self, step: int) -> float:
        top = math.floor(self.peak * self.total_steps)
        if step < top:
            share = self.start + (1 - self.start) * step / top
        else:
            passed = min(1.0, (step - top) / max(self.total_steps - top, 1))
            share = 1 + (self.end - 1) * passed
        return self.peak_learning_rate * share

    def get_config(self) -> dict[str, Any]:
        return {
            "peak_learning_rate": self.peak_learning_rate,
            "total_steps": self.total_steps,
            "start": self.start,
            "peak": self.peak,
            "end": self.end,
        }
