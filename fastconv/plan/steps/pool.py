"""Max and average pooling."""

from __future__ import annotations

from fastconv.kernels.pool2d_bwd import avg_pool2d_bwd, max_pool2d_bwd
from fastconv.kernels.pool2d_fwd import avg_pool2d_fwd, max_pool2d_fwd
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Pool2D
from fastconv.plan.steps.base import Buffer, Executor, Setting


class Pool(Executor):
    """One window operation on (mb, ih, iw, ic). Max pooling saves the place of each maximum in its
    window: a byte, unless the window has more than 256 elements."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        pool = step.find(Pool2D)
        assert pool is not None
        self.is_max = pool.kind == "max"
        s = pool.shape
        self.window: tuple[int | bool, ...] = (s.kh, s.kw, s.sh, s.sw, s.pt, s.pl)
        if not self.is_max:
            self.window += (pool.count_include_pad,)

    def buffers(self) -> list[Buffer]:
        if not (self.is_max and self.setting.backward):
            return []
        dtype = "uint8" if self.window[0] * self.window[1] <= 256 else "int32"
        return [Buffer("argmax", self.batch(self.step.output), dtype, "saved")]

    def forward(self, training: bool, step: int) -> None:
        if self.is_max:
            max_pool2d_fwd(self.inputs[0], self.output, self.own.get("argmax"), *self.window)
        else:
            avg_pool2d_fwd(self.inputs[0], self.output, *self.window)

    def backward(self, step: int) -> None:
        if self.is_max:
            max_pool2d_bwd(self.d_output, self.own["argmax"], self.d_inputs[0], *self.window)
        else:
            avg_pool2d_bwd(self.d_output, self.d_inputs[0], *self.window)
