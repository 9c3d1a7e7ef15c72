"""The base of all recipes: a network with everything that its training needs."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from fastconv.augment import Augmented, View
from fastconv.callbacks import Callback
from fastconv.models import Model


class Recipe(ABC):
    """How a network is made for a set of images and trained on it.

    Every setting that a subclass adds may be changed: ``dataclasses.replace(recipe, epochs=4)``.

    Attributes
    ----------
    epochs : float
        Passes over the images; the last one may be a part of an epoch.
    batch_size : int
        The images of an epoch that do not fill a batch are left out of it.
    views : tuple of View
        The views of a test image whose outputs are averaged.
    """

    epochs: float
    batch_size: int
    views: tuple[View, ...]

    @abstractmethod
    def network(self, images: np.ndarray, classes: int, seed: int) -> Model:
        """A network with new weights for images like these, uint8 (n, h, w, c); not compiled."""

    @abstractmethod
    def prepare(self, model: Model, images: int) -> None:
        """Compile `model` for training on a set of `images` images."""

    @abstractmethod
    def batches(self, x: np.ndarray, y: np.ndarray, seed: int) -> Augmented:
        """The batches of every epoch."""

    def callbacks(self) -> list[Callback]:
        """The callbacks that the training needs."""
        return []

    def build(self, images: np.ndarray, classes: int, seed: int) -> Model:
        """A new network, compiled for training on `images`, uint8 (n, h, w, c)."""
        model = self.network(images, classes, seed)
        self.prepare(model, len(images))
        return model

    def steps(self, images: int) -> list[int]:
        """The number of steps of each epoch."""
        whole = images // self.batch_size
        total = math.ceil(whole * self.epochs)
        return [min(whole, total - k) for k in range(0, total, whole)]

    def train(self, model: Model, batches: Augmented, epoch: int) -> dict[str, float]:
        """Train an epoch, counted from 0; returns its loss and metrics.

        The epochs of a run may be trained in several processes, with `Model.save` and `load_model`
        in between: the resulting bits are the same.
        """
        batches.epoch = epoch
        steps = self.steps(len(batches.x))[epoch]  # the last epoch may leave batches out
        history = model.fit(
            itertools.islice(batches, steps),
            initial_epoch=epoch,
            epochs=epoch + 1,
            steps_per_epoch=steps,
            verbose=0,
            callbacks=self.callbacks(),
        )
        return {name: values[-1] for name, values in history.history.items()}

    def fit(self, x: Any, y: Any, classes: int, seed: int) -> Model:
        """A new network, trained by the whole recipe.

        Parameters
        ----------
        x : (n, h, w, c) array of uint8
        y : (n,) array of integer labels below `classes`
        """
        model, batches = self.build(x, classes, seed), self.batches(x, y, seed)
        for epoch in range(len(self.steps(len(x)))):
            self.train(model, batches, epoch)
        return model


def pixel_statistics(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each channel, of bytes (n, h, w, c); the sums are exact."""
    channels = images.shape[-1]
    rows = images.reshape(len(images) * images.shape[1], -1)
    sums = np.zeros((2, channels), np.int64)
    for k in range(0, len(rows), _ROWS):
        part = rows[k : k + _ROWS].astype(np.uint32)
        for total, values in zip(sums, (part, part * part), strict=True):
            total += values.sum(0, dtype=np.uint32).reshape(-1, channels).sum(0, dtype=np.int64)
    mean, mean_of_squares = sums * channels / images.size
    return mean, mean_of_squares - mean**2


def evenly_spaced(images: np.ndarray, count: int = 5000) -> np.ndarray:
    """At most `count` images at equal intervals, since the set may be sorted by class."""
    return images[:: max(1, -(-len(images) // count))]


_ROWS = 32768  # the sum of so many squares of bytes fits into 32 bits
