"""At which points of its input a resampled image is read: fixed ones, or drawn for each image.

Points are pixels of the input, counted from the middle of the first one. Formulas as in Keras 3.
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
    """Rows (mb or 1, oh) and columns (mb or 1, ow): every row meets every column."""

    rows: np.ndarray
    columns: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Of the image that is made."""
        return self.rows.shape[1], self.columns.shape[1]

    def is_identity(self, size: tuple[int, ...]) -> bool:
        """Whether an image of this size stays as it is."""
        return self.size == size and all(
            (points == np.arange(n)).all() for points, n in zip(self, size, strict=True)
        )

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter((self.rows, self.columns))


Draw: TypeAlias = "Callable[[np.ndarray], Axes | np.ndarray]"
"""From four numbers in [0, 1) for each image to its points, or to its affine map (mb, 6)."""


def whole(height: int, width: int) -> Axes:
    """Every pixel where it is."""
    return Axes(_line(height), _line(width))


def window(height: int, width: int, top: int, left: int) -> Axes:
    """Pixels of a window."""
    return Axes(_line(height) + top, _line(width) + left)


def resized(source: tuple[int, int], size: tuple[int, int], keep: str | None = None) -> Axes:
    """`source` stretched to `size`, pixels being squares; points beyond the edges lie on them.

    `keep` as in `stretches`; with "pad" points may lie beyond the source's edges.
    """
    parts = zip(stretches(source, size, keep), size, strict=True)
    return Axes(*(_stretched(first, length, new) for (first, length), new in parts))


def stretches(
    source: tuple[int, int], size: tuple[int, int], keep: str | None
) -> list[tuple[int, int]]:
    """Along each axis, where what is stretched to `size` begins, and how long it is.

    With `keep` "crop" it is the largest middle part of the new proportions; with "pad" the smallest
    image of these proportions with the source in its middle; with None the source.
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
    # (2 i + 1) length / (2 new) - 1/2 in one division: what is half a pixel is so exactly.
    at = ((2 * np.arange(new) + 1) * length - new) / (2 * new)
    return (first + np.clip(at, 0, length - 1))[None]


def _line(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.float64)[None]


@dataclass(frozen=True, slots=True)
class Flip:
    """Every other image is turned over, along its rows, its columns or both."""

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
    """A window that lies anywhere within the image."""

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
    """Moved down and to the right, by shares of the height and the width."""

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
    """Made smaller (positive shares) or larger around the middle; `across` None: in proportion."""

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
    """Turned around the middle by shares of a full circle, counter-clockwise if positive."""

    height: int
    width: int
    turns: Range

    def __call__(self, shares: np.ndarray) -> np.ndarray:
        angle = 2 * np.pi * between(*self.turns, shares[:, 0])
        cos, sin = np.cos(angle), np.sin(angle)
        x, y = (self.width - 1) / 2, (self.height - 1) / 2
        return np.stack([cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos], axis=1)
