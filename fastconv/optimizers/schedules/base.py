"""The base of all schedules: a learning rate for each step."""

from __future__ import annotations

import math
from typing import Any

from fastconv.optimizers.hyperparameters import check_number
from fastconv.utils.configured import Configured


class LearningRateSchedule(Configured):
    """The learning rate as a function of the number of steps taken: ``schedule(step)``.

    A subclass defines `at`, or `__call__`.

    Parameters
    ----------
    name : str, optional
        For the caller's own use.
    """

    def __init__(self, name: str | None = None, **unknown: Any) -> None:
        super().__init__(**unknown)
        self.name = name or type(self).__name__

    def __call__(self, step: int) -> float:
        return float(self.at(int(step)))

    def at(self, step: int) -> float:
        """The learning rate after `step` steps, 0 for the first one."""
        raise NotImplementedError(f"{type(self).__name__} must define at(step)")

    def number(self, value: Any, what: str, low: float = 0) -> float:
        """A checked argument: finite and at least `low`."""
        return check_number(value, what, low, math.inf, where=type(self).__name__)

    def steps(self, value: Any, what: str) -> float:
        """A checked argument: a number of steps above 0."""
        number = self.number(value, what)
        if number == 0:
            raise ValueError(f"{type(self).__name__}: {what} must be above 0; received {value!r}")
        return number
