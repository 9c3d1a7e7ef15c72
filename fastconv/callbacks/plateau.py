"""Reducing the learning rate on a plateau."""

from __future__ import annotations

from typing import Any

from fastconv._arguments import as_float, as_int
from fastconv.callbacks.arguments import as_verbosity
from fastconv.callbacks.base import Logs
from fastconv.callbacks.monitor import Monitor


class ReduceLROnPlateau(Monitor):
    """Reduce the learning rate when a value in the logs has not improved for some epochs.

    A resumed run continues the count of epochs.

    Parameters
    ----------
    monitor : str
        The name of the value in the logs.
    factor : float
        What the learning rate is multiplied by; above 0 and below 1.
    patience : int
        The number of epochs without improvement after which the learning rate is reduced.
    verbose : int
        1 prints a line for every change.
    mode : "auto", "min" or "max"
        Whether smaller or larger is better, as in `ModelCheckpoint`.
    min_delta : float
        The smallest change that counts as an improvement.
    cooldown : int
        The number of epochs after a change that do not count.
    min_lr : float
        The smallest learning rate.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or `monitor` is not in the logs.

    Examples
    --------
    >>> plateau = ReduceLROnPlateau("val_loss", factor=0.2, patience=5, min_lr=1e-5)
    """

    adds_to_logs = True

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **unknown: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta, **unknown)
        where = "ReduceLROnPlateau"
        self.factor = as_float(factor, "factor", where=where)
        if not 0 < self.factor < 1:
            raise ValueError(f"{where}: factor must be above 0 and below 1; received {factor!r}")
        self.patience = as_int(patience, "patience", where=where, minimum=0)
        self.cooldown = as_int(cooldown, "cooldown", where=where, minimum=0)
        self.min_lr = as_float(min_lr, "min_lr", where=where)
        self.verbose = as_verbosity(verbose, where=where)
        self.wait = self.cooldown_left = 0
        self.best: float | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.wait = self.cooldown_left = 0
        self.best = None
        for value in self.past():
            self._due(value)  # counts only: the saved model's learning rate is already reduced

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        value = self.watched(logs)
        if logs is not None:
            logs["learning_rate"] = optimizer.learning_rate
        if value is None or not self._due(value) or optimizer.learning_rate <= self.min_lr:
            return
        optimizer.learning_rate = max(self.factor * optimizer.learning_rate, self.min_lr)
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {optimizer.learning_rate:g}")

    def _due(self, value: float) -> bool:
        """Count an epoch, and return whether the learning rate is due to be reduced after it."""
        if self.cooldown_left:
            self.cooldown_left -= 1
            self.wait = 0
        if self.beats(value, self.best):
            self.best, self.wait = value, 0
        elif not self.cooldown_left:
            self.wait += 1
            if self.wait >= self.patience:
                self.cooldown_left, self.wait = self.cooldown, 0
                return True
        return False
