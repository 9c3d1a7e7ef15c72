"""The user's arrays: checked, and copied only if the kernels cannot read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconv.plan.arena import aligned_zeros
from fastconv.plan.memory import Memory
from fastconv.plan.recorder import Value


class Inputs:
    """The inputs of a plan."""

    def __init__(self, inputs: Sequence[Value], batch_size: int, memory: Memory) -> None:
        self._inputs = inputs
        self._batch_size = batch_size
        self._memory = memory
        self._staging: list[np.ndarray | None] = [None] * len(inputs)

    @property
    def nbytes(self) -> int:
        """Bytes of the buffers for copies that were necessary."""
        return sum(array.nbytes for array in self._staging if array is not None)

    def take(self, x: Any, *, checked: bool = False) -> tuple[list[np.ndarray], int]:
        """The arrays of a batch, ready for the kernels, and their number of rows.

        With `checked`, the caller guarantees arrays of the recorded shapes, with one number of rows
        within the batch size; they are still copied if the kernels cannot read them.

        Raises
        ------
        TypeError
            If the values are not real numbers, or not uint8 where uint8 was recorded.
        ValueError
            For a wrong shape, too many rows, or inputs that differ in their number of rows.
        """
        if checked:
            arrays = as_list(x, len(self._inputs), "x")
            return [self._ready(k, array) for k, array in enumerate(arrays)], len(arrays[0])
        given = [np.asarray(part) for part in as_list(x, len(self._inputs), "x")]
        for k, (array, value) in enumerate(zip(given, self._inputs, strict=True)):
            self._check(array, value, "x" if len(given) == 1 else f"x[{k}]")
        rows = [array.shape[0] for array in given]
        if len(set(rows)) > 1:
            raise ValueError(f"plan: all inputs must have one number of rows; received {rows}")
        return [self._ready(k, array) for k, array in enumerate(given)], rows[0]

    def _check(self, array: np.ndarray, value: Value, name: str) -> None:
        if array.dtype.kind not in "fiub":
            raise TypeError(f"plan: {name} must be real numbers; received dtype {array.dtype}")
        if value.dtype == "uint8" and array.dtype != np.uint8:
            raise TypeError(
                f"plan: {name} must be uint8, as it was recorded; received dtype {array.dtype}"
            )
        if array.ndim != len(value.shape) + 1 or array.shape[1:] != value.shape:
            sizes = ", ".join(str(size) for size in ("rows", *value.shape))
            raise ValueError(f"plan: {name} must have shape ({sizes}); received {array.shape}")
        if array.shape[0] > self._batch_size:
            raise ValueError(
                f"plan: {name} may have at most {self._batch_size} rows; received {array.shape}"
            )

    def _ready(self, k: int, array: np.ndarray) -> np.ndarray:
        """`array`, or a copy if its dtype or layout is unsuitable or it lies in the arena."""
        value = self._inputs[k]
        native = array.dtype == np.dtype(value.dtype) and array.dtype.isnative
        in_order = array.flags.c_contiguous and array.flags.aligned
        if native and in_order and not self._memory.holds(array):
            return array
        staging = self._staging[k]
        if staging is None:
            staging = aligned_zeros((self._batch_size, *value.shape), value.dtype)
            self._staging[k] = staging
        front = staging[: array.shape[0]]
        np.copyto(front, array, casting="unsafe")
        return front


def as_list(given: Any, count: int, what: str) -> list[Any]:
    """A list of `count` items; with a `count` of 1, `given` is the item itself."""
    if count == 1:
        return [given]
    if not isinstance(given, (list, tuple)) or len(given) != count:
        amount = len(given) if isinstance(given, (list, tuple)) else type(given).__name__
        raise ValueError(f"plan: {what} must be a list of {count}; received {amount}")
    return list(given)


def checked_gradient(dy: Any, y: np.ndarray) -> np.ndarray:
    """The user's gradient of an output y as an array; raises an error if it does not fit."""
    array = np.asarray(dy)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"plan: dy must be real numbers; received dtype {array.dtype}")
    if array.shape != y.shape:
        raise ValueError(f"plan: dy must have the output's shape {y.shape}; received {array.shape}")
    return array
