"""The outlines of `fastconv.datasets.shapes` as implicit functions.

Each takes the coordinates ``u, v`` of points (arrays of one shape) and returns, for every point,
about its distance to the outline: negative inside, positive outside. Every outline fits into the
unit circle. Only comparisons, products and square roots are used on points, which all machines
round alike.
"""

from __future__ import annotations

import math

import numpy as np

# Normals of a pentagon's five sides.
_FIVE = [(math.cos(a), math.sin(a)) for a in (math.tau * (k / 5 + 0.25) for k in range(5))]


def _distance(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.sqrt(u * u + v * v)


def _box(u: np.ndarray, v: np.ndarray, half_width: float, half_height: float) -> np.ndarray:
    return np.maximum(np.abs(u) - half_width, np.abs(v) - half_height)


def arrow(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A shaft, and a triangular head that points to +u."""
    shaft = _box(u + 0.45, v, 0.5, 0.2)
    head = np.maximum(-u, 0.6 * u + 0.8 * np.abs(v) - 0.57)
    return np.minimum(shaft, head)


def circle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A disc."""
    return _distance(u, v) - 0.9


def crescent(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A disc from which another one, set off to +u, is cut."""
    return np.maximum(_distance(u, v) - 0.95, 0.75 - _distance(u - 0.5, v))


def cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Two bars at right angles."""
    return np.minimum(_box(u, v, 0.95, 0.28), _box(u, v, 0.28, 0.95))


def heart(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A square on its corner, with half a disc on each of its two upper sides."""
    v = v + 0.1
    side = 1.1
    square_part = (np.abs(u) + np.abs(v)) * math.sqrt(0.5) - side / 2
    centre = side / math.sqrt(8)
    return np.minimum(square_part, _distance(np.abs(u) - centre, v - centre) - side / 2)


def hourglass(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Two triangles, tip to tip."""
    return np.maximum(np.abs(v) - 0.85, 0.8 * np.abs(u) - 0.6 * np.abs(v))


def ring(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A disc with a round hole."""
    return np.abs(_distance(u, v) - 0.72) - 0.23


def square(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Four equal sides."""
    return _box(u, v, 0.78, 0.78)


def star(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Five points: the points on the inner side of at least four of a pentagon's five lines."""
    return np.partition([a * u + b * v for a, b in _FIVE], 3, axis=0)[3] - 0.33


def triangle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Three equal sides."""
    return np.maximum(-v, math.sqrt(0.75) * np.abs(u) + 0.5 * v) - 0.5
