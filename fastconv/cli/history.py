"""``history.csv``: a line per epoch, with the seconds that it took."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

from fastconv.callbacks import Callback
from fastconv.utils.files import write_atomically

Logs = dict[str, float]
_COLUMNS = {
    "training_loss": "loss",
    "training_accuracy": "accuracy",
    "test_loss": "val_loss",
    "test_accuracy": "val_accuracy",
    "learning_rate": "learning_rate",
}


class HistoryFile(Callback):
    """Write the model's history after every epoch.

    The seconds of earlier epochs are taken over from the file: they are no part of a checkpoint,
    which two runs with one seed are to write alike.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.seconds: dict[int, float] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.seconds = {}
        if self.params["initial_epoch"] > 0 and self.path.exists():
            self.seconds = read_seconds(self.path)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.seconds[epoch] = time.perf_counter() - self.started
        history = self.model.history
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["epoch", *_COLUMNS, "seconds"])
        for row, number in enumerate(history.epoch):
            values = [repr(history.history[name][row]) for name in _COLUMNS.values()]
            taken = self.seconds.get(number)
            writer.writerow([number + 1, *values, "" if taken is None else f"{taken:.3f}"])
        write_atomically(self.path, [text.getvalue().encode()])

    def total_seconds(self) -> float:
        """The time that all epochs took, as far as it is known."""
        return sum(self.seconds.values())


def read_seconds(path: Path) -> dict[int, float]:
    """The seconds of every epoch, counted from 0, in a history file; lines without are left out."""
    found = {}
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        for line in csv.DictReader(file):
            try:
                found[int(line["epoch"]) - 1] = float(line["seconds"])
            except (KeyError, TypeError, ValueError):
                continue
    return found
