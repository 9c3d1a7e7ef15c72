"""Recording: steps that reduce windows."""

from __future__ import annotations

from collections.abc import Sequence

from fastconv._arguments import check_choice
from fastconv.plan import primitives
from fastconv.plan.padding import Padding
from fastconv.plan.shapes import pool2d_shape
from fastconv.plan.values import Recorder, Value


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
    ) -> Value:
        """Pool x (ih, iw, ic) with "max" or "avg"; `strides` defaults to `pool_size`."""
        where = self._where("pool2d")
        check_choice(kind, ("max", "avg"), where=where, what="kind")
        self._float_input(x, where, rank=3)
        shape = pool2d_shape(
            (1, *x.shape), pool_size, strides, padding, ceil_mode=ceil_mode, where=where
        )
        step = primitives.Pool2D(kind, shape, bool(count_include_pad))
        return self._record(step, (x,), shape.y_shape[1:])
