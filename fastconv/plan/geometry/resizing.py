"""Resized images as mixtures: which pixels of an axis count, and how much.

Formulas and references: `fastconv.reference.resize_weights`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fastconv.plan.geometry.points import stretches


@dataclass(frozen=True, eq=False, slots=True)
class Weights:
    """Place i of an axis: the sum over k of weights[i, k] times place first[i] + k of the source.

    `missing` (n,) is what the places beyond the source's edges would have counted.
    """

    first: np.ndarray
    weights: np.ndarray
    missing: np.ndarray


def resizing(
    source: tuple[int, int],
    size: tuple[int, int],
    interpolation: str,
    antialias: bool,
    keep: str | None = None,
) -> tuple[Weights, Weights]:
    """The weights of the rows and of the columns; `keep` as in `sampling.stretches`."""
    rows, columns = (
        _weights(n, first, length, new, interpolation, antialias)
        for n, (first, length), new in zip(source, stretches(source, size, keep), size, strict=True)
    )
    return rows, columns


def _weights(
    n: int, first: int, length: int, new: int, interpolation: str, antialias: bool
) -> Weights:
    """Of the part that begins at `first` of an axis of n, perhaps beyond its edges."""
    reach, curve = CURVES[interpolation]
    scale = max(1.0, length / new) if antialias else 1.0
    at = (((2 * np.arange(new) + 1) * length - new) / (2 * new))[:, None]

    def worth(begin: np.ndarray, count: int) -> np.ndarray:
        """Of `count` places of the part; those that it does not have are worth nothing."""
        places = begin + np.arange(count)
        found = curve(abs(places - at) / scale)
        found[(places < 0) | (places >= length) | (abs(found) < 1e-15)] = 0  # or sin(pi)
        return found

    begin, count = np.floor(at - reach * scale) + 1, math.ceil(2 * reach * scale)
    total = worth(begin, count).sum(axis=1, keepdims=True)
    width = min(count, n)
    start = np.clip(begin + first, 0, n - width)
    weights = worth(start - first, width) / total
    return Weights(
        start[:, 0].astype(np.int64), weights.astype(np.float32), 1 - weights.sum(axis=1)
    )


def _triangle(far: np.ndarray) -> np.ndarray:
    return np.maximum(1 - far, 0)


def _cubic(far: np.ndarray) -> np.ndarray:
    near = (1.5 * far - 2.5) * far**2 + 1
    return np.where(far < 1, near, np.where(far < 2, ((2.5 - 0.5 * far) * far - 4) * far + 2, 0))


def _lanczos(reach: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda far: np.where(far < reach, np.sinc(far) * np.sinc(far / reach), 0)


CURVES: dict[str, tuple[int, Callable[[np.ndarray], np.ndarray]]] = {
    "bilinear": (1, _triangle),
    "bicubic": (2, _cubic),
    "lanczos3": (3, _lanczos(3)),
    "lanczos5": (5, _lanczos(5)),
}
"""How far pixels count, and how much by their distance."""
