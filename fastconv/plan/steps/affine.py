"""Scaling that stands alone."""

from __future__ import annotations

from fastconv.kernels.elementwise.arithmetic import affine, affine_u8
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Affine
from fastconv.plan.steps.base import Executor, Setting, flat


class AffineStep(Executor):
    """y = scale * x + offset, x of float32 or uint8."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        scaling = step.find(Affine)
        assert scaling is not None
        self.scale, self.offset = scaling.scale, scaling.offset
        self.from_uint8 = step.inputs[0].dtype == "uint8"
        self.in_place = not self.from_uint8

    def forward(self, training: bool, step: int) -> None:
        kernel = affine_u8 if self.from_uint8 else affine
        kernel(flat(self.inputs[0]), flat(self.output), self.scale, self.offset)

    def backward(self, step: int) -> None:
        dx = self.d_inputs[0]
        assert dx is not None
        affine(flat(self.d_output), flat(dx), self.scale, 0.0)
