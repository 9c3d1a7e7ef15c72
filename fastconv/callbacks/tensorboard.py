"""Logging for TensorBoard."""

from __future__ import annotations

import os
import time
from typing import Any

from fastconv._arguments import as_int, as_path
from fastconv.callbacks.arguments import as_frequency
from fastconv.callbacks.base import Callback, Logs
from fastconv.callbacks.tensorboard_graph import graph_event, picture


class TensorBoard(Callback):
    """Write the logs for TensorBoard, in the folders "train" and "validation" of `log_dir`.

    Needs the package tensorboardX: ``pip install fastconv[tensorboard]``.

    Parameters
    ----------
    log_dir : path
    histogram_freq : int
        Write histograms of the weights after every so many epochs; 0 writes none.
    write_graph : bool
        Write the model's graph when training begins.
    write_images : bool
        Write the kernels as images along with the histograms.
    write_steps_per_second : bool
        Write the steps per second of every epoch, without its validation.
    update_freq : "epoch", "batch" or int
        "batch" or a number also writes the running means after every step, or every so many steps.
    profile_batch, embeddings_freq, embeddings_metadata
        As in Keras, but not supported: leave them out, or pass 0 or None. ``model.profile = True``
        times every step.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.
    ImportError
        If tensorboardX is missing.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: int = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(**unknown)
        where = "TensorBoard"
        self.log_dir = as_path(log_dir, "log_dir", where=where)
        self.histogram_freq = as_int(histogram_freq, "histogram_freq", where=where, minimum=0)
        self.write_graph = bool(write_graph)
        self.write_images = bool(write_images)
        self.write_steps_per_second = bool(write_steps_per_second)
        for value, what in (
            (profile_batch, "profile_batch"),
            (embeddings_freq, "embeddings_freq"),
            (embeddings_metadata, "embeddings_metadata"),
        ):
            if value not in (0, None):
                raise ValueError(f"{where}: {what} must be left out; received {value!r}")
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
        self._began, self._steps, self._seconds = 0.0, 0, 0.0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self.write_graph:
            self._writer("train").file_writer.add_event(graph_event(self.model))

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._began, self._steps, self._seconds = time.perf_counter(), 0, 0.0

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._steps, self._seconds = self._steps + 1, time.perf_counter() - self._began
        step = self.model.optimizer.iterations
        if self.every and step % self.every == 0:
            for name, value in (logs or {}).items():
                self._writer("train").add_scalar(f"batch_{name}", value, step)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        for name, value in (logs or {}).items():
            plain = name.removeprefix("val_")
            writer = self._writer("train" if plain == name else "validation")
            writer.add_scalar(f"epoch_{plain}", value, epoch)
        if self.write_steps_per_second and self._seconds:
            rate = self._steps / self._seconds
            self._writer("train").add_scalar("epoch_steps_per_second", rate, epoch)
        if self.histogram_freq and (epoch + 1) % self.histogram_freq == 0:
            self._write_weights(epoch)
        for writer in self._writers.values():
            writer.flush()

    def _write_weights(self, epoch: int) -> None:
        writer = self._writer("train")
        for parameter in self.model.parameters:
            writer.add_histogram(parameter.name, parameter.value, epoch)
            shown = picture(parameter.value) if self.write_images else None
            if shown is not None:
                writer.add_image(f"{parameter.name}/image", shown, epoch, dataformats="HW")

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _writer(self, part: str) -> Any:
        if part not in self._writers:
            self._writers[part] = self._make(os.path.join(self.log_dir, part))
        return self._writers[part]
