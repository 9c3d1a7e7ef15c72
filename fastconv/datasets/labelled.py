"""Images with their labels: the arrays, parts of them, and the batches that they are cut into."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from fastconv._arguments import as_int
from fastconv.utils.random import check_seed, generator


class LabelledImages(NamedTuple):
    """Images, their labels, and the classes' names."""

    images: np.ndarray
    labels: np.ndarray | None
    class_names: tuple[str, ...]


class ImageDataset:
    """Batches of images for `fit`, `evaluate` and `predict`, cut from arrays at every walk.

    Parameters
    ----------
    images : array (n, h, w, c)
    labels : array of n rows, or None
        With labels a batch is (images, labels), else images alone.
    class_names : tuple of str
    batch_size : int
    reshuffle : bool
        Whether every walk but the first goes through the images in an order of its own, which
        follows from `seed` and `epoch`.
    seed : int

    Attributes
    ----------
    images, labels, class_names
        The whole arrays, in the order of the first walk.
    epoch : int
        The number of the next walk. `fit` sets it when it goes on where another run stopped.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range.

    Examples
    --------
    >>> data = ImageDataset(np.zeros((5, 4, 4, 3), np.uint8), np.arange(5), ("a", "b"), 2)
    >>> [labels.tolist() for images, labels in data], len(data)
    ([[0, 1], [2, 3], [4]], 3)
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray | None,
        class_names: tuple[str, ...],
        batch_size: int = 32,
        reshuffle: bool = False,
        seed: int = 0,
    ) -> None:
        where = type(self).__name__
        self.images, self.labels, self.class_names = images, labels, class_names
        self.batch_size = as_int(batch_size, "batch_size", where=where)
        self.reshuffle = bool(reshuffle)
        self.seed = check_seed(seed, where=where) or 0
        self.epoch = 0

    def __len__(self) -> int:
        """Batches in a walk."""
        return -(-len(self.images) // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        """The batches of the next walk: new arrays, or views of `images` and `labels`."""
        epoch = self.epoch
        self.epoch += 1
        return self._walk(epoch)

    def take(self, count: int) -> Iterator[Any]:
        """The first `count` batches of the next walk."""
        return islice(iter(self), as_int(count, "count", where="take", minimum=0))

    def _walk(self, epoch: int) -> Iterator[Any]:
        order = None
        if self.reshuffle and epoch:
            order = generator(self.seed, epoch).permutation(len(self.images))
        for start in range(0, len(self.images), self.batch_size):
            part = slice(start, start + self.batch_size)
            rows: Any = part if order is None else order[part]
            images = self.images[rows]
            yield images if self.labels is None else (images, self.labels[rows])

    def __repr__(self) -> str:
        kinds = "without labels" if self.labels is None else f"of {len(self.class_names)} classes"
        return (
            f"<ImageDataset: {len(self.images)} images {self.images.shape[1:]} {kinds} in batches "
            f"of {self.batch_size}>"
        )


def stratified_split(
    labels: np.ndarray, fraction: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to keep and the rows to hold out, both ascending.

    Of a class with `n` rows, ``round(n * fraction)`` are held out, but at least one and at most
    ``n - 1`` where there are two or more; which ones depends on `seed` alone.

    Parameters
    ----------
    labels
        Integers, ``(n,)``.
    fraction
        Between 0 and 1.
    seed
        0 or more.

    Examples
    --------
    >>> keep, held_out = stratified_split(np.repeat([0, 1], 5), 0.2)
    >>> len(keep), len(held_out)
    (8, 2)
    """
    rng = np.random.default_rng(seed)
    held_out = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        count = min(max(round(len(rows) * fraction), 1), len(rows) - 1)
        held_out[rows[:count]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)
