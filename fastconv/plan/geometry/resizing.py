"""Weights of resized images: which pixels along an axis contribute, and by how much.

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
    """Output i along an axis: the sum over k of weights[i, k] times source pixel first[i] + k.

    `missing` (n,) is the total weight of the pixels beyond the source's edges.
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
    """The weights of the rows and of the columns; `keep` as in `points.stretches`."""
    rows, columns = (
        _weights(n, first, length, new, interpolation, antialias)
        for n, (first, length), new in zip(source, stretches(source, size, keep), size, strict=True)
    )
    return rows, columns


def _weights(
    n: int, first: int, length: int, new: int, interpolation: str, antialias: bool
) -> Weights:
    """Weights for the part [first, first + length) of an axis of n, which may exceed its edges."""
    radius, weight_at = CURVES[interpolation]
    scale = max(1.0, length / new) if antialias else 1.0
    at = (((2 * np.arange(new) + 1) * length - new) / (2 * new))[:, None]

    def weights_of(begin: np.ndarray, count: int) -> np.ndarray:
        """Weights of `count` pixels of the part from `begin` on; 0 for those outside the part."""
        pixels = begin + np.arange(count)
        found = weight_at(abs(pixels - at) / scale)
        found[(pixels < 0) | (pixels >= length) | (abs(found) < 1e-15)] = 0  # sin(pi) is not 0
        return found

    begin, count = np.floor(at - radius * scale) + 1, math.ceil(2 * radius * scale)
    total = weights_of(begin, count).sum(axis=1, keepdims=True)
    width = min(count, n)
    start = np.clip(begin + first, 0, n - width)
    weights = weights_of(start - first, width) / total
    return Weights(
        start[:, 0].astype(np.int64), weights.astype(np.float32), 1 - weights.sum(axis=1)
    )


def _triangle(far: np.ndarray) -> np.ndarray:
    return np.maximum(1 - far, 0)


def _cubic(far: np.ndarray) -> np.ndarray:
    near = (1.5 * far - 2.5) * far**2 + 1
    return np.where(far < 1, near, np.where(far < 2, ((2.5 - 0.5 * far) * far - 4) * far + 2, 0))


def _lanczos(radius: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda far: np.where(far < radius, np.sinc(far) * np.sinc(far / radius), 0)


CURVES: dict[str, tuple[int, Callable[[np.ndarray], np.ndarray]]] = {
    "bilinear": (1, _triangle),
    "bicubic": (2, _cubic),
    "lanczos3": (3, _lanczos(3)),
    "lanczos5": (5, _lanczos(5)),
}
"""Each filter's radius, and its weight as a function of distance."""
