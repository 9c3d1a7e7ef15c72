"""Images read at points between and beyond their pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastconv.reference._arrays import Array, float64

Tap = tuple[NDArray[np.int64], Array]  # where to read, -1 for the fill value, and its weight


def resample(
    x: ArrayLike,
    rows: ArrayLike,
    columns: ArrayLike,
    interpolation: str = "bilinear",
    mode: Any = "edge",
    fill: float = 0.0,
) -> Array:
    """y[n, i, j] = x[n] at the point (rows[n, i, j], columns[n, j]), x of (mb, ih, iw, c).

    The points are broadcast to (mb, oh, ow). "bilinear" mixes the four pixels around a point,
    "nearest" takes one. Beyond its edges the image is extended by one of NumPy's modes: "constant"
    (`fill`), "edge", "reflect", "symmetric" or "wrap". Pixels of weight 0 are not read.

    >>> resample([[[[1], [3]]]], 0.0, [[[0, 0.5, 1, 1.5]]])[0, 0, :, 0]
    array([1., 2., 3., 3.])
    """
    x = float64(x)
    rows, columns = _spread(len(x), rows, columns)
    image = np.arange(len(x))[:, None, None]
    y = np.zeros((*rows.shape, x.shape[3]))
    for (i, j), weight in _taps(x.shape, rows, columns, interpolation, mode):
        inside = ((i >= 0) & (j >= 0))[..., None]
        read = np.where(inside, x[image, i, j], fill)
        y += np.where(weight[..., None] == 0, 0, weight[..., None] * read)
    return y


def resample_backward(
    dy: ArrayLike,
    x_shape: tuple[int, ...],
    rows: ArrayLike,
    columns: ArrayLike,
    interpolation: str = "bilinear",
    mode: Any = "edge",
) -> Array:
    """Gradient dx of sum(dy * resample(x)): each dy goes to the pixels that were read, by weight.

    >>> resample_backward(np.ones((1, 1, 4, 1)), (1, 1, 2, 1), 0.0, [[[0, 0.5, 1, 1.5]]]).ravel()
    array([1.5, 2.5])
    """
    dy, dx = float64(dy), np.zeros(x_shape)
    rows, columns = _spread(len(dy), rows, columns)
    image = np.broadcast_to(np.arange(len(dy))[:, None, None], rows.shape)
    for (i, j), weight in _taps(x_shape, rows, columns, interpolation, mode):
        inside = (i >= 0) & (j >= 0)
        np.add.at(dx, (image[inside], i[inside], j[inside]), (weight[..., None] * dy)[inside])
    return dx


def affine_points(maps: ArrayLike, size: tuple[int, int]) -> tuple[Array, Array]:
    """The points (rows, columns), each (mb, oh, ow), that maps (mb, 6) give an output of `size`.

    Column a[0] j + a[1] i + a[2] and row a[3] j + a[4] i + a[5] of the input for the pixel (i, j).
    """
    a = float64(maps)[:, :, None, None]
    i, j = np.indices(size, np.float64)
    return a[:, 3] * j + a[:, 4] * i + a[:, 5], a[:, 0] * j + a[:, 1] * i + a[:, 2]


def _spread(mb: int, rows: ArrayLike, columns: ArrayLike) -> tuple[Array, Array]:
    rows, columns = np.broadcast_arrays(float64(rows), float64(columns))
    shape = (mb, *rows.shape[-2:])
    return np.broadcast_to(rows, shape), np.broadcast_to(columns, shape)


def _taps(
    shape: tuple[int, ...], rows: Array, columns: Array, interpolation: str, mode: Any
) -> Iterator[tuple[tuple[Any, Any], Array]]:
    """The pixels of each point, four or one, with their weights."""
    for i, a in _along(rows, shape[1], interpolation, mode):
        for j, b in _along(columns, shape[2], interpolation, mode):
            yield (i, j), a * b


def _along(at: Array, n: int, interpolation: str, mode: Any) -> list[Tap]:
    if interpolation == "nearest":
        return [(_inside(np.floor(at + 0.5), n, mode), np.ones_like(at))]
    below = np.floor(at)
    weight = at - below
    return [(_inside(below, n, mode), 1 - weight), (_inside(below + 1, n, mode), weight)]


def _inside(positions: Array, n: int, mode: Any) -> NDArray[np.int64]:
    """The indices of the pixels that `mode` gives positions on a line of n; -1 for `fill`."""
    at = positions.astype(np.int64)
    before, after = max(0, -int(at.min())), max(0, int(at.max()) - n + 1)
    more: dict[str, Any] = {"constant_values": -1} if mode == "constant" else {}
    return np.pad(np.arange(n), (before, after), mode, **more)[at + before]
