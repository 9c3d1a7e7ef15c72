"""Dropout that stands alone."""

from __future__ import annotations

import numpy as np

from fastconv.kernels.dropout import dropout_bwd, dropout_fwd
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Dropout
from fastconv.plan.steps.base import Executor, Setting


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
            dropout_fwd(self.inputs[0], self.output, self.rate, self.seed, step)
        elif not np.may_share_memory(self.inputs[0], self.output):
            np.copyto(self.output, self.inputs[0])

    def backward(self, step: int) -> None:
        dropout_bwd(self.d_output, self.d_inputs[0], self.rate, self.seed, step)
