"""A plan's arena, and the arrays in it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np

from fastconv.plan.arena import aligned_zeros, place
from fastconv.plan.lifetimes import Lifetimes


class Memory:
    """The arena, laid out for the full batch; smaller batches use the front of every buffer."""

    def __init__(self, lifetimes: Lifetimes) -> None:
        self.lifetimes = lifetimes
        requests = lifetimes.requests()
        self._sizes = {request.key: request.nbytes for request in requests}
        self._offsets, total = place(requests)
        self._block = aligned_zeros((total,), np.uint8)

    @property
    def nbytes(self) -> int:
        return self._block.nbytes

    @property
    def nbytes_apart(self) -> int:
        """Total size of the buffers if none shared memory."""
        return sum(self._sizes.values())

    def holds(self, array: np.ndarray) -> bool:
        """Whether `array` may share memory with the arena."""
        return bool(np.may_share_memory(array, self._block))

    def array(self, key: Hashable, shape: Sequence[int], dtype: str) -> np.ndarray:
        """The buffer of `key`, or the front of it, as an array."""
        placed = self.lifetimes.place_of(key)
        nbytes = math.prod(shape) * np.dtype(dtype).itemsize
        if nbytes > self._sizes[placed]:  # a buffer that is larger for fewer rows
            return aligned_zeros(shape, dtype)
        start = self._offsets[placed]
        return self._block[start : start + nbytes].view(dtype).reshape(tuple(shape))

    def output_key(self, number: int) -> Hashable:
        """The key of a graph's output: that of a copy, if the output is one of the inputs."""
        root = self.lifetimes.flow.outputs[number]
        return ("value", root) if root in self.lifetimes.flow.writer else ("copy", number)
