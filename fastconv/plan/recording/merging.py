"""Recording: steps that bring several values together."""

from __future__ import annotations

from collections.abc import Sequence

from fastconv._arguments import is_whole
from fastconv.plan import primitives
from fastconv.plan.recorder import Recorder, Value, with_batch


class Merging(Recorder):
    """Steps that bring several values together."""

    def concat(self, xs: Sequence[Value], axis: int = -1) -> Value:
        """Put values one after the other along `axis`.

        `axis` counts the axes of a sample, without the batch: 0 is the first, -1 the last. The
        values agree in every other axis.
        """
        where = self._where("concat")
        values = tuple(xs)
        if not values:
            raise ValueError(f"{where}: there must be a value to put first; received none")
        for x in values:
            self._float_input(x, where)
        rank = len(values[0].shape)
        if not is_whole(axis):
            raise TypeError(f"{where}: axis must be a whole number; received {axis!r}")
        if not -rank <= axis < rank:
            raise ValueError(
                f"{where}: axis must be from {-rank} to {rank - 1}, one of x without the batch; "
                f"received {axis}, x {with_batch(values[0])}"
            )
        axis %= rank
        rest = {x.shape[:axis] + x.shape[axis + 1 :] for x in values}
        if len(rest) > 1 or any(len(x.shape) != rank for x in values):
            shapes = ", ".join(with_batch(x) for x in values)
            raise ValueError(
                f"{where}: all values must agree in every axis but axis {axis} (the batch not "
                f"counted); received {shapes}"
            )
        if len(values) == 1:
            return values[0]
        total = sum(x.shape[axis] for x in values)
        shape = (*values[0].shape[:axis], total, *values[0].shape[axis + 1 :])
        return self._record(primitives.Concat(axis), values, shape)

    def multiply(self, a: Value, b: Value) -> Value:
        """a * b, element by element.

        One of the two may have the shape (1, ..., 1, c) beside (..., c), one factor for each
        channel, (..., 1), one factor for each pixel, or (1, ..., 1), one for all.
        """
        where = self._where("multiply")
        self._float_input(a, where)
        self._float_input(b, where)
        for x, factors in ((a, b), (b, a)):
            spread = _spread(x.shape, factors.shape)
            if spread is not None:
                return self._record(primitives.Multiply(spread), (x, factors), x.shape)
        raise ValueError(
            f"{where}: both must have one shape, or one of them a single pixel or a single "
            f"channel; received {with_batch(a)} and {with_batch(b)}"
        )

    def subtract(self, a: Value, b: Value) -> Value:
        """a - b, element by element."""
        return self._merge("subtract", a, b)

    def maximum(self, a: Value, b: Value) -> Value:
        """The larger of a and b, element by element; equal ones count as a's."""
        return self._merge("maximum", a, b)

    def minimum(self, a: Value, b: Value) -> Value:
        """The smaller of a and b, element by element; equal ones count as a's."""
        return self._merge("minimum", a, b)

    def _merge(self, kind: str, a: Value, b: Value) -> Value:
        where = self._where(kind)
        self._float_input(a, where)
        self._float_input(b, where)
        if a.shape != b.shape:
            raise ValueError(
                f"{where}: both must have one shape; received {with_batch(a)} and {with_batch(b)}"
            )
        return self._record(primitives.Merge(kind), (a, b), a.shape)


def _spread(x: tuple[int, ...], factors: tuple[int, ...]) -> str | None:
    """How `factors` lie over x; None if they do not."""
    if x == factors:
        return ""
    if not x or len(x) != len(factors):
        return None
    if factors == (*[1] * (len(x) - 1), x[-1]):
        return "channels"
    return "pixels" if factors in ((*x[:-1], 1), (1,) * len(x)) else None
