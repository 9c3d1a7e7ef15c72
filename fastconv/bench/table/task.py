"""What every program of the table is given: images, numbers, and the recipe's schedule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from fastconv.models import zoo

NETWORK = "cifar10"


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
        """What a run says it was trained on."""
        size = "×".join(map(str, self.shape))
        return (
            f"{self.name}: {len(self.x_train):,} training and {len(self.x_test):,} test images, "
            f"{size}, {self.classes} classes"
        )


@dataclass(frozen=True)
class Task:
    """What a row of the table is about, besides the program and the images.

    Attributes
    ----------
    epochs : int
        Of the whole recipe, also where fewer of them are measured.
    as_published : bool
        The published program's slips: two softmaxes, no dropout, no shuffling.
    recipe : str
        The name of one of `fastconv.recipes`, in place of the table's network and its recipe.
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
        """Of an epoch, counted from 0."""
        recipe = zoo.recipe(NETWORK, as_published=self.as_published)
        return recipe.learning_rate * recipe.schedule(epoch)

    @property
    def shuffle(self) -> bool:
        """Whether every epoch has a new order."""
        return zoo.recipe(NETWORK, as_published=self.as_published).shuffle

    def orders(self, count: int, epoch: int) -> np.ndarray:
        """The order of the images in an epoch, for the programs that do not draw their own."""
        if not self.shuffle:
            return np.arange(count)
        return np.random.default_rng((self.seed, epoch)).permutation(count)

    def batches(self, count: int, epoch: int) -> Iterator[np.ndarray]:
        """The images' numbers, batch by batch; the last one may be smaller."""
        order = self.orders(count, epoch)
        return (order[k : k + self.batch_size] for k in range(0, count, self.batch_size))
