"""Data movement: reshape, pad, crop, transpose, upsample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fastconv._arguments import as_int, as_pair, is_whole, items_of
from fastconv.kernels.elementwise.strided_copy import strided_copy
from fastconv.kernels.pooling.pool2d_fwd import avg_pool2d_fwd
from fastconv.plan.executor import (
    Executor,
    FusedStep,
    Setting,
)
from fastconv.plan.recorder import Primitive, Recorder, Value, with_batch

ZERO = np.zeros((), np.float32)
SUM = 2  # the `divisor` of avg_pool2d_fwd for sums

Sides = tuple[tuple[int, int], ...]  # (before, after) for each axis of a sample


@dataclass(frozen=True, eq=False)
class Reshape(Primitive):
    """The same elements in another shape: a view, nothing is copied."""


@dataclass(frozen=True, eq=False)
class Pad(Primitive):
    """x with zeros before and after it along each axis."""

    sides: Sides


@dataclass(frozen=True, eq=False)
class Crop(Primitive):
    """x without (before, after) elements along each axis."""

    sides: Sides


@dataclass(frozen=True, eq=False)
class Transpose(Primitive):
    """Axis i of the output is axis axes[i] of x, not counting the batch axis."""

    axes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Upsample(Primitive):
    """Repeats every pixel of x (ih, iw, ic) in a block of sh x sw."""

    sh: int
    sw: int

    @property
    def title(self) -> str:
        return f"upsample {self.sh}x{self.sw}"


class MovementRecorder(Recorder):
    """Steps that change only the shape of a value, or copy its elements."""

    def reshape(self, x: Value, shape: Sequence[int]) -> Value:
        """The same elements in another shape (without the batch axis); one size may be -1."""
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
        return self._record(Reshape(), (x,), tuple(sizes), x.dtype)

    def pad(self, x: Value, sides: Sequence[Sequence[int]]) -> Value:
        """Zeros around x; `sides` are (before, after) for each axis of a sample."""
        where = self._where("pad")
        self._float_input(x, where)
        both = _sides(sides, x, where)
        shape = tuple(a + n + b for (a, b), n in zip(both, x.shape, strict=True))
        if shape == x.shape:
            return x
        return self._record(Pad(both), (x,), shape)

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
        return self._record(Crop(both), (x,), shape)

    def transpose(self, x: Value, axes: Sequence[int]) -> Value:
        """Permute the axes: axis i of the result is axis axes[i] of a sample of x."""
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
        return self._record(Transpose(tuple(order)), (x,), shape)

    def upsample(self, x: Value, size: int | Sequence[int]) -> Value:
        """Repeat every pixel of x (ih, iw, ic) in a block of `size` (rows, columns)."""
        where = self._where("upsample")
        self._float_input(x, where, rank=3)
        sh, sw = as_pair(size, "size", where=where)
        if sh == sw == 1:
            return x
        ih, iw, ic = x.shape
        return self._record(Upsample(sh, sw), (x,), (ih * sh, iw * sw, ic))


def _sides(sides: Sequence[Sequence[int]], x: Value, where: str) -> Sides:
    given = items_of(sides) or []
    if len(given) != len(x.shape):
        raise ValueError(
            f"{where}: sides must be (before, after) for each of the {len(x.shape)} axes of a "
            f"sample; received {sides!r}, x {with_batch(x)}"
        )
    return tuple(as_pair(side, "every side", where=where, minimum=0) for side in given)


class PadExecutor(Executor):
    """Adds zeros around x; backward crops the gradient."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        pad = step.get(Pad)
        self.sides = pad.sides

    def forward(self, training: bool, step: int) -> None:
        pad_into(self.inputs[0], self.output, self.sides)

    def backward(self, step: int) -> None:
        strided_copy(middle(self.d_output, self.sides), self.dx)


class CropExecutor(Executor):
    """Crops x; backward adds zeros around the gradient."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        crop = step.get(Crop)
        self.sides = crop.sides

    def forward(self, training: bool, step: int) -> None:
        strided_copy(middle(self.inputs[0], self.sides), self.output)

    def backward(self, step: int) -> None:
        dx = self.dx
        pad_into(self.d_output, dx, self.sides)


class TransposeExecutor(Executor):
    """Permutes the axes; backward applies the inverse permutation."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        transpose = step.get(Transpose)
        self.axes = (0, *(axis + 1 for axis in transpose.axes))

    def forward(self, training: bool, step: int) -> None:
        strided_copy(self.inputs[0].transpose(self.axes), self.output)

    def backward(self, step: int) -> None:
        dx = self.dx
        strided_copy(self.d_output.transpose(np.argsort(self.axes)), dx)


class UpsampleExecutor(Executor):
    """Repeats each pixel; backward sums over its copies."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        upsample = step.get(Upsample)
        self.sh, self.sw = upsample.sh, upsample.sw

    def forward(self, training: bool, step: int) -> None:
        mb, ih, iw, ic = self.inputs[0].shape
        blocks = (mb, ih, self.sh, iw, self.sw, ic)
        once = self.inputs[0].reshape(mb, ih, 1, iw, 1, ic)
        strided_copy(np.broadcast_to(once, blocks), self.output.reshape(blocks))

    def backward(self, step: int) -> None:
        window = (self.sh, self.sw) * 2
        avg_pool2d_fwd(self.d_output, self.dx, *window, 0, 0, SUM)


def middle(whole: np.ndarray, sides: Sides) -> np.ndarray:
    """The part of every sample between its sides: a view."""
    sizes = whole.shape[1:]
    cuts = (slice(a, n - b) for (a, b), n in zip(sides, sizes, strict=True))
    return whole[(slice(None), *cuts)]


def pad_into(part: np.ndarray, whole: np.ndarray, sides: Sides) -> None:
    """Copy `part` into the middle of `whole` and fill its sides with zeros."""
    rest = whole
    for axis, (before, after) in enumerate(sides, start=1):
        lead, size = (slice(None),) * axis, rest.shape[axis]
        for edge in (slice(0, before), slice(size - after, size)):
            border = rest[(*lead, edge)]
            if border.size:
                strided_copy(np.broadcast_to(ZERO, border.shape), border)
        rest = rest[(*lead, slice(before, size - after))]
    strided_copy(part, rest)
