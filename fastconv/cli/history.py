"""The history of a run: ``history.csv``, with the seconds of every epoch, and its curves."""

from __future__ import annotations

import csv
import io
import math
import time
from pathlib import Path

from fastconv.callbacks import Callback, History
from fastconv.utils.figures import new_figure, write_png
from fastconv.utils.files import write_atomically

Logs = dict[str, float]
_MOST_BYTES = 1 << 21  # an epoch's two numbers take up to fifteen times their line in memory
_COLUMNS = {
    "training_loss": "loss",
    "training_accuracy": "accuracy",
    "test_loss": "val_loss",
    "test_accuracy": "val_accuracy",
    "learning_rate": "learning_rate",
}


class HistoryFile(Callback):
    """Write the model's history, a line per epoch, after every epoch.

    In a resumed run the seconds of earlier epochs are read from the file. They are not in a
    checkpoint, since two runs with one seed must write the same checkpoints.
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
        """The time of all epochs, as far as it is known."""
        return sum(self.seconds.values())


def read_seconds(path: Path) -> dict[int, float]:
    """The seconds of every epoch, counted from 0, in a history file.

    Lines without are left out, and so are those that are damaged, and what follows the first 2 MiB,
    some 20,000 epochs: a run that goes on writes the file anew, and lacks nothing else for its
    total time.
    """
    found: dict[int, float] = {}
    with path.open("rb") as file:
        text = file.read(_MOST_BYTES).decode(errors="replace")
    with io.StringIO(text, newline="") as content:
        lines = csv.DictReader(content)
        while True:
            try:
                line = next(lines)
                epoch, seconds = int(line["epoch"]), float(line["seconds"])
            except StopIteration:
                return found
            except (csv.Error, KeyError, TypeError, ValueError):  # csv.Error: a field too long
                continue
            if epoch >= 1 and 0 <= seconds < math.inf:
                found[epoch - 1] = seconds


def write_curves(history: History, path: Path, title: str) -> bool:
    """Draw loss and accuracy by epoch into a PNG; return False if matplotlib is missing."""
    figure = new_figure(9, 3.6)
    if figure is None:
        return False
    from matplotlib.ticker import MaxNLocator

    figure.suptitle(title)
    epochs = [number + 1 for number in history.epoch]
    for axes, name, scale in zip(
        figure.subplots(1, 2), ("loss", "accuracy"), (1.0, 100.0), strict=True
    ):
        for key, label in ((name, "training"), (f"val_{name}", "test")):
            values = [scale * value for value in history.history[key]]
            axes.plot(epochs, values, marker="." if len(epochs) < 40 else "", label=label)
        axes.set_xlabel("epoch")
        axes.set_ylabel("accuracy [%]" if name == "accuracy" else name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    write_png(figure, path)
    return True
