"""The table of training times, with the published rows: as Markdown and as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastconv.bench.machine import processor
from fastconv.bench.training_times.training_run import Task
from fastconv.utils.figures import new_figure, write_png
from fastconv.utils.text import duration

PUBLISHED_IMAGES = 60 * 50_000  # over all epochs of a published run


@dataclass(frozen=True)
class TableRow:
    """A row of the table.

    Attributes
    ----------
    seconds : float
        Of the whole training, tests included; extrapolated if fewer epochs were measured.
    accuracy : float or None
        The best after any epoch, or for a recipe by its views after the last one; None if not all
        epochs were trained.
    images_per_second : float
        In training; tests excluded.
    images : int
        Over all epochs of the training.
    epochs, measured : int
    curve : list of (float, float)
        Seconds since the start, tests included, and test accuracy, after every epoch.
    """

    device: str
    program: str
    threads: int | None
    batch_size: int
    seconds: float
    accuracy: float | None
    images_per_second: float
    images: int = PUBLISHED_IMAGES
    epochs: int = 60
    measured: int = 60
    curve: tuple[tuple[float, float], ...] = ()

    @property
    def ratio(self) -> float:
        """The speed-up over the published processor: images per second, tests included."""
        return (self.images / self.seconds) / (CPU.images / CPU.seconds)

    @property
    def extrapolated(self) -> bool:
        """Whether the time is extrapolated from fewer epochs."""
        return self.measured < self.epochs

    def get_config(self) -> dict[str, Any]:
        """JSON values."""
        return {**vars(self), "ratio_to_published_cpu": self.ratio}


GPU = TableRow("NVidia GTX 1070", "TensorFlow 1", None, 128, 8 * 60 + 4, 0.7912, 7100)
CPU = TableRow("Intel i7 7700HQ", "TensorFlow 1", None, 128, 3.5 * 3600, 0.7891, 238)
PUBLISHED = (GPU, CPU)


def row_of(run: Mapping[str, Any]) -> TableRow:
    """The row of a run with at least one epoch.

    Missing epochs count as the mean of the epochs so far, without the first one, which also has the
    preparation.
    """
    task = Task.from_config(run["task"])
    epochs = run["epochs"][: task.epochs]
    training = sum(epoch["training_seconds"] for epoch in epochs)
    curve, clock = [], 0.0
    for epoch in epochs:
        clock += epoch["training_seconds"] + epoch["test_seconds"]
        curve.append((clock, epoch["test_accuracy"]))
    later = epochs[1:] or epochs
    typical = sum(epoch["training_seconds"] + epoch["test_seconds"] for epoch in later) / len(later)
    how = ", as published" if task.as_published else ""
    how = f", {task.recipe}" if task.recipe else how
    trained = [epoch.get("images", run["training_images"]) for epoch in epochs]
    seed = f", seed {task.seed}"
    return TableRow(
        device=processor(),
        program=run["version"] + how + seed,
        threads=task.threads,
        batch_size=task.batch_size,
        seconds=clock + (task.epochs - len(epochs)) * typical,
        accuracy=_accuracy(epochs) if len(epochs) == task.epochs else None,
        images_per_second=sum(trained) / training,
        images=run.get("all_images", run["training_images"] * task.epochs),
        epochs=task.epochs,
        measured=len(epochs),
        curve=tuple(curve),
    )


def _accuracy(epochs: Sequence[Mapping[str, float]]) -> float:
    by_views = epochs[-1].get("views_accuracy")
    return max(epoch["test_accuracy"] for epoch in epochs) if by_views is None else by_views


def lines(rows: Sequence[TableRow], images: str) -> Iterator[str]:
    """The table, and a line about the data and extrapolated rows."""
    yield (
        "| Device | Program | Threads | Batch size | Time | Accuracy [%] | Images/s "
        "| Ratio to the i7 |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        accuracy = "–" if row.accuracy is None else f"{100 * row.accuracy:.2f}"
        threads = "" if row.threads is None else str(row.threads)
        mark = " *" if row.extrapolated else ""
        yield (
            f"| {row.device} | {row.program} | {threads} | {row.batch_size} | "
            f"{duration(row.seconds)}{mark} | {accuracy} | {row.images_per_second:,.0f} | "
            f"{row.ratio:.2f} |"
        )
    yield ""
    yield f"This machine's rows: {images}."
    yield (
        "Time: training and a test after every epoch. Accuracy: the best of these tests. Images/s: "
        "training alone. Ratio: images trained on in the whole time, against the i7's."
    )
    for row in rows:
        if row.extrapolated:
            yield f"\\* {row.program}: extrapolated from {row.measured} of {row.epochs} epochs."


# Round numbers of seconds, minutes and hours.
TICKS = [n * unit for unit in (1, 60) for n in (1, 2, 5, 10, 30)] + [3600 << i for i in range(8)]


def write_picture(rows: Sequence[TableRow], path: Path, title: str) -> bool:
    """Draw every run as a curve, published ones as points; False if matplotlib is missing."""
    figure = new_figure(9, 5)
    if figure is None:
        return False
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    devices = {row.device for row in rows if row.curve}
    axes = figure.subplots()
    axes.set_title(f"{title}\n{next(iter(devices))}" if len(devices) == 1 else title)
    for row in rows:
        name = row.program if len(devices) == 1 else f"{row.program}, {row.device}"
        if row.curve:
            seconds, accuracies = zip(*row.curve, strict=True)
            percents = [100 * accuracy for accuracy in accuracies]
            axes.plot(seconds, percents, marker=".", markersize=4, label=name)
        elif row.accuracy is not None:
            axes.plot([row.seconds], [100 * row.accuracy], marker="*", markersize=12, linestyle="")
            axes.annotate(
                row.device,
                (row.seconds, 100 * row.accuracy),
                xytext=(-8, -14),
                textcoords="offset points",
                ha="right",
                fontsize=8,
            )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: _clock(seconds)))
    axes.set_xlabel("wall time, tests included")
    axes.set_ylabel("test accuracy [%]")
    axes.grid(alpha=0.3)
    if any(row.curve for row in rows):
        axes.legend(loc="lower right", fontsize=8)
    write_png(figure, path)
    return True


def _clock(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:g} s"
    return f"{seconds / 60:g} min" if seconds < 3600 else f"{seconds / 3600:g} h"
