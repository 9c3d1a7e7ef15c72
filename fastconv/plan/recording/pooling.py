"""Recording: steps that reduce windows."""

from __future__ import annotations

from collections.abc import Sequence

from fastconv._arguments import as_float, check_choice
from fastconv.plan import primitives
from fastconv.plan.geometry.padding import Padding
from fastconv.plan.geometry.shapes import pool2d_shape
from fastconv.plan.recorder import Recorder, Value

KINDS = ("max", "min", "avg", "lp")


class Pooling(Recorder):
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

        `p` is the power of "lp": at least 1.
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
        step = primitives.Pool2D(kind, shape, bool(count_include_pad), power)
        return self._record(step, (x,), shape.y_shape[1:])
