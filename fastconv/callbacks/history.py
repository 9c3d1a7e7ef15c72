"""The history of a training run."""

from __future__ import annotations

from typing import Any

from fastconv.callbacks.base import Callback, Logs


class History(Callback):
    """The logs of every epoch; `fit` returns one.

    Attributes
    ----------
    epoch : list of int
        The epochs, counted from 0.
    history : dict of lists
        For every name ("loss", "accuracy", "val_loss", ...), its value after each epoch.
    """

    def __init__(self, **unknown: Any) -> None:
        super().__init__(**unknown)
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def before(self, epoch: int) -> History:
        """A new history of the epochs before `epoch`, to which a resumed run appends."""
        past = History()
        keep = [i for i, number in enumerate(self.epoch) if number < epoch]
        past.epoch = [self.epoch[i] for i in keep]
        for name, values in self.history.items():
            if len(values) == len(self.epoch):
                past.history[name] = [values[i] for i in keep]
        return past

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
