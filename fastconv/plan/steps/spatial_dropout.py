"""Dropout of whole channels."""

from __future__ import annotations

from fastconv.kernels.elementwise.dropout import dropout_fwd
from fastconv.kernels.elementwise.merge import multiply_channels
from fastconv.kernels.elementwise.strided_copy import strided_copy
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import SpatialDropout
from fastconv.plan.steps.base import Buffer, Executor, Life, Setting, flat


class SpatialDropoutStep(Executor):
    """y = x * factor while training, one factor (0 or 1 / (1 - rate)) for each channel."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        dropout = step.find(SpatialDropout)
        assert dropout is not None
        self.dropout = dropout
        shape = step.output.shape
        self.factors = (setting.rows, shape[-1])
        self.image = (setting.rows, step.output.size // shape[-1], shape[-1])

    def buffers(self) -> list[Buffer]:
        life: Life = "saved" if self.setting.backward else "forward"
        return [Buffer("factors", self.factors, "float32", life)]

    def forward(self, training: bool, step: int) -> None:
        x, y, factors = self.inputs[0], self.output, self.own["factors"]
        if not training:
            strided_copy(x, y)
            return
        factors.fill(1)
        dropout_fwd(flat(factors), flat(factors), self.dropout.rate, self.dropout.seed, step)
        multiply_channels(x.reshape(self.image), factors, y.reshape(self.image))

    def backward(self, step: int) -> None:
        dx = self.d_inputs[0]
        assert dx is not None
        dy = self.d_output.reshape(self.image)
        multiply_channels(dy, self.own["factors"], dx.reshape(self.image))
