"""Random numbers for the images of a batch, computed from a seed, the training step and the row."""

from __future__ import annotations

import numpy as np

from fastconv.kernels.images.augment import random_words

_ODD = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: small multiples stay far from nearby seeds


def uniforms(rows: int, seed: int, step: int, purpose: int = 0) -> np.ndarray:
    """Four numbers in [0, 1) for each row, float64 (rows, 4); each `purpose` has its own stream."""
    words = np.empty((rows, 4), np.uint32)
    random_words(np.arange(rows), noise_seed(seed, purpose), step, words)
    return words / 2.0**32


def noise_seed(seed: int, purpose: int) -> int:
    """The seed of the stream for `purpose`."""
    return (seed + purpose * _ODD) % 2**64


def between(low: float, high: float, share: np.ndarray) -> np.ndarray:
    """Numbers from `low` to `high`, for shares in [0, 1)."""
    return low + (high - low) * share
