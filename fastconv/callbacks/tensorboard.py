"""Curves for TensorBoard."""

from __future__ import annotations

import os
from typing import Any

from fastconv._arguments import as_int, as_path
from fastconv.callbacks.arguments import as_frequency
from fastconv.callbacks.base import Callback, Logs


class TensorBoard(Callback):
    """Write the logs where TensorBoard shows them: folders "train" and "validation" in `log_dir`.

    Needs the package tensorboardX: ``pip install fastconv[tensorboard]``.

    Parameters
    ----------
    log_dir : path
    histogram_freq : int
        Write histograms of the weights after every so many epochs; 0 writes none.
    update_freq : "epoch", "batch" or int
        Besides after every epoch, write the means so far after every step, or every so many steps.

    Raises
    ------
    ImportError
        If tensorboardX is missing.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        update_freq: str | int = "epoch",
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        where = "TensorBoard"
        self.log_dir = as_path(log_dir, "log_dir", where=where)
        self.histogram_freq = as_int(histogram_freq, "histogram_freq", where=where, minimum=0)
        words = {"epoch": 0, "batch": 1}
        self.every = as_frequency(update_freq, "update_freq", words, where=where)
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise ImportError(
                "TensorBoard: the package tensorboardX is needed: pip install "
                "'fastconv[tensorboard]'"
            ) from error
        self._make = SummaryWriter
        self._writers: dict[str, Any] = {}

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        step = self.model.optimizer.iterations
        if self.every and step % self.every == 0:
            for name, value in (logs or {}).items():
                self._writer("train").add_scalar(f"batch_{name}", value, step)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        for name, value in (logs or {}).items():
            plain = name.removeprefix("val_")
            writer = self._writer("train" if plain == name else "validation")
            writer.add_scalar(f"epoch_{plain}", value, epoch)
        if self.histogram_freq and (epoch + 1) % self.histogram_freq == 0:
            for parameter in self.model.parameters:
                self._writer("train").add_histogram(parameter.name, parameter.value, epoch)
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _writer(self, part: str) -> Any:
        if part not in self._writers:
            self._writers[part] = self._make(os.path.join(self.log_dir, part))
        return self._writers[part]
