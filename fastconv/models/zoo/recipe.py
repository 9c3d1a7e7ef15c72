"""How a network of the zoo is meant to be trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastconv.optimizers import Optimizer


def constant(epoch: int) -> float:
    """The schedule that changes nothing."""
    return 1.0


@dataclass(frozen=True)
class Recipe:
    """Optimizer, schedule and numbers of a training run.

    Attributes
    ----------
    make_optimizer : callable
        ``make_optimizer(learning_rate)`` returns a new optimizer.
    learning_rate : float
        At the beginning.
    batch_size, epochs : int
    schedule : callable
        ``schedule(epoch)``, counted from 0: what the learning rate is multiplied by.
    shuffle : bool
        Whether every epoch has a new order.
    """

    make_optimizer: Callable[[float], Optimizer]
    learning_rate: float
    batch_size: int
    epochs: int
    schedule: Callable[[int], float] = constant
    shuffle: bool = True
