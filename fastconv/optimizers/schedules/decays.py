"""Learning rates that fall by a formula: Keras's names and formulas."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from typing import Any

from fastconv._arguments import as_float, items_of
from fastconv.optimizers.schedules.base import LearningRateSchedule


class _Decay(LearningRateSchedule):
    """An initial rate, a number of steps, and a rate of decay per that many steps."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        self.initial_learning_rate = self.number(initial_learning_rate, "initial_learning_rate")
        self.decay_steps = self.steps(decay_steps, "decay_steps")
        self.decay_rate = self.number(decay_rate, "decay_rate")
        self.staircase = bool(staircase)

    def decays(self, step: int) -> float:
        """step / decay_steps, rounded down with `staircase`."""
        passed = step / self.decay_steps
        return math.floor(passed) if self.staircase else passed

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
        }


class ExponentialDecay(_Decay):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate, decay_steps, decay_rate : float
    staircase : bool
        Whether the quotient is rounded down.

    Examples
    --------
    >>> ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)(200)
    0.025
    """

    def at(self, step: int) -> float:
        return self.initial_learning_rate * self.decay_rate ** self.decays(step)


class InverseTimeDecay(_Decay):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate, decay_steps, decay_rate : float
    staircase : bool
        Whether the quotient is rounded down.

    Examples
    --------
    >>> InverseTimeDecay(0.1, decay_steps=1, decay_rate=0.25)(4)
    0.05
    """

    def at(self, step: int) -> float:
        return self.initial_learning_rate / (1 + self.decay_rate * self.decays(step))


class PolynomialDecay(LearningRateSchedule):
    """From the initial to the end rate, by a power of the remaining share of the steps.

    Parameters
    ----------
    initial_learning_rate, decay_steps, end_learning_rate, power : float
        ``(initial - end) * (1 - step / decay_steps) ** power + end``
    cycle : bool
        After `decay_steps`, start again with twice (then three times, ...) as many steps.

    Examples
    --------
    >>> PolynomialDecay(0.3, decay_steps=100, end_learning_rate=0.1)(50)
    0.2
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        self.initial_learning_rate = self.number(initial_learning_rate, "initial_learning_rate")
        self.decay_steps = self.steps(decay_steps, "decay_steps")
        self.end_learning_rate = self.number(end_learning_rate, "end_learning_rate")
        self.power = self.number(power, "power")
        self.cycle = bool(cycle)

    def at(self, step: int) -> float:
        rounds = max(1, math.ceil(step / self.decay_steps)) if self.cycle else 1
        left = 1 - min(1.0, step / (self.decay_steps * rounds))
        gap = self.initial_learning_rate - self.end_learning_rate
        return gap * left**self.power + self.end_learning_rate

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
        }


class PiecewiseConstantDecay(LearningRateSchedule):
    """One rate up to and including the first boundary, the next up to the second, and so on.

    Parameters
    ----------
    boundaries : list of float
        Increasing numbers of steps.
    values : list of float
        The rates, one more than boundaries.

    Examples
    --------
    >>> schedule = PiecewiseConstantDecay([100, 200], [0.1, 0.01, 0.001])
    >>> schedule(100), schedule(101), schedule(1000)
    (0.1, 0.01, 0.001)
    """

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], **unknown: Any
    ) -> None:
        super().__init__(**unknown)
        where = "PiecewiseConstantDecay"
        for given, what in ((boundaries, "boundaries"), (values, "values")):
            if items_of(given) is None:
                raise TypeError(f"{where}: {what} must be a list of numbers; received {given!r}")
        self.boundaries = [as_float(b, "every boundary", where=where) for b in boundaries]
        self.values = [self.number(value, "every value") for value in values]
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"{where}: values must be one more than boundaries; received "
                f"{len(self.values)} and {len(self.boundaries)}"
            )
        if sorted(self.boundaries) != self.boundaries:
            raise ValueError(f"{where}: boundaries must rise; received {self.boundaries}")

    def at(self, step: int) -> float:
        return self.values[bisect.bisect_left(self.boundaries, step)]

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values}
