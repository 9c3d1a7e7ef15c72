"""Learning rate schedules by epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fastconv.callbacks.arguments import as_verbosity
from fastconv.callbacks.base import Callback, Logs


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of every epoch.

    Parameters
    ----------
    schedule : callable
        ``schedule(epoch, learning_rate)`` or ``schedule(epoch)`` returns the epoch's learning rate;
        epochs are counted from 0.
    verbose : int
        1 prints the learning rate of every epoch.

    Raises
    ------
    TypeError, ValueError
        If the schedule is not callable, or returns an invalid learning rate.
    """

    adds_to_logs = True

    def __init__(self, schedule: Callable[..., float], verbose: int = 0, **unknown: Any) -> None:
        super().__init__(**unknown)
        if not callable(schedule):
            raise TypeError(
                f"LearningRateScheduler: schedule must be a function of the epoch (and the "
                f"learning rate); received {schedule!r}"
            )
        self.schedule = schedule
        self.verbose = as_verbosity(verbose, where="LearningRateScheduler")
        try:
            inspect.signature(schedule).bind(0, 0.0)
            self.takes_rate = True
        except TypeError:
            self.takes_rate = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        arguments = (epoch, optimizer.learning_rate) if self.takes_rate else (epoch,)
        optimizer.learning_rate = self.schedule(*arguments)
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {optimizer.learning_rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = self.model.optimizer.learning_rate
