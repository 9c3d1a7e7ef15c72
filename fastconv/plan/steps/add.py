"""The sum of two values, where branches meet."""

from __future__ import annotations

import numpy as np

from fastconv.kernels.elementwise.arithmetic import add
from fastconv.kernels.elementwise.strided_copy import strided_copy
from fastconv.plan.steps.base import Executor, flat


class AddStep(Executor):
    """y = a + b; the gradient of both is that of y, which one of them takes without a copy."""

    passes_on = (0, 1)

    def forward(self, training: bool, step: int) -> None:
        add(flat(self.inputs[0]), flat(self.inputs[1]), flat(self.output))

    def backward(self, step: int) -> None:
        for dx in self.d_inputs:
            if dx is not None and not np.may_share_memory(dx, self.d_output):
                strided_copy(self.d_output, dx)
