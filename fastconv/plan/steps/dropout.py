"""Dropout that stands alone."""

from __future__ import annotations

import numpy as np

from fastconv.kernels.elementwise.dropout import dropout_bwd, dropout_fwd
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Dropout
from fastconv.plan.steps.base import Executor, Setting, flat


class DropoutStep(Executor):
    """y = x * mask / (1 - rate). The mask is computed again for the backward pass, not stored."""

    in_place = True

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        dropout = step.find(Dropout)
        assert dropout is not None
        self.rate, self.seed = dropout.rate, dropout.seed

    def forward(self, training: bool, step: int) -> None:
        if training:
            x, y = flat(self.inputs[0]), flat(self.output)
            dropout_fwd(x, y, self.rate, self.seed, step)
        elif not np.may_share_memory(self.inputs[0], self.output):
            np.copyto(self.output, self.inputs[0])

    def backward(self, step: int) -> None:
        dx = self.d_inputs[0]
        assert dx is not None
        dropout_bwd(flat(self.d_output), flat(dx), self.rate, self.seed, step)
