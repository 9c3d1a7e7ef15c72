"""Images shifted, mirrored and partly erased, and the random numbers that decide how."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastconv.reference.dropout import philox4x32


def sample_words(index: ArrayLike, seed: int, step: int = 0) -> NDArray[np.uint64]:
    """Four random words of 32 bits for each sample: f(seed, step, the sample's index), (n, 4)."""
    index = np.asarray(index, np.uint64)
    counter = (index, index >> np.uint64(32), np.uint64(step), np.uint64(step >> 32))
    return np.stack(philox4x32(counter, (seed, seed >> 32)), axis=-1)


def shift_flip(
    image: ArrayLike,
    size: tuple[int, int],
    corner: tuple[int, int],
    mirrored: bool,
    mode: Any,
    fill: Any = 0,
) -> NDArray[Any]:
    """The window (h, w) of an image (ih, iw, c) from pixel `corner` on, even outside of the image.

    `mode` is one of NumPy's: "constant" (`fill`), "edge", "reflect", "symmetric" or "wrap".
    """
    image = np.asarray(image)
    rows_and_columns, inside = [], []
    for length, first, n in zip(size, corner, image.shape[:2], strict=True):
        at = np.arange(first, first + length)
        around = (max(0, -int(at.min())), max(0, int(at.max()) - n + 1))
        inside.append((at >= 0) & (at < n))
        source = np.pad(np.arange(n), around, "edge" if mode == "constant" else mode)
        rows_and_columns.append(source[at + around[0]])
    window = image[np.ix_(*rows_and_columns)].copy()
    if mode == "constant":
        window[~np.logical_and.outer(*inside)] = fill
    return window[:, ::-1] if mirrored else window
