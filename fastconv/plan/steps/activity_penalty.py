"""Values that cost something where they are large."""

from __future__ import annotations

from fastconv.kernels.optimizers.parameter_sums import regularize
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import ActivityPenalty
from fastconv.plan.steps.base import Executor, Setting, flat
from fastconv.plan.steps.resample import keep


class ActivityPenaltyStep(Executor):
    """y = x; what it costs has a gradient in y, which joins that of the steps behind it."""

    in_place = True

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        found = step.find(ActivityPenalty)
        assert found is not None
        self.factors = found.l1 / setting.rows, found.l2 / setting.rows
        self.reads_output = setting.backward
        self.cost, self.counts = 0.0, False

    def forward(self, training: bool, step: int) -> None:
        keep(self.inputs[0], self.output)
        self.cost, self.counts = regularize(flat(self.output), *self.factors), False

    def penalty(self) -> float:
        self.counts = True
        return self.cost

    def backward(self, step: int) -> None:
        dx = self.d_inputs[0]
        assert dx is not None
        keep(self.d_output, dx)
        if self.counts:
            regularize(flat(self.output), *self.factors, flat(dx))
