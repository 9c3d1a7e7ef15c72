"""Steps that reduce windows."""

from __future__ import annotations

from dataclasses import dataclass

from fastconv.plan.geometry.shapes import Pool2DShape
from fastconv.plan.primitives.base import Primitive


@dataclass(frozen=True, eq=False)
class Pool2D(Primitive):
    """The "max", "min" or mean ("avg") of each window, or its norm ("lp"): (sum |x|^p)^(1/p).

    Padding is never counted as an element; but with `count_include_pad` the mean divides by the
    whole window, also where it hangs over.
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
