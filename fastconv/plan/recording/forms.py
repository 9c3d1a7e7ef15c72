"""Recording: steps that change only the form of a value, or copy its elements to other places."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fastconv._arguments import as_int, as_pair, is_whole, items_of
from fastconv.plan import primitives
from fastconv.plan.primitives.forms import Sides
from fastconv.plan.recorder import Recorder, Value, with_batch


class Forms(Recorder):
    """Steps that change only the form of a value, or copy its elements to other places."""

    def reshape(self, x: Value, shape: Sequence[int]) -> Value:
        """The same elements under another shape (without the batch axis); one size may be -1."""
        where = self._where("reshape")
        self._own(x, where)
        given = items_of(shape)
        if given is None:
            raise TypeError(f"{where}: shape must be a sequence of sizes; received {shape!r}")
        sizes = [-1 if s == -1 else as_int(s, "every size", where=where) for s in given]
        known = math.prod(s for s in sizes if s != -1)
        if sizes.count(-1) == 1 and x.size % known == 0:
            sizes[sizes.index(-1)] = x.size // known
        if -1 in sizes or math.prod(sizes) != x.size:
            raise ValueError(
                f"{where}: the number of elements must stay {x.size}; "
                f"received x {with_batch(x)}, shape {tuple(given)}"
            )
        return self._record(primitives.Reshape(), (x,), tuple(sizes), x.dtype)

    def pad(self, x: Value, sides: Sequence[Sequence[int]]) -> Value:
        """Zeros around x; `sides` are (before, after) for each axis of a sample."""
        where = self._where("pad")
        self._float_input(x, where)
        both = _sides(sides, x, where)
        shape = tuple(a + n + b for (a, b), n in zip(both, x.shape, strict=True))
        if shape == x.shape:
            return x
        return self._record(primitives.Pad(both), (x,), shape)

    def crop(self, x: Value, sides: Sequence[Sequence[int]]) -> Value:
        """x without its edges; `sides` are (before, after) for each axis of a sample."""
        where = self._where("crop")
        self._float_input(x, where)
        both = _sides(sides, x, where)
        shape = tuple(n - a - b for (a, b), n in zip(both, x.shape, strict=True))
        if shape == x.shape:
            return x
        if min(shape) < 1:
            raise ValueError(
                f"{where}: something of x must be left; received x {with_batch(x)}, sides {both}"
            )
        return self._record(primitives.Crop(both), (x,), shape)

    def transpose(self, x: Value, axes: Sequence[int]) -> Value:
        """Axes in another order: axis i of the result is axis axes[i] of a sample of x."""
        where = self._where("transpose")
        self._float_input(x, where)
        order = items_of(axes)
        if order is None or not all(is_whole(axis) for axis in order):
            raise TypeError(f"{where}: axes must be whole numbers; received {axes!r}")
        if sorted(order) != list(range(len(x.shape))):
            raise ValueError(
                f"{where}: axes must name each of the {len(x.shape)} axes of a sample, from 0 on, "
                f"once; received {tuple(order)}, x {with_batch(x)}"
            )
        if order == sorted(order):
            return x
        shape = tuple(x.shape[axis] for axis in order)
        return self._record(primitives.Transpose(tuple(order)), (x,), shape)

    def upsample(self, x: Value, size: int | Sequence[int]) -> Value:
        """Every pixel of x (ih, iw, ic) as a block of equal ones; `size` is (rows, columns)."""
        where = self._where("upsample")
        self._float_input(x, where, rank=3)
        sh, sw = as_pair(size, "size", where=where)
        if sh == sw == 1:
            return x
        ih, iw, ic = x.shape
        return self._record(primitives.Upsample(sh, sw), (x,), (ih * sh, iw * sw, ic))


def _sides(sides: Sequence[Sequence[int]], x: Value, where: str) -> Sides:
    given = items_of(sides) or []
    if len(given) != len(x.shape):
        raise ValueError(
            f"{where}: sides must be (before, after) for each of the {len(x.shape)} axes of a "
            f"sample; received {sides!r}, x {with_batch(x)}"
        )
    return tuple(as_pair(side, "every side", where=where, minimum=0) for side in given)
