"""Batches of augmented uint8 images, on one thread, as in the background of a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from _interleave import Contest, run

import fastconv
import fastconv.reference as reference
from fastconv.augment import Augmented

SETTINGS: dict[str, dict[str, Any]] = {
    "crop, flip": {"crop": 2, "flip": "alternating"},
    "crop, flip, cutout": {"crop": 4, "flip": "random", "cutout": 12},
}
BATCHES = (128, 1024)


def contest(name: str, batch_size: int) -> Contest:
    """A batch out of 10,000 images; `work` counts images, so that rates are images per second."""
    random = np.random.default_rng(21)
    x = random.integers(0, 256, (10_000, 32, 32, 3), dtype=np.uint8)
    data = Augmented(x, np.zeros(len(x)), batch_size=batch_size, seed=21, **SETTINGS[name])
    rows = random.permutation(len(x))[:batch_size]

    def check() -> None:
        """Every image is a window of its padded original, except for what is cut out."""
        for made, original in zip(data.images(rows, 3)[:4], x[rows][:4], strict=True):
            border = range(-data.crop[0], data.crop[0] + 1)
            windows = [
                reference.shift_flip(original, (32, 32), (i, j), mirrored, "reflect")
                for i in border
                for j in border
                for mirrored in (False, True)
            ]
            erased = data.cutout[0] * data.cutout[1]
            assert any((made != window).any(-1).sum() <= erased for window in windows)

    return Contest(name, lambda: data.images(rows, 3), check, batch_size * 1e9)


@pytest.mark.parametrize("batch_size", BATCHES)
@pytest.mark.parametrize("name", SETTINGS)
def bench_augmented(benchmark, name, batch_size):
    benchmark.group = "images of 32x32 bytes in three channels, one thread"
    threads = fastconv.get_num_threads()
    fastconv.set_num_threads(1)
    try:
        run(benchmark, contest(name, batch_size))
    finally:
        fastconv.set_num_threads(threads)
