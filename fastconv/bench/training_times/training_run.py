"""A program of the table: trains epoch by epoch, and goes on where it was interrupted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from time import perf_counter
from typing import Any

from fastconv.bench.table.task import Images, Task
from fastconv.utils.text import duration

KEY = "training_table"  # in a checkpoint's metadata


class Program(ABC):
    """Trains the table's network on `images`; one subclass for each library.

    Attributes
    ----------
    epochs : list of dict
        For every epoch so far: "training_seconds", "test_seconds", "loss", "test_accuracy",
        "images" (trained on), and what `details` adds.
    """

    name = ""

    def __init__(self, task: Task, images: Images) -> None:
        self.task = task
        self.images = images
        self.epochs: list[dict[str, float]] = []

    def begin(self) -> None:  # noqa: B027, most programs have nothing to do
        """Whatever has to be done once before the first epoch, and is no part of it."""

    @abstractmethod
    def train(self, epoch: int) -> float:
        """Train an epoch, counted from 0; returns the mean loss."""

    @abstractmethod
    def test(self) -> float:
        """The share of the test images that is right."""

    def images_in(self, epoch: int) -> int:
        """Images that an epoch trains on."""
        return len(self.images.x_train)

    def details(self, epoch: int) -> dict[str, float]:
        """What else is to be kept of an epoch, after its test."""
        return {}

    @abstractmethod
    def save(self, path: Path, metadata: dict[str, Any]) -> None:
        """Write everything that `restore` needs, and `metadata`, to one file, all or nothing."""

    @abstractmethod
    def restore(self, path: Path) -> dict[str, Any]:
        """Go on from a file of `save`; returns its metadata."""

    @abstractmethod
    def version(self) -> str:
        """The library's name and version, and what it was told besides the task."""

    def run(self, path: Path, until: int) -> None:
        """Train up to epoch `until`, saving after every one; says how each went."""
        if path.exists():
            self.epochs = self.restore(path)["epochs"]
            if len(self.epochs) < until:
                print(f"{path}: going on after epoch {len(self.epochs)}")
        elif until:
            self.begin()
        for epoch in range(len(self.epochs), until):
            start = perf_counter()
            loss = self.train(epoch)
            middle = perf_counter()
            accuracy = self.test()
            end = perf_counter()
            self.epochs.append(
                {
                    "training_seconds": middle - start,
                    "test_seconds": end - middle,
                    "loss": loss,
                    "test_accuracy": accuracy,
                    "images": self.images_in(epoch),
                    **self.details(epoch),
                }
            )
            self.save(path, self.metadata())
            rate = self.images_in(epoch) / (middle - start)
            print(
                f"{self.name}, epoch {epoch + 1}/{self.task.epochs}: test accuracy "
                f"{100 * accuracy:.2f} %, training loss {loss:.4f}; {duration(middle - start)}, "
                f"{rate:.0f} images/s",
                flush=True,
            )

    def metadata(self) -> dict[str, Any]:
        """What the table is made from."""
        return {
            "program": self.name,
            "version": self.version(),
            "task": self.task.get_config(),
            "images": self.images.describe(),
            "training_images": len(self.images.x_train),
            "all_images": sum(self.images_in(epoch) for epoch in range(self.task.epochs)),
            "epochs": self.epochs,
        }
