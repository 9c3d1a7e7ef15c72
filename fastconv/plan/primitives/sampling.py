"""Steps that read an image at other points than its pixels."""

from __future__ import annotations

from dataclasses import dataclass

from fastconv.plan.geometry.points import Axes, Draw
from fastconv.plan.geometry.resizing import Weights
from fastconv.plan.primitives.base import Primitive


@dataclass(frozen=True, eq=False)
class Resample(Primitive):
    """x (ih, iw, ic), float32 or uint8, at points of its own: y (oh, ow, ic), float32.

    `still` are the points, and `draw` makes those of each image while training; `mode` and `fill`
    are what `kernels.resample` knows.
    """

    still: Axes
    draw: Draw | None = None
    seed: int = 0
    bilinear: bool = True
    mode: str = "nearest"
    fill: float = 0.0

    @property
    def title(self) -> str:
        if self.draw is not None:
            return f"random {type(self.draw).__name__.lower()}"
        return "resize {}x{}".format(*self.still.size)


@dataclass(frozen=True, eq=False)
class Resize(Primitive):
    """x (ih, iw, ic), float32 or uint8, mixed along its rows and its columns: y (oh, ow, ic).

    What lies beyond the edges counts as `fill`.
    """

    rows: Weights
    columns: Weights
    fill: float = 0.0

    @property
    def title(self) -> str:
        return f"resize {len(self.rows.first)}x{len(self.columns.first)}"
