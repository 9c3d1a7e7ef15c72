"""Values one after the other along an axis."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fastconv.kernels.elementwise.strided_copy import strided_copy
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Concat
from fastconv.plan.steps.base import Executor, Setting


class ConcatStep(Executor):
    """Copies every input into its part of the output; backward, copies the parts out again."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        concat = step.find(Concat)
        assert concat is not None
        self.axis = concat.axis + 1

    def forward(self, training: bool, step: int) -> None:
        for x, part in zip(self.inputs, self._parts(self.output), strict=True):
            strided_copy(x, part)

    def backward(self, step: int) -> None:
        for dx, part in zip(self.d_inputs, self._parts(self.d_output), strict=True):
            if dx is not None:
                strided_copy(part, dx)

    def _parts(self, whole: np.ndarray) -> Iterator[np.ndarray]:
        begin = 0
        for x in self.step.inputs:
            end = begin + x.shape[self.axis - 1]
            yield whole[(slice(None),) * self.axis + (slice(begin, end),)]
            begin = end
