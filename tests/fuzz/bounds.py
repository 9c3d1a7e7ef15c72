"""How far from the reference a float32 result may lie: computed from lengths and magnitudes.

`bound` is that of the kernels' own tests (tests/kernels/kernel_checks.py). A place that numbers
which are not finite reach is not held against a bound: there it counts what is NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

EPS, TINY = float(np.finfo(np.float32).eps), float(np.finfo(np.float32).tiny)
LARGE = 1e37  # where the terms are larger than that, a float32 sum may overflow
POINTS = (0, 5 / 8, -5 / 8, 3 / 2, -3 / 2)  # of the Winograd kernels, besides infinity
PART_TAPS = (2, 3, 4)
WINOGRAD_ROUNDINGS = 2 * (6 + 6 + 4) + 4  # of both transforms and the inverse, in two dimensions


def bound(magnitude: Any, length: int, roundings: int = 4) -> np.ndarray:
    """The error of a float32 sum of `length` terms of this total magnitude."""
    error = (length + roundings) * EPS
    return error / (1 - error) * np.asarray(magnitude) + (length + roundings) * TINY


def winograd_matrices(outputs: int, taps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Absolute values of A (6, outputs), G (6, taps), B (6, 6) of the one-dimensional method."""
    a = np.vander(POINTS, outputs, increasing=True)
    g = np.vander(POINTS, taps, increasing=True)
    b = []
    for point in POINTS:
        others = [other for other in POINTS if other != point]
        g[POINTS.index(point)] /= np.prod([point - other for other in others])
        b.append([*np.poly(others)[::-1], 0])
    b.append(np.poly(POINTS)[::-1])
    return (
        abs(np.vstack([a, np.eye(outputs)[-1]])),
        abs(np.vstack([g, np.eye(taps)[-1]])),
        abs(np.array(b).T),
    )


def winograd_bound(
    largest: float, w: np.ndarray, strides: tuple[int, int] = (1, 1), turned: bool = False
) -> np.ndarray:
    """For each filter of w (kh, kw, ic, oc): the error where abs(x) is at most `largest`.

    The largest of those for parts of 2, 3 and 4 taps, any of which the kernels may choose: the sum
    over all parts, though backward (`turned`) an output has those of one phase only.
    """
    worst = np.zeros(w.shape[3])
    for r in PART_TAPS:
        a, g, b = winograd_matrices(7 - r, r)
        rows, columns = (_parts(k, s, r, turned) for k, s in zip(w.shape[:2], strides, strict=True))
        padded = np.pad(abs(w.astype(np.float64)), ((0, 1), (0, 1), (0, 0), (0, 0)))
        taps = padded[rows[:, None, :, None], columns[None, :, None, :]]  # of each pair of parts
        filters = (g @ taps.transpose(0, 1, 4, 5, 2, 3) @ g.T).sum(axis=(0, 1, 2))
        reach = b.sum(axis=0)
        outputs = (a.T @ (filters * np.outer(reach, reach) * largest) @ a).max(axis=(1, 2))
        length = len(rows) * len(columns) * w.shape[2] + WINOGRAD_ROUNDINGS
        worst = np.maximum(worst, length * EPS * outputs + 64 * TINY)
    return worst


def _parts(k: int, stride: int, r: int, turned: bool) -> np.ndarray:
    """The taps (parts, r) of a window of k taps along an axis; k for those that do not exist."""
    longest = -(-k // stride)
    first = np.arange(stride)[:, None] + stride * r * np.arange(-(-longest // r))
    taps = first.reshape(-1, 1) + stride * np.arange(r)
    return np.minimum(taps[:, ::-1] if turned else taps, k)


def winograd_weights_bound(x: float, dy: float, shape: tuple[int, ...]) -> float:
    """The same for the weights' gradient, a sum over the tiles of dy, (mb, oh, ow, oc)."""
    worst = 0.0
    for r in PART_TAPS:
        m = 7 - r
        a, g, b = winograd_matrices(r, m)
        tiles = shape[0] * -(-shape[1] // m) * -(-shape[2] // m)
        data, filters = np.sqrt(x) * b.sum(axis=0), np.sqrt(dy) * g.sum(axis=1)
        products = np.outer(data, data) * np.outer(filters, filters) * tiles
        largest = float((a.T @ products @ a).max())
        worst = max(worst, (tiles + WINOGRAD_ROUNDINGS) * EPS * largest + 64 * TINY)
    return worst


def difference(actual: Any, expected: Any, allowed: Any) -> str | None:
    """What is wrong with a float32 result, or None."""
    expected = np.asarray(expected, np.float64)
    if np.shape(actual) != expected.shape:
        return f"shape {np.shape(actual)} instead of {expected.shape}"
    if isinstance(actual, np.ndarray) and actual.dtype != np.float32:
        return f"dtype {actual.dtype}"
    found = np.asarray(actual, np.float64)
    allowed = np.broadcast_to(np.asarray(allowed, np.float64), expected.shape)
    with np.errstate(all="ignore"):
        sure = np.isfinite(allowed) & np.isfinite(expected) & (abs(expected) < LARGE)
        sure &= allowed < LARGE
        off = sure & ~(abs(found - expected) <= allowed)
        spread = ~np.isfinite(expected) & (abs(found) < LARGE)
    if off.any():
        at = np.unravel_index(np.argmax(off), off.shape) if off.ndim else ()
        return (
            f"{off.sum()} of {off.size} elements differ; at {tuple(map(int, at))} {found[at]!r} "
            f"instead of {expected[at]!r}, allowed {allowed[at]:.3g}"
        )
    if spread.any():
        at = np.unravel_index(np.argmax(spread), spread.shape) if spread.ndim else ()
        return f"{found[at]!r} at {tuple(map(int, at))} where the reference has {expected[at]!r}"
    return None
