"""Arrays cut into batches."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np

from fastconv.models.data.samples import Samples, engine_dtype, shuffled


class Batches:
    """Cuts samples into batches; every batch lies in the same buffers, valid until the next one.

    Attributes
    ----------
    steps : int
        Batches in an epoch.
    samples, batch_size : int
    """

    def __init__(self, data: Samples, batch_size: int, steps: int | None = None) -> None:
        self.data = data
        self.batch_size = min(batch_size, max(1, len(data)))
        self._in_a_pass = -(-len(data) // self.batch_size)
        self.steps: int = self._in_a_pass if steps is None else steps
        self.samples = len(data) if steps is None else steps * self.batch_size
        size = self.batch_size
        self._x = [_Gather(x, np.dtype(engine_dtype(x)), size) for x in data.x]
        self._y = [_Gather(y, _target_dtype(y), size) for y in data.y]
        self._weights = [
            None if w is None else _Gather(w, np.dtype(np.float32), size) for w in data.weights
        ]

    def begin(self, epochs: int) -> None:
        """Nothing to prepare: the samples are at hand."""

    def close(self) -> None:
        """Nothing to let go of."""

    def epoch(
        self, epoch: int = 0, iterations: int = 0, seed: int | None = None
    ) -> Generator[Samples, None, None]:
        """An epoch's batches: in an order that follows from the arguments, or without `seed` as the
        samples lie, each epoch going on where the last one ended if `steps` cut it short."""
        if seed is None:
            numbers = range(epoch * self.steps, (epoch + 1) * self.steps)
            for number in numbers:
                yield self._batch(number % self._in_a_pass, None)
        else:
            yield from itertools.islice(self._shuffled(seed, epoch, iterations), self.steps)

    def _shuffled(self, seed: int, epoch: int, iterations: int) -> Iterator[Samples]:
        # Only `steps` beyond a whole pass need a second one; it follows the steps taken by then.
        for taken in itertools.count(iterations, self._in_a_pass):
            order = shuffled(len(self.data), seed, epoch, taken)
            for number in range(self._in_a_pass):
                yield self._batch(number, order)

    def _batch(self, number: int, order: np.ndarray | None) -> Samples:
        start = number * self.batch_size
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
    """Rows of an array as the engine takes them: aligned, C-contiguous, of one dtype."""

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
            # "clip" writes straight into the buffer; the rows are known to exist.
            return np.take(self.source, rows, axis=0, out=part, mode="clip")
        part[...] = self.source[rows]
        return part
