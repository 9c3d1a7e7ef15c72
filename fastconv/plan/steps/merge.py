"""Two values into one, element by element."""

from __future__ import annotations

from fastconv.kernels.elementwise.merge import (
    combine,
    extreme_bwd,
    multiply_channels,
    multiply_channels_bwd,
    multiply_pixels,
    multiply_pixels_bwd,
    scale,
)
from fastconv.kernels.elementwise.strided_copy import strided_copy
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Merge, Multiply
from fastconv.plan.steps.base import Executor, Setting, flat


class MultiplyStep(Executor):
    """y = a * b; the gradient of each is dy times the other, summed where it was spread."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        multiply = step.find(Multiply)
        assert multiply is not None
        self.spread = multiply.spread
        self.reads_input = setting.backward
        a, b = step.inputs
        pixels = a.size // b.size if self.spread == "channels" else b.size
        self.image = (setting.rows, pixels, a.size // pixels)
        self.factors = (setting.rows, b.size)

    def forward(self, training: bool, step: int) -> None:
        a, b = self.inputs
        if not self.spread:
            combine("multiply", flat(a), flat(b), flat(self.output))
            return
        spread = multiply_channels if self.spread == "channels" else multiply_pixels
        spread(a.reshape(self.image), b.reshape(self.factors), self.output.reshape(self.image))

    def backward(self, step: int) -> None:
        (a, b), (da, db), dy = self.inputs, self.d_inputs, self.d_output
        if not self.spread:
            for dx, other in ((db, a), (da, b)):
                if dx is not None:
                    combine("multiply", flat(dy), flat(other), flat(dx))
            return
        by_channels = self.spread == "channels"
        gradient = dy.reshape(self.image)
        if db is not None:
            total = multiply_channels_bwd if by_channels else multiply_pixels_bwd
            total(gradient, a.reshape(self.image), db.reshape(self.factors))
        if da is not None:
            spread = multiply_channels if by_channels else multiply_pixels
            spread(gradient, b.reshape(self.factors), da.reshape(self.image))


class SubtractStep(Executor):
    """y = a - b."""

    def forward(self, training: bool, step: int) -> None:
        combine("subtract", flat(self.inputs[0]), flat(self.inputs[1]), flat(self.output))

    def backward(self, step: int) -> None:
        da, db = self.d_inputs
        if da is not None:
            strided_copy(self.d_output, da)
        if db is not None:
            scale(flat(self.d_output), flat(db), -1.0)


class ExtremeStep(Executor):
    """y = the larger or the smaller of a and b, which gets the gradient."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        merge = step.find(Merge)
        assert merge is not None
        self.kind = merge.kind
        self.reads_input = setting.backward

    def forward(self, training: bool, step: int) -> None:
        combine(self.kind, flat(self.inputs[0]), flat(self.inputs[1]), flat(self.output))

    def backward(self, step: int) -> None:
        a, b = (flat(x) for x in self.inputs)
        for second, dx in enumerate(self.d_inputs):
            if dx is not None:
                extreme_bwd(self.kind, flat(self.d_output), a, b, bool(second), flat(dx))


def make_merge(step: FusedStep, setting: Setting) -> Executor:
    """The executor of a merge's kind."""
    merge = step.find(Merge)
    assert merge is not None
    return (SubtractStep if merge.kind == "subtract" else ExtremeStep)(step, setting)
