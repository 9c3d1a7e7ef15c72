"""Early stopping."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_int, optional_float
from fastconv.callbacks.arguments import as_verbosity
from fastconv.callbacks.base import Logs
from fastconv.callbacks.monitor import Monitor


class EarlyStopping(Monitor):
    """Stop training when a value in the logs has not improved for some epochs.

    A resumed run continues where the saved one stopped: the count of epochs follows from the
    history, and the best weights are in the file.

    Parameters
    ----------
    monitor : str
        The name of the value in the logs.
    min_delta : float
        The smallest change that counts as an improvement.
    patience : int
        The number of epochs without improvement after which training stops.
    verbose : int
        1 prints a line when training stops.
    mode : "auto", "min" or "max"
        Whether smaller or larger is better, as in `ModelCheckpoint`.
    baseline : float, optional
        Only an improvement beyond this value resets the count of epochs.
    restore_best_weights : bool
        Whether the model ends with the weights of its best epoch.
    start_from_epoch : int
        The first epoch, counted from 0, that counts.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or `monitor` is not in the logs.

    Examples
    --------
    >>> stop = EarlyStopping("val_loss", patience=3, restore_best_weights=True)
    """

    adds_to_logs = True  # so that it is called before the callbacks that save the model

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
        **unknown: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta, **unknown)
        where = "EarlyStopping"
        self.patience = as_int(patience, "patience", where=where, minimum=0)
        self.verbose = as_verbosity(verbose, where=where)
        self.baseline = optional_float(baseline, "baseline", where=where)
        self.restore_best_weights = bool(restore_best_weights)
        self.start_from_epoch = as_int(start_from_epoch, "start_from_epoch", where=where, minimum=0)
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best: float | None = None
        self.best_weights: dict[str, np.ndarray] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best, self.best_weights = None, None
        past = self.past()
        for epoch, value in zip(self.model.history.epoch[-len(past) :], past, strict=False):
            self._take(epoch, value)
        if past and self.restore_best_weights:
            self.best_weights = self.model.kept_weights
        else:
            self.model.kept_weights = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self.watched(logs)
        if value is None:
            return
        better = self._take(epoch, value)
        if self.restore_best_weights and (better or self.best_weights is None):
            self.best_weights = {p.name: p.value.copy() for p in self.model.parameters}
            self.model.kept_weights = self.best_weights
        if self.wait >= self.patience and self.wait and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            if self.verbose:
                print(f"Epoch {epoch + 1}: {self.monitor} does not get better, the training ends")

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.best_weights is not None:
            for parameter in self.model.parameters:
                parameter.value = self.best_weights[parameter.name]
        self.model.kept_weights = None

    def _take(self, epoch: int, value: float) -> bool:
        """Count an epoch, and return whether it is the best so far."""
        if epoch < self.start_from_epoch:
            return False
        self.wait += 1
        if not self.beats(value, self.best):
            return False
        self.best, self.best_epoch = value, epoch
        if self.baseline is None or self.beats(value, self.baseline):
            self.wait = 0
        return True
