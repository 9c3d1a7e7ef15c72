"""Steps that reduce windows."""

from __future__ import annotations

from dataclasses import dataclass

from fastconv.plan.primitives.base import Primitive
from fastconv.plan.shapes import Pool2DShape


@dataclass(frozen=True, eq=False)
class Pool2D(Primitive):
    """The largest element or the mean of each window; padding is never counted as an element.

    With `count_include_pad` the mean divides by the whole window, also where it hangs over.
    """

    kind: str
    shape: Pool2DShape
    count_include_pad: bool = False

    @property
    def title(self) -> str:
        shape = self.shape
        stride = f"/{shape.sh}" if shape.sh == shape.sw else f"/{shape.sh}x{shape.sw}"
        return f"{self.kind} pool {shape.kh}x{shape.kw}{stride}"
