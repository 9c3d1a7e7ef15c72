"""Operations with several inputs: elementwise, and concatenation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fastconv._arguments import is_whole
from fastconv.kernels.elementwise.arithmetic import add
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
from fastconv.plan.executor import (
    Executor,
    FusedStep,
    PartwiseExecutor,
    Setting,
    flat,
)
from fastconv.plan.recorder import Primitive, Recorder, Value, with_batch


@dataclass(frozen=True, eq=False)
class Add(Primitive):
    """y = a + b, of equal shapes."""


@dataclass(frozen=True, eq=False)
class Concat(Primitive):
    """The inputs concatenated along `axis`, where 0 is the first axis of a sample."""

    axis: int


@dataclass(frozen=True, eq=False)
class Merge(Primitive):
    """y = a op b, elementwise, for op "subtract", "maximum" or "minimum"."""

    kind: str

    @property
    def title(self) -> str:
        return self.kind


@dataclass(frozen=True, eq=False)
class Multiply(Primitive):
    """y = a * b; b may be broadcast over a.

    `spread` is "" for equal shapes, "channels" if b has the shape (1, ..., 1, c), one factor for
    each channel, and "pixels" if it has (..., 1), one factor for each pixel, or (1, ..., 1), one
    for all of them.
    """

    spread: str = ""

    @property
    def title(self) -> str:
        return f"multiply {self.spread}".rstrip()


class MergingRecorder(Recorder):
    """Steps with several inputs."""

    def add(self, a: Value, b: Value) -> Value:
        """a + b, elementwise."""
        where = self._where("add")
        self._float_input(a, where)
        self._float_input(b, where)
        if a.shape != b.shape:
            raise ValueError(
                f"{where}: both must have one shape; received {with_batch(a)} and {with_batch(b)}"
            )
        return self._record(Add(), (a, b), a.shape)

    def concat(self, xs: Sequence[Value], axis: int = -1) -> Value:
        """Concatenate values along `axis`.

        `axis` is an axis of a sample, without the batch axis: 0 is the first, -1 the last. The
        values must agree in all other axes.
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
        return self._record(Concat(axis), values, shape)

    def multiply(self, a: Value, b: Value) -> Value:
        """a * b, elementwise.

        One of the two may have the shape (1, ..., 1, c) while the other has (..., c), one factor
        for each channel, (..., 1), one factor for each pixel, or (1, ..., 1), one for all.
        """
        where = self._where("multiply")
        self._float_input(a, where)
        self._float_input(b, where)
        for x, factors in ((a, b), (b, a)):
            spread = _spread(x.shape, factors.shape)
            if spread is not None:
                return self._record(Multiply(spread), (x, factors), x.shape)
        raise ValueError(
            f"{where}: both must have one shape, or one of them a single pixel or a single "
            f"channel; received {with_batch(a)} and {with_batch(b)}"
        )

    def subtract(self, a: Value, b: Value) -> Value:
        """a - b, elementwise."""
        return self._merge("subtract", a, b)

    def maximum(self, a: Value, b: Value) -> Value:
        """The larger of a and b, elementwise; a is taken where they are equal."""
        return self._merge("maximum", a, b)

    def minimum(self, a: Value, b: Value) -> Value:
        """The smaller of a and b, elementwise; a is taken where they are equal."""
        return self._merge("minimum", a, b)

    def _merge(self, kind: str, a: Value, b: Value) -> Value:
        where = self._where(kind)
        self._float_input(a, where)
        self._float_input(b, where)
        if a.shape != b.shape:
            raise ValueError(
                f"{where}: both must have one shape; received {with_batch(a)} and {with_batch(b)}"
            )
        return self._record(Merge(kind), (a, b), a.shape)


def _spread(x: tuple[int, ...], factors: tuple[int, ...]) -> str | None:
    """How `factors` are broadcast over x (see `Multiply`); None if they cannot be."""
    if x == factors:
        return ""
    if not x or len(x) != len(factors):
        return None
    if factors == (*[1] * (len(x) - 1), x[-1]):
        return "channels"
    return "pixels" if factors in ((*x[:-1], 1), (1,) * len(x)) else None


class AddExecutor(PartwiseExecutor):
    """y = a + b; the gradient of both is that of y, and one of them shares its buffer."""

    passes_on = (0, 1)

    def forward_part(self, part: slice) -> None:
        add(flat(self.inputs[0][part]), flat(self.inputs[1][part]), flat(self.output[part]))

    def backward(self, step: int) -> None:
        for dx in self.d_inputs:
            if dx is not None and not np.may_share_memory(dx, self.d_output):
                strided_copy(self.d_output, dx)


class MultiplyExecutor(Executor):
    """y = a * b; the gradient of each is dy times the other, summed over broadcast axes."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        multiply = step.get(Multiply)
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


class SubtractExecutor(Executor):
    """y = a - b."""

    def forward(self, training: bool, step: int) -> None:
        combine("subtract", flat(self.inputs[0]), flat(self.inputs[1]), flat(self.output))

    def backward(self, step: int) -> None:
        da, db = self.d_inputs
        if da is not None:
            strided_copy(self.d_output, da)
        if db is not None:
            scale(flat(self.d_output), flat(db), -1.0)


class ExtremeExecutor(Executor):
    """y = the larger or the smaller of a and b; the one taken gets the gradient."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        merge = step.get(Merge)
        self.kind = merge.kind
        self.reads_input = setting.backward

    def forward(self, training: bool, step: int) -> None:
        combine(self.kind, flat(self.inputs[0]), flat(self.inputs[1]), flat(self.output))

    def backward(self, step: int) -> None:
        a, b = (flat(x) for x in self.inputs)
        for second, dx in enumerate(self.d_inputs):
            if dx is not None:
                extreme_bwd(self.kind, flat(self.d_output), a, b, bool(second), flat(dx))


class ConcatExecutor(PartwiseExecutor):
    """Copies every input into its part of the output; backward copies the parts of the gradient."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        concat = step.get(Concat)
        self.axis = concat.axis + 1

    def forward_part(self, part: slice) -> None:
        for x, place in zip(self.inputs, self._parts(self.output), strict=True):
            strided_copy(x[part], place[part])

    def backward(self, step: int) -> None:
        for dx, part in zip(self.d_inputs, self._parts(self.d_output), strict=True):
            if dx is not None:
                strided_copy(part, dx)

    def _parts(self, whole: np.ndarray) -> Iterator[np.ndarray]:
        begin = 0
        for x in self.step.inputs:
            end = begin + x.shape[self.axis - 1]
            yield whole[(slice(None),) * self.axis + (slice(begin, end),)]
            begin = end
