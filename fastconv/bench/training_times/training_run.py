"""A timed training that can be resumed: its task, its images, and the base of the runs.

For each library, a subclass of `TrainingRun` trains the table's network, and one of `RecipeRun` a
recipe; ours are in `fastconv.bench.training_times.in_fastconv`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from fastconv import recipes
from fastconv.augment import Augmented, View
from fastconv.models import zoo
from fastconv.models.files.tensors import read_tensors
from fastconv.utils.text import duration

KEY = "training_table"
"""The key of a run's metadata in its checkpoint."""

NETWORK = "cifar10"
"""The zoo's name of the table's network."""


@dataclass(frozen=True)
class Images:
    """uint8 images (n, height, width, channels) with labels (n,), for training and for testing."""

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width, channels."""
        return self.x_train.shape[1:]

    def describe(self) -> str:
        """A line of text about the images, which a run keeps in its metadata."""
        size = "×".join(map(str, self.shape))
        return (
            f"{self.name}: {len(self.x_train):,} training and {len(self.x_test):,} test images, "
            f"{size}, {self.classes} classes"
        )


@dataclass(frozen=True)
class Task:
    """The settings of a run, apart from the program and the images.

    Attributes
    ----------
    epochs : int
        Of the whole training, even if fewer of them are measured.
    as_published : bool
        With the published program's mistakes: two softmaxes, no dropout, no shuffling.
    recipe : str
        The name of one of `fastconv.recipes`; empty for the table's network and its recipe.
    """

    epochs: int
    batch_size: int
    threads: int
    seed: int
    as_published: bool = False
    recipe: str = ""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Task:
        """Make one from what `get_config` returned."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in config.items() if name in known})

    def get_config(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)

    def learning_rate(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 0."""
        recipe = zoo.recipe(NETWORK, as_published=self.as_published)
        return recipe.learning_rate * recipe.schedule(epoch)

    @property
    def shuffle(self) -> bool:
        """Whether every epoch has a new order."""
        return zoo.recipe(NETWORK, as_published=self.as_published).shuffle

    def orders(self, count: int, epoch: int) -> np.ndarray:
        """The order of the images in an epoch, for the programs that do not draw one themselves."""
        if not self.shuffle:
            return np.arange(count)
        return np.random.default_rng((self.seed, epoch)).permutation(count)

    def batches(self, count: int, epoch: int) -> Iterator[np.ndarray]:
        """The indices of the images of each batch; the last batch may be smaller."""
        order = self.orders(count, epoch)
        return (order[k : k + self.batch_size] for k in range(0, count, self.batch_size))


class TrainingRun(ABC):
    """The training of one program: epochs, each followed by a test and a checkpoint.

    Attributes
    ----------
    name : str
        The program's name, an attribute of the class.
    epochs : list of dict
        For every epoch so far: "training_seconds", "test_seconds", "loss", "test_accuracy",
        "images" (trained on), and what `details` adds.
    """

    name = ""

    def __init__(self, task: Task, images: Images) -> None:
        self.task = task
        self.images = images
        self.epochs: list[dict[str, float]] = []

    def begin(self) -> None:  # noqa: B027, most runs have nothing to do
        """Preparation before the first epoch of a new run, which is not timed."""

    @abstractmethod
    def train(self, epoch: int) -> float:
        """Train an epoch, counted from 0; returns the mean loss."""

    @abstractmethod
    def test(self) -> float:
        """The accuracy on the test images."""

    def images_in(self, epoch: int) -> int:
        """The number of images that an epoch trains on."""
        return len(self.images.x_train)

    def details(self, epoch: int) -> dict[str, float]:
        """Further values to keep of an epoch, computed after its test."""
        return {}

    @abstractmethod
    def save(self, path: Path, metadata: dict[str, Any]) -> None:
        """Write everything that `restore` needs, and `metadata`, atomically to one file."""

    @abstractmethod
    def restore(self, path: Path) -> dict[str, Any]:
        """Resume from a file of `save`; returns its metadata."""

    @abstractmethod
    def version(self) -> str:
        """The library's name and version, with its settings beyond the task."""

    def run(self, path: Path, until: int) -> None:
        """Train up to epoch `until`; save and print a line after each epoch."""
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
        """The data that the table is made from, as JSON values."""
        return {
            "program": self.name,
            "version": self.version(),
            "task": self.task.get_config(),
            "images": self.images.describe(),
            "training_images": len(self.images.x_train),
            "all_images": sum(self.images_in(epoch) for epoch in range(self.task.epochs)),
            "epochs": self.epochs,
        }


class RecipeRun(TrainingRun):
    """The training of a recipe, on the batches of `Recipe.batches`.

    The time of the first epoch includes making the network; tests are timed separately.
    """

    def __init__(self, task: Task, images: Images) -> None:
        super().__init__(task, images)
        self.recipe = recipe_of(task, len(images.x_train))
        self.batches: Augmented = self.recipe.batches(images.x_train, images.y_train, task.seed)
        self.steps = self.recipe.steps(len(images.x_train))

    def run(self, path: Path, until: int) -> None:
        before = len(self.epochs)
        super().run(path, until)
        if before < len(self.epochs) == self.task.epochs:
            last = self.epochs[-1]
            seconds = sum(epoch["training_seconds"] for epoch in self.epochs)
            print(
                f"{self.name}, {self.task.recipe}: test accuracy "
                f"{100 * last['views_accuracy']:.2f} % by {len(self.recipe.views)} views of each "
                f"image, {100 * last['test_accuracy']:.2f} % by one; trained for "
                f"{duration(seconds)}, tests excluded",
                flush=True,
            )

    def images_in(self, epoch: int) -> int:
        return self.steps[epoch] * self.recipe.batch_size

    @abstractmethod
    def outputs(self, views: tuple[View, ...]) -> np.ndarray:
        """The weighted mean of the network's outputs for the test images."""

    def test(self) -> float:
        return self._accuracy((View(),))

    def details(self, epoch: int) -> dict[str, float]:
        last = epoch + 1 == self.task.epochs
        return {"views_accuracy": self._accuracy(self.recipe.views)} if last else {}

    def _accuracy(self, views: tuple[View, ...]) -> float:
        chosen = self.outputs(views).argmax(1)
        return float((chosen == self.images.y_test).mean()) if len(chosen) else 0.0


def recipe_of(task: Task, images: int) -> recipes.Recipe:
    """The recipe that a task names, with the epochs and the batch size of the task."""
    recipe: Any = recipes.get(task.recipe)
    if task.epochs != len(recipe.steps(recipe.batch_size)):
        recipe = replace(recipe, epochs=task.epochs)
    return replace(recipe, batch_size=min(task.batch_size, images))


def evaluated_accuracy(model: Any, task: Task, images: Images) -> float:
    """The accuracy on the test images, by Keras's method `evaluate`."""
    logs = model.evaluate(
        images.x_test, images.y_test, batch_size=task.batch_size, verbose=0, return_dict=True
    )
    return logs["accuracy"]


def file_name(program: str, task: Task) -> str:
    """The name of a run's checkpoint, different for each task."""
    how = "-as-published" if task.as_published else ""
    how = f"-{task.recipe}" if task.recipe else how
    return (
        f"{program.lower()}{how}-e{task.epochs}-b{task.batch_size}-t{task.threads}-s{task.seed}"
        ".safetensors"
    )


def read_run(path: Path) -> dict[str, Any]:
    """The metadata in a run's file; raises ValueError for any other file."""
    _, description = read_tensors(path)
    try:
        return description["user_metadata"][KEY]
    except KeyError as error:
        raise ValueError(f"{path}: must be a run of the training-time table") from error
