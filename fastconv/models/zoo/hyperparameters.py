"""How a network of the zoo is meant to be trained."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from fastconv.optimizers import Optimizer


def constant(epoch: int) -> float:
    """The schedule that changes nothing."""
    return 1.0


def tenth_every(epochs: int) -> Callable[[int], float]:
    """A tenth of the learning rate after every so many epochs."""
    return lambda epoch: 0.1 ** (epoch // epochs)


def cosine(epochs: int) -> Callable[[int], float]:
    """Half a cosine, from 1 to 0 at the end of the run."""
    return lambda epoch: 0.5 + 0.5 * math.cos(math.pi * epoch / epochs)


@dataclass(frozen=True)
class Hyperparameters:
    """Optimizer, schedule and numbers that a network is trained by.

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
