"""Resuming an interrupted training."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fastconv._arguments import as_path
from fastconv.callbacks.arguments import as_frequency
from fastconv.callbacks.base import Callback, Logs


class BackupAndRestore(Callback):
    """Keep a backup of the whole training state in a folder, from which the next `fit` resumes.

    If the folder holds a backup when `fit` begins, the model's weights, the optimizer's state and
    the history are read from it, and training resumes from there: it ends in the same bits as one
    that was never interrupted. The backup is removed when training completes.

    Parameters
    ----------
    backup_dir : path
        Created if it does not exist.
    save_freq : "epoch" or int
        Save after every epoch, or after every so many steps, if the number of batches is known. A
        run resumed in the middle of an epoch skips the batches that were already trained on; the
        logs of that epoch are then means over the others.
    delete_checkpoint : bool
        Whether the backup is removed at the end.

    Raises
    ------
    ValueError
        If the backup is of another model, or the number of steps in an epoch is needed and unknown.
    """

    comes_last = True

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        delete_checkpoint: bool = True,
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        where = "BackupAndRestore"
        self.path = Path(as_path(backup_dir, "backup_dir", where=where)) / "backup.safetensors"
        self.every = as_frequency(save_freq, "save_freq", {"epoch": 0}, where=where)
        self.delete_checkpoint = bool(delete_checkpoint)
        self._due = False

    def restore(self) -> None:
        if self.path.exists():
            self.model.restore_training(self.path)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._due = False
        if self.every and self.params["steps"] is None:
            raise ValueError(
                f"BackupAndRestore: save_freq={self.every} needs to know the batches of an epoch: "
                "give fit steps_per_epoch, or data with a length; received data without"
            )

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.every and self.model.optimizer.iterations % self.every == 0:
            # After the last batch, wait for the end of the epoch, and save all of it.
            self._due = batch + 1 == self.params["steps"]
            if not self._due:
                self._save()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self._due or not self.every:
            self._due = False
            self._save()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint:
            self.path.unlink(missing_ok=True)

    def _save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.model.save(self.path)
