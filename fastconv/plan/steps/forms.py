"""Steps that copy elements to other places: padding, cropping, transposition, upsampling."""

from __future__ import annotations

import numpy as np

from fastconv.kernels.elementwise.strided_copy import strided_copy
from fastconv.kernels.pooling.pool2d_fwd import avg_pool2d_fwd
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Crop, Pad, Transpose, Upsample
from fastconv.plan.primitives.forms import Sides
from fastconv.plan.steps.base import Executor, Setting

ZERO = np.zeros((), np.float32)
SUM = 2  # the divisor of a pooling that sums


class PadStep(Executor):
    """Zeros around x; backward, the part in the middle."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        pad = step.find(Pad)
        assert pad is not None
        self.sides = pad.sides

    def forward(self, training: bool, step: int) -> None:
        place(self.inputs[0], self.output, self.sides)

    def backward(self, step: int) -> None:
        strided_copy(middle(self.d_output, self.sides), self.d_inputs[0])


class CropStep(Executor):
    """The part in the middle; backward, zeros around its gradient."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        crop = step.find(Crop)
        assert crop is not None
        self.sides = crop.sides

    def forward(self, training: bool, step: int) -> None:
        strided_copy(middle(self.inputs[0], self.sides), self.output)

    def backward(self, step: int) -> None:
        dx = self.d_inputs[0]
        assert dx is not None
        place(self.d_output, dx, self.sides)


class TransposeStep(Executor):
    """Axes in another order."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        transpose = step.find(Transpose)
        assert transpose is not None
        self.axes = (0, *(axis + 1 for axis in transpose.axes))

    def forward(self, training: bool, step: int) -> None:
        strided_copy(self.inputs[0].transpose(self.axes), self.output)

    def backward(self, step: int) -> None:
        dx = self.d_inputs[0]
        assert dx is not None
        strided_copy(self.d_output.transpose(np.argsort(self.axes)), dx)


class UpsampleStep(Executor):
    """Each pixel again and again; backward, the sum over its copies."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        upsample = step.find(Upsample)
        assert upsample is not None
        self.sh, self.sw = upsample.sh, upsample.sw

    def forward(self, training: bool, step: int) -> None:
        mb, ih, iw, ic = self.inputs[0].shape
        blocks = (mb, ih, self.sh, iw, self.sw, ic)
        once = self.inputs[0].reshape(mb, ih, 1, iw, 1, ic)
        strided_copy(np.broadcast_to(once, blocks), self.output.reshape(blocks))

    def backward(self, step: int) -> None:
        window = (self.sh, self.sw) * 2
        avg_pool2d_fwd(self.d_output, self.d_inputs[0], *window, 0, 0, SUM)


def middle(whole: np.ndarray, sides: Sides) -> np.ndarray:
    """What lies between the sides of every sample: a view."""
    sizes = whole.shape[1:]
    cuts = (slice(a, n - b) for (a, b), n in zip(sides, sizes, strict=True))
    return whole[(slice(None), *cuts)]


def place(part: np.ndarray, whole: np.ndarray, sides: Sides) -> None:
    """Write `part` into the middle of `whole`, and zeros at its sides."""
    rest = whole
    for axis, (before, after) in enumerate(sides, start=1):
        lead, size = (slice(None),) * axis, rest.shape[axis]
        for edge in (slice(0, before), slice(size - after, size)):
            border = rest[(*lead, edge)]
            if border.size:
                strided_copy(np.broadcast_to(ZERO, border.shape), border)
        rest = rest[(*lead, slice(before, size - after))]
    strided_copy(part, rest)
