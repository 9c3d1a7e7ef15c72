"""The training recipes of the zoo's networks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from fastconv.optimizers import Optimizer


def constant(epoch: int) -> float:
    """A constant learning rate."""
    return 1.0


def tenth_every(epochs: int) -> Callable[[int], float]:
    """A schedule that divides the learning rate by 10 after every so many epochs."""
    return lambda epoch: 0.1 ** (epoch // epochs)


def cosine(epochs: int) -> Callable[[int], float]:
    """A cosine schedule, from 1 at the start to 0 at the end of the run."""
    return lambda epoch: 0.5 + 0.5 * math.cos(math.pi * epoch / epochs)


@dataclass(frozen=True)
class Hyperparameters:
    """Optimizer, schedule and hyperparameters that a network is trained with.

    Attributes
    ----------
    make_optimizer : callable
        ``make_optimizer(learning_rate)`` returns a new optimizer.
    learning_rate : float
        The initial learning rate.
    batch_size, epochs : int
    schedule : callable
        ``schedule(epoch)``, counted from 0, is the factor of the learning rate.
    shuffle : bool
        Whether every epoch takes the samples in a new order.
    """

    make_optimizer: Callable[[float], Optimizer]
    learning_rate: float
    batch_size: int
    epochs: int
    schedule: Callable[[int], float] = constant
    shuffle: bool = True
