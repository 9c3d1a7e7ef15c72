"""Save the model while it trains."""

from __future__ import annotations

import math
import os
from typing import Any

from fastconv._arguments import check_choice
from fastconv.callbacks.base import Callback, Logs


class ModelCheckpoint(Callback):
    """Save the model after every epoch, or after every epoch that beats all before it.

    The best value so far is part of the model's history, so a resumed run keeps it.

    Parameters
    ----------
    filepath : path
        Its folder is made if it does not exist. May hold ``{epoch}`` (counted from 1) and the
        names in the logs: ``"{epoch:02d}-{val_loss:.2f}.safetensors"``.
    monitor : str
        The name in the logs that is compared, e.g. "val_accuracy".
    verbose : int
        1 prints a line for every save.
    save_best_only : bool
    save_weights_only : bool
        Without the optimizer's state and the history: such a file cannot be resumed from.
    mode : "auto", "min" or "max"
        Whether less or more is better; "auto" takes more for accuracies and less for the rest.

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
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        self.filepath = os.fspath(filepath)
        self.monitor = monitor
        self.verbose = verbose
        self.save_best_only = bool(save_best_only)
        self.save_weights_only = bool(save_weights_only)
        check_choice(mode, ("auto", "min", "max"), where="ModelCheckpoint", what="mode")
        rising = mode == "max" or (mode == "auto" and monitor.endswith(("acc", "accuracy")))
        self._sign = 1.0 if rising else -1.0
        self.best: float | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        folder = os.path.dirname(self.filepath)
        if folder and "{" not in folder:
            os.makedirs(folder, exist_ok=True)
        self.best = None
        for value in self.model.history.history.get(self.monitor, []):
            if self._beats(value):
                self.best = value

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        if self.save_best_only:
            if self.monitor not in logs:
                raise ValueError(
                    f"ModelCheckpoint: monitor must be one of {', '.join(logs)}; "
                    f"received {self.monitor!r}"
                )
            if not self._beats(logs[self.monitor]):
                return
            self.best = logs[self.monitor]
        path = self.filepath.format(epoch=epoch + 1, **logs)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saved {path}")

    def _beats(self, value: float) -> bool:
        if not math.isfinite(value):
            return False
        return self.best is None or self._sign * (value - self.best) > 0
