"""Saving the model during training."""

from __future__ import annotations

import os
from typing import Any

from fastconv._arguments import as_path, optional_float
from fastconv.callbacks.arguments import as_frequency, as_verbosity
from fastconv.callbacks.base import Logs
from fastconv.callbacks.monitor import Monitor


class ModelCheckpoint(Monitor):
    """Save the model after every epoch, or after every epoch that is the best so far.

    The best value so far is part of the model's history, so a resumed run keeps it.

    Parameters
    ----------
    filepath : path
        Its folder is created if it does not exist. May hold ``{epoch}`` (counted from 1) and the
        names in the logs: ``"{epoch:02d}-{val_loss:.2f}.safetensors"``.
    monitor : str
        The name of the value in the logs that is compared, e.g. "val_accuracy".
    verbose : int
        1 prints a line for every save.
    save_best_only : bool
    save_weights_only : bool
        Without the optimizer's state and the history: training cannot resume from such a file.
    mode : "auto", "min" or "max"
        Whether smaller or larger is better; "auto" is "max" for accuracies, precision, recall, F1
        and AUC, and "min" for the rest.
    save_freq : "epoch" or int
        Save after every epoch, or after every so many steps (the file's name may hold ``{batch}``).
    initial_value_threshold : float, optional
        Only values better than this are saved.

    Raises
    ------
    TypeError, ValueError
        If `mode` is unknown, or `monitor` is not in the logs.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(monitor, mode, **unknown)
        where = "ModelCheckpoint"
        self.filepath = as_path(filepath, "filepath", where=where)
        self.verbose = as_verbosity(verbose, where=where)
        self.save_best_only = bool(save_best_only)
        self.save_weights_only = bool(save_weights_only)
        self.every = as_frequency(save_freq, "save_freq", {"epoch": 0}, where=where)
        self.initial_value_threshold = optional_float(
            initial_value_threshold, "initial_value_threshold", where=where
        )
        self.best: float | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        folder = os.path.dirname(self.filepath)
        if folder and "{" not in folder:
            os.makedirs(folder, exist_ok=True)
        self.best = self.initial_value_threshold
        for value in self.past():
            if self.beats(value, self.best):
                self.best = value

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.every and self.model.optimizer.iterations % self.every == 0:
            self._save(self.epoch, {**(logs or {}), "batch": batch + 1})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if not self.every:
            self._save(epoch, logs or {})

    def _save(self, epoch: int, logs: Logs) -> None:
        if self.save_best_only:
            value = self.watched(logs)
            if value is None or not self.beats(value, self.best):
                return
            self.best = value
        path = self.filepath.format(epoch=epoch + 1, **logs)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saved {path}")
