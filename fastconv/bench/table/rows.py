"""The rows of the table: what was published, and what the files of this machine's runs say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastconv.bench.machine import processor
from fastconv.bench.table.program import KEY
from fastconv.bench.table.task import Task
from fastconv.models.files.tensors import read_tensors

PUBLISHED_IMAGES = 60 * 50_000  # that a published run was trained on


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes
    ----------
    seconds : float
        Of the whole recipe, tests included; extrapolated if fewer epochs were measured.
    accuracy : float or None
        The best after any epoch, or by several views after the last one where a recipe has them;
        None if not all epochs were trained.
    images_per_second : float
        Trained on; tests excluded.
    images : int
        That the whole recipe trains on, each as often as it comes up.
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
        """How many times as fast as the published processor, in images a second over all."""
        return (self.images / self.seconds) / (CPU.images / CPU.seconds)

    @property
    def extrapolated(self) -> bool:
        """Whether the time is that of fewer epochs."""
        return self.measured < self.epochs

    def get_config(self) -> dict[str, Any]:
        """JSON values."""
        return {**vars(self), "ratio_to_published_cpu": self.ratio}


GPU = Row("NVidia GTX 1070", "TensorFlow 1", None, 128, 8 * 60 + 4, 0.7912, 7100)
CPU = Row("Intel i7 7700HQ", "TensorFlow 1", None, 128, 3.5 * 3600, 0.7891, 238)
PUBLISHED = (GPU, CPU)


def file_name(program: str, task: Task) -> str:
    """Of a run's checkpoint: runs that differ in their task lie beside each other."""
    how = "-as-published" if task.as_published else ""
    how = f"-{task.recipe}" if task.recipe else how
    return (
        f"{program.lower()}{how}-e{task.epochs}-b{task.batch_size}-t{task.threads}-s{task.seed}"
        ".safetensors"
    )


def read_run(path: Path) -> dict[str, Any]:
    """What a run's file says of itself; raises ValueError for any other file."""
    _, description = read_tensors(path)
    try:
        return description["user_metadata"][KEY]
    except KeyError as error:
        raise ValueError(f"{path}: must be a run of the training-time table") from error


def row_of(run: Mapping[str, Any]) -> Row:
    """The row of a run with at least one epoch.

    What is missing is taken to last as long as the mean epoch so far, the first one, which also
    prepares things, left out.
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
    return Row(
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
