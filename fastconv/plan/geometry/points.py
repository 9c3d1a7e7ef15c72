"""Sampling points of resampled images: fixed, or drawn at random for each image.

Points are in pixels of the input, with 0 at the center of the first. Formulas as in Keras 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from fastconv.plan.geometry.draws import between

Range = tuple[float, float]


@dataclass(frozen=True, eq=False, slots=True)
class Axes:
    """A grid of points: rows (mb or 1, oh) and columns (mb or 1, ow), in every combination."""

    rows: np.ndarray
    columns: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Size of the output image."""
        return self.rows.shape[1], self.columns.shape[1]

    def is_identity(self, size: tuple[int, ...]) -> bool:
        """Whether resampling leaves an image of this size unchanged."""
        return self.size == size and all(
            (points == np.arange(n)).all() for points, n in zip(self, size, strict=True)
        )

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter((self.rows, self.columns))


Draw: TypeAlias = "Callable[[np.ndarray], Axes | np.ndarray]"
"""Maps four numbers in [0, 1) for each image to its points, or to its affine map (mb, 6)."""


def whole(height: int, width: int) -> Axes:
    """The identity: every pixel's own position."""
    return Axes(_line(height), _line(width))


def window(height: int, width: int, top: int, left: int) -> Axes:
    """The pixels of a window."""
    return Axes(_line(height) + top, _line(width) + left)


def resized(source: tuple[int, int], size: tuple[int, int], keep: str | None = None) -> Axes:
    """`source` resized to `size`, with half-pixel centers; points are clamped to the edges.

    `keep` as in `stretches`; with "pad" points may lie outside the source.
    """
    parts = zip(stretches(source, size, keep), size, strict=True)
    return Axes(*(_stretched(first, length, new) for (first, length), new in parts))


def stretches(
    source: tuple[int, int], size: tuple[int, int], keep: str | None
) -> list[tuple[int, int]]:
    """Along each axis, (start, length) of the part of the source that is resized to `size`.

    With `keep` "crop" it is the largest centered part with the new aspect ratio; with "pad" the
    smallest region with this aspect ratio that contains the source, centered; with None the source.
    """
    (ih, iw), (oh, ow) = source, size
    parts = []
    for n, along, new, other in ((ih, iw, oh, ow), (iw, ih, ow, oh)):
        first, length = 0, n
        fitting = int(along * new / other)
        if keep == "crop":
            length = max(min(n, fitting), 1)
            first = int((n - length) / 2)
        elif keep == "pad":
            first = -int((max(n, fitting) - n) / 2)
            length = n - 2 * first
        parts.append((first, length))
    return parts


def _stretched(first: int, length: int, new: int) -> np.ndarray:
    # (2 i + 1) length / (2 new) - 1/2 with a single division, so that half pixels are exact.
    at = ((2 * np.arange(new) + 1) * length - new) / (2 * new)
    return (first + np.clip(at, 0, length - 1))[None]


def _line(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.float64)[None]


@dataclass(frozen=True, slots=True)
class Flip:
    """Mirrors an image with probability 1/2, along its rows, its columns or both."""

    height: int
    width: int
    over_rows: bool
    over_columns: bool

    def __call__(self, shares: np.ndarray) -> Axes:
        turned = shares[:, :1] < 0.5
        rows, columns = whole(self.height, self.width)
        return Axes(
            np.where(turned, rows[:, ::-1], rows) if self.over_rows else rows,
            np.where(turned, columns[:, ::-1], columns) if self.over_columns else columns,
        )


@dataclass(frozen=True, slots=True)
class Crop:
    """A window at a random position within the image."""

    source: tuple[int, int]
    size: tuple[int, int]

    def __call__(self, shares: np.ndarray) -> Axes:
        corners = [
            np.floor(shares[:, k : k + 1] * (n - size + 1))
            for k, (n, size) in enumerate(zip(self.source, self.size, strict=True))
        ]
        rows, columns = whole(*self.size)
        return Axes(rows + corners[0], columns + corners[1])


@dataclass(frozen=True, slots=True)
class Translation:
    """Shifts down and to the right, by fractions of the height and the width."""

    height: int
    width: int
    down: Range
    right: Range

    def __call__(self, shares: np.ndarray) -> Axes:
        rows, columns = whole(self.height, self.width)
        return Axes(
            rows - self.height * between(*self.down, shares[:, :1]),
            columns - self.width * between(*self.right, shares[:, 1:2]),
        )


@dataclass(frozen=True, slots=True)
class Zoom:
    """Zooms out (positive fractions) or in around the center.

    With `across` None the aspect ratio is kept.
    """

    height: int
    width: int
    down: Range
    across: Range | None

    def __call__(self, shares: np.ndarray) -> Axes:
        rows, columns = whole(self.height, self.width)
        first = 1 + between(*self.down, shares[:, :1])
        second = first if self.across is None else 1 + between(*self.across, shares[:, 1:2])
        return Axes(
            rows * first + (self.height - 1) / 2 * (1 - first),
            columns * second + (self.width - 1) / 2 * (1 - second),
        )


@dataclass(frozen=True, slots=True)
class Rotation:
    """Rotates around the center by fractions of a full turn, counter-clockwise if positive."""

    height: int
    width: int
    turns: Range

    def __call__(self, shares: np.ndarray) -> np.ndarray:
        angle = 2 * np.pi * between(*self.turns, shares[:, 0])
        cos, sin = np.cos(angle), np.sin(angle)
        x, y = (self.width - 1) / 2, (self.height - 1) / 2
        return np.stack([cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos], axis=1)
