"""Pooling: the largest, the smallest, the mean or the norm of each window."""

from __future__ import annotations

from fastconv.kernels.pooling.pool2d_bwd import avg_pool2d_bwd, max_pool2d_bwd
from fastconv.kernels.pooling.pool2d_fwd import avg_pool2d_fwd, max_pool2d_fwd
from fastconv.kernels.pooling.pool2d_lp import (
    l2_pool2d_fwd,
    lp_power,
    lp_root,
    lp_share,
    lp_through,
)
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Pool2D
from fastconv.plan.steps.base import Buffer, Executor, Setting, flat

SUM = 2  # the divisor of a sum that is not divided


class Pool(Executor):
    """One window operation on (mb, ih, iw, ic)."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        pool = step.find(Pool2D)
        assert pool is not None
        self.pool = pool
        s = pool.shape
        self.window: tuple[int, ...] = (s.kh, s.kw, s.sh, s.sw, s.pt, s.pl)


class ExtremePool(Pool):
    """Saves the place of each extreme in its window: a byte, if it has up to 256 elements."""

    def buffers(self) -> list[Buffer]:
        if not self.setting.backward:
            return []
        dtype = "uint8" if self.window[0] * self.window[1] <= 256 else "int32"
        return [Buffer("argmax", self.batch(self.step.output), dtype, "saved")]

    def forward(self, training: bool, step: int) -> None:
        argmax, least = self.own.get("argmax"), self.pool.kind == "min"
        max_pool2d_fwd(self.inputs[0], self.output, argmax, *self.window, least)

    def backward(self, step: int) -> None:
        max_pool2d_bwd(self.d_output, self.own["argmax"], self.d_inputs[0], *self.window)


class AveragePool(Pool):
    """Divides by the elements inside, or by the whole window."""

    def forward(self, training: bool, step: int) -> None:
        avg_pool2d_fwd(self.inputs[0], self.output, *self.window, self.pool.count_include_pad)

    def backward(self, step: int) -> None:
        avg_pool2d_bwd(self.d_output, self.d_inputs[0], *self.window, self.pool.count_include_pad)


class LpPool(Pool):
    """(sum |x|^p)^(1/p): its gradient is sign(x) |x|^(p - 1) times the sum of dy y^(1 - p)."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.reads_input = self.reads_output = setting.backward

    def buffers(self) -> list[Buffer]:
        if self.pool.p == 2:
            return []
        return [Buffer("powers", self.batch(self.step.inputs[0]), "float32", "forward")]

    def forward(self, training: bool, step: int) -> None:
        x, y, p = self.inputs[0], self.output, self.pool.p
        if p == 2:
            l2_pool2d_fwd(x, y, *self.window)
            return
        powers = self.own["powers"]
        lp_power(flat(x), p, flat(powers))
        avg_pool2d_fwd(powers, y, *self.window, SUM)
        lp_root(flat(y), p, flat(y))

    def backward(self, step: int) -> None:
        dy, dx, p = self.d_output, self.d_inputs[0], self.pool.p
        assert dx is not None
        lp_share(flat(dy), flat(self.output), p, flat(dy))
        avg_pool2d_bwd(dy, dx, *self.window, SUM)
        lp_through(flat(self.inputs[0]), p, flat(dx))


KINDS: dict[str, type[Pool]] = {
    "max": ExtremePool,
    "min": ExtremePool,
    "avg": AveragePool,
    "lp": LpPool,
}


def make_pool(step: FusedStep, setting: Setting) -> Executor:
    """The executor of the pooling's kind."""
    pool = step.find(Pool2D)
    assert pool is not None
    return KINDS[pool.kind](step, setting)
