"""Steps that change only the form of a value, or copy its elements to other places."""

from __future__ import annotations

from dataclasses import dataclass

from fastconv.plan.primitives.base import Primitive

Sides = tuple[tuple[int, int], ...]  # (before, after) for each axis of a sample


@dataclass(frozen=True, eq=False)
class Reshape(Primitive):
    """The same elements in the same order under another shape: nothing is copied."""


@dataclass(frozen=True, eq=False)
class Pad(Primitive):
    """x with zeros before and after it along each axis."""

    sides: Sides


@dataclass(frozen=True, eq=False)
class Crop(Primitive):
    """x without what lies before and after along each axis."""

    sides: Sides


@dataclass(frozen=True, eq=False)
class Transpose(Primitive):
    """Axis number i of the output is axis axes[i] of x, the batch not counted."""

    axes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Upsample(Primitive):
    """Every pixel of x (ih, iw, ic) becomes a block of sh x sw equal ones."""

    sh: int
    sw: int

    @property
    def title(self) -> str:
        return f"upsample {self.sh}x{self.sw}"
