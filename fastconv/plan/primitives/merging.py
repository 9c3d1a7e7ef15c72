"""Steps that bring several values together."""

from __future__ import annotations

from dataclasses import dataclass

from fastconv.plan.primitives.base import Primitive


@dataclass(frozen=True, eq=False)
class Concat(Primitive):
    """The inputs one after the other along `axis`, which counts from the first axis of a sample."""

    axis: int


@dataclass(frozen=True, eq=False)
class Merge(Primitive):
    """y = a op b, element by element, for op "subtract", "maximum" or "minimum"."""

    kind: str

    @property
    def title(self) -> str:
        return self.kind


@dataclass(frozen=True, eq=False)
class Multiply(Primitive):
    """y = a * b; one of the two may be spread over the other.

    `spread` is "" for two values of one shape, "channels" if b has the shape (1, ..., 1, c), one
    factor for each channel, and "pixels" if it has (..., 1), one factor for each pixel, or
    (1, ..., 1), one for all of them.
    """

    spread: str = ""

    @property
    def title(self) -> str:
        return f"multiply {self.spread}".rstrip()
