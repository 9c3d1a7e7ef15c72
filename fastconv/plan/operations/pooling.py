"""Pooling: the maximum, minimum, mean or Lp norm of each window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastconv._arguments import as_float, check_choice
from fastconv.kernels.pooling.pool2d_bwd import avg_pool2d_bwd, max_pool2d_bwd
from fastconv.kernels.pooling.pool2d_fwd import avg_pool2d_fwd, max_pool2d_fwd
from fastconv.kernels.pooling.pool2d_lp import (
    l2_pool2d_fwd,
    lp_power,
    lp_root,
    lp_share,
    lp_through,
)
from fastconv.plan.executor import (
    Buffer,
    Executor,
    FusedStep,
    Setting,
    flat,
)
from fastconv.plan.geometry.padding import Padding
from fastconv.plan.geometry.shapes import Pool2DShape, pool2d_shape
from fastconv.plan.recorder import Primitive, Recorder, Value

SUM = 2  # the `divisor` of avg_pool2d_fwd and avg_pool2d_bwd for sums
KINDS = ("max", "min", "avg", "lp")


@dataclass(frozen=True, eq=False)
class Pool2D(Primitive):
    """The "max", "min" or mean ("avg") of each window, or its norm ("lp"): (sum |x|^p)^(1/p).

    Padding is not part of a window; but with `count_include_pad` the mean divides by the full
    window size, also for windows that extend beyond the edges.
    """

    kind: str
    shape: Pool2DShape
    count_include_pad: bool = False
    p: float = 2.0

    @property
    def title(self) -> str:
        shape = self.shape
        stride = f"/{shape.sh}" if shape.sh == shape.sw else f"/{shape.sh}x{shape.sw}"
        norm = f"l{self.p:g}" if self.kind == "lp" else self.kind
        return f"{norm} pool {shape.kh}x{shape.kw}{stride}"


class PoolingRecorder(Recorder):
    """Steps that reduce windows."""

    def pool2d(
        self,
        x: Value,
        kind: str,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        padding: Padding = "valid",
        *,
        ceil_mode: bool = False,
        count_include_pad: bool = False,
        p: float = 2,
    ) -> Value:
        """Pool x (ih, iw, ic) with "max", "min", "avg" or "lp"; `strides` defaults to `pool_size`.

        `p` is the exponent of "lp", at least 1.
        """
        where = self._where("pool2d")
        check_choice(kind, KINDS, where=where, what="kind")
        self._float_input(x, where, rank=3)
        power = as_float(p, "p", where=where)
        if power < 1:
            raise ValueError(f"{where}: p must be at least 1; received {p!r}")
        shape = pool2d_shape(
            (1, *x.shape), pool_size, strides, padding, ceil_mode=ceil_mode, where=where
        )
        step = Pool2D(kind, shape, bool(count_include_pad), power)
        return self._record(step, (x,), shape.y_shape[1:])


class PoolExecutor(Executor):
    """Base class of the pooling executors, on (mb, ih, iw, ic)."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.pool = step.get(Pool2D)
        self.window = self.pool.shape.window


class ExtremePoolExecutor(PoolExecutor):
    """Saves the argmax (or argmin) of each window: a byte for windows of up to 256 elements."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.window = self.pool.shape.trimmed_window

    def buffers(self) -> list[Buffer]:
        if not self.setting.backward:
            return []
        dtype = "uint8" if self.window[0] * self.window[1] <= 256 else "int32"
        return [Buffer("argmax", self.batch(self.step.output), dtype, "saved")]

    def forward(self, training: bool, step: int) -> None:
        argmax, least = self.own.get("argmax"), self.pool.kind == "min"
        max_pool2d_fwd(self.inputs[0], self.output, argmax, *self.window, least)

    def backward(self, step: int) -> None:
        max_pool2d_bwd(self.d_output, self.own["argmax"], self.dx, *self.window)


class AveragePoolExecutor(PoolExecutor):
    """Divides by the number of elements inside x, or by the full window size."""

    def forward(self, training: bool, step: int) -> None:
        avg_pool2d_fwd(self.inputs[0], self.output, *self.window, self.pool.count_include_pad)

    def backward(self, step: int) -> None:
        avg_pool2d_bwd(self.d_output, self.dx, *self.window, self.pool.count_include_pad)


class LpPoolExecutor(PoolExecutor):
    """(sum |x|^p)^(1/p): its gradient is sign(x) |x|^(p - 1) times the sum of dy y^(1 - p)."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.reads_input = self.reads_output = setting.backward
        self.uncovered = self.pool.shape.uncovered

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
        dy, dx, p = self.d_output, self.dx, self.pool.p
        lp_share(flat(dy), flat(self.output), p, flat(dy))
        avg_pool2d_bwd(dy, dx, *self.window, SUM)
        lp_through(flat(self.inputs[0]), p, flat(dx))
        rows, columns = self.uncovered
        if rows or columns:  # where 0 times an infinite element was NaN
            dx[:, rows], dx[:, :, columns] = 0, 0
