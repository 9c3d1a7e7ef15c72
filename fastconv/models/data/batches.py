"""The batch source for arrays."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np

from fastconv.models.data.samples import Samples, plan_dtype, shuffled


class Batches:
    """Cuts samples into batches, in buffers that the next batch overwrites.

    Attributes
    ----------
    steps : int
        Batches in an epoch.
    samples, batch_size : int
    """

    def __init__(self, data: Samples, batch_size: int, steps: int | None = None) -> None:
        self.data = data
        self.batch_size = min(batch_size, max(1, len(data)))
        self._steps_per_pass = -(-len(data) // self.batch_size)
        self.steps: int = self._steps_per_pass if steps is None else steps
        self.samples = len(data) if steps is None else steps * self.batch_size
        size = self.batch_size
        self._x = [_Gather(x, np.dtype(plan_dtype(x)), size) for x in data.x]
        self._y = [_Gather(y, _target_dtype(y), size) for y in data.y]
        self._weights = [
            None if w is None else _Gather(w, np.dtype(np.float32), size) for w in data.weights
        ]

    def begin(self, epochs: int) -> None:
        """Nothing to prepare: the samples are in memory."""

    def close(self) -> None:
        """Nothing to release."""

    def epoch(
        self, epoch: int = 0, iterations: int = 0, seed: int | None = None
    ) -> Generator[Samples, None, None]:
        """The batches of an epoch. With `seed`, they are shuffled in an order derived from the
        arguments; without, they are in the order of the samples, and each epoch continues where the
        last one ended if `steps` cut it short."""
        if seed is None:
            for index in range(epoch * self.steps, (epoch + 1) * self.steps):
                yield self._batch(index % self._steps_per_pass, None)
        else:
            yield from itertools.islice(self._shuffled(seed, epoch, iterations), self.steps)

    def _shuffled(self, seed: int, epoch: int, iterations: int) -> Iterator[Samples]:
        # Another pass is needed only if `steps` exceeds one; its order depends on the steps so far.
        for taken in itertools.count(iterations, self._steps_per_pass):
            order = shuffled(len(self.data), seed, epoch, taken)
            for index in range(self._steps_per_pass):
                yield self._batch(index, order)

    def _batch(self, index: int, order: np.ndarray | None) -> Samples:
        start = index * self.batch_size
        stop = min(start + self.batch_size, len(self.data))
        rows = slice(start, stop) if order is None else order[start:stop]
        return Samples(
            [part.rows(rows) for part in self._x],
            [part.rows(rows) for part in self._y],
            [None if part is None else part.rows(rows) for part in self._weights],
        )


def _target_dtype(y: np.ndarray) -> np.dtype[Any]:
    return np.dtype(np.int64 if y.dtype == np.int64 else np.float32)


class _Gather:
    """Gathers rows of an array as a plan takes them: aligned, C-contiguous, of one dtype."""

    def __init__(self, source: np.ndarray, dtype: np.dtype[Any], batch_size: int) -> None:
        flags = source.flags
        self.source = source
        self.ready = source.dtype == dtype and flags.c_contiguous and flags.aligned
        self.buffer = np.empty((batch_size, *source.shape[1:]), dtype)

    def rows(self, rows: slice | np.ndarray) -> np.ndarray:
        if isinstance(rows, slice):
            if self.ready:
                return self.source[rows]
            part = self.buffer[: rows.stop - rows.start]
            part[...] = self.source[rows]
            return part
        part = self.buffer[: len(rows)]
        if self.ready:
            # mode="clip" writes directly into the buffer; all indices are in range.
            return np.take(self.source, rows, axis=0, out=part, mode="clip")
        part[...] = self.source[rows]
        return part
