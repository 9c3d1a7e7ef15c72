"""Samples and targets as users hand them over: checked, split, ordered and cut into batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv.utils.arrays import as_numbers
from fastconv.utils.random import generator

if TYPE_CHECKING:
    from fastconv.models.model import Model


def check_x(model: Model, x: Any, *, where: str) -> np.ndarray:
    """`x` as an array of samples of the model's input shape; builds the model if it is not."""
    array = as_numbers(x, "x", where=where)
    if array.ndim < 2:
        raise ValueError(
            f"{where}: x must have a batch axis and at least one other; received {array.shape}"
        )
    if not model.built:
        model.build(array.shape[1:])
    if array.shape[1:] != model.sample_shape:
        raise ValueError(
            f"{where}: x must have the model's input shape {(None, *model.sample_shape)}; "
            f"received {array.shape}"
        )
    if model.input_dtype == "uint8" and array.dtype != np.uint8:
        raise TypeError(f"{where}: the model's input is uint8; received {array.dtype}")
    return array


def check_xy(model: Model, x: Any, y: Any, *, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Samples and targets of one length, at least one; targets as the loss wants them."""
    loss = model.require_loss(where)
    samples = check_x(model, x, where=where)
    if y is None:
        raise ValueError(f"{where}: y, the targets, must be given; received None")
    targets = loss.targets(y, model.output_sample_shape, where=where)
    if len(samples) != len(targets) or not len(samples):
        raise ValueError(
            f"{where}: x and y must have the same number of samples, at least one; "
            f"received {len(samples)} and {len(targets)}"
        )
    model.plans.check_loss(loss, where=where)
    return samples, targets


def split_off(
    x: np.ndarray, y: np.ndarray, share: float, *, where: str
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Cut the last `share` of the samples off, before any shuffling: (training, validation)."""
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share < 1:
        raise ValueError(f"{where}: validation_split must be between 0 and 1; received {share!r}")
    cut = int(len(x) * (1 - share))
    if cut in (0, len(x)):
        raise ValueError(
            f"{where}: validation_split must leave samples on both sides; "
            f"received {share!r} of {len(x)} samples"
        )
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def shuffled(n: int, seed: int, epoch: int, iterations: int) -> np.ndarray:
    """The order of an epoch: depends on the model's seed, the epoch and the steps before it."""
    return generator(seed, epoch, iterations).permutation(n)


class Batches:
    """Cuts samples, and targets if there are any, into batches; an epoch reuses two buffers."""

    def __init__(self, x: np.ndarray, y: np.ndarray | None, batch_size: int) -> None:
        self.x, self.y = x, y
        self.batch_size = min(batch_size, max(1, len(x)))
        self.dtype = "uint8" if x.dtype == np.uint8 else "float32"
        self._x = _Gather(x, np.dtype(self.dtype), self.batch_size)
        self._y = None
        if y is not None:
            targets = np.dtype(np.int64 if y.dtype == np.int64 else np.float32)
            self._y = _Gather(y, targets, self.batch_size)

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def walk(self, order: np.ndarray | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Batches in `order`, or as they lie; valid until the next one. Without y, y is x."""
        for start in range(0, len(self.x), self.batch_size):
            stop = min(start + self.batch_size, len(self.x))
            rows = slice(start, stop) if order is None else order[start:stop]
            x = self._x.rows(rows)
            yield x, (x if self._y is None else self._y.rows(rows))


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
