"""Weights drawn with a spread that the caller names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastconv._arguments import as_float
from fastconv.initializers.base import Initializer


class RandomUniform(Initializer):
    """Uniform from `minval` up to, but not including, `maxval`."""

    def __init__(
        self,
        minval: float = -0.05,
        maxval: float = 0.05,
        seed: int | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(seed=seed, **unknown)
        self.minval = as_float(minval, "minval", where=type(self).__name__)
        self.maxval = as_float(maxval, "maxval", where=type(self).__name__)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return uniform(rng, shape, self.minval, self.maxval)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, **super().get_config()}


class RandomNormal(Initializer):
    """Normal with the given mean and standard deviation."""

    def __init__(
        self,
        mean: float = 0.0,
        stddev: float = 0.05,
        seed: int | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(seed=seed, **unknown)
        where = type(self).__name__
        self.mean = as_float(mean, "mean", where=where)
        self.stddev = as_float(stddev, "stddev", where=where)
        if self.stddev < 0:
            raise ValueError(f"{where}: stddev must be at least 0; received {stddev!r}")

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        values = rng.standard_normal(shape, np.float32)
        return values * np.float32(self.stddev) + np.float32(self.mean)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, **super().get_config()}


class TruncatedNormal(RandomNormal):
    """Normal, drawn again wherever it is more than two standard deviations from the mean."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return truncated_normal(rng, shape, self.stddev) + np.float32(self.mean)


def uniform(
    rng: np.random.Generator, shape: tuple[int, ...], low: float, high: float
) -> np.ndarray:
    """float32 values from `low` up to, but not including, `high`."""
    values = rng.random(shape, np.float32)
    return values * np.float32(high - low) + np.float32(low)


def truncated_normal(rng: np.random.Generator, shape: tuple[int, ...], stddev: float) -> np.ndarray:
    """Zero mean; what falls outside of two standard deviations is drawn again."""
    values = rng.standard_normal(math.prod(shape), np.float32)
    outside = np.flatnonzero(np.abs(values) > 2)
    while outside.size:
        values[outside] = rng.standard_normal(outside.size, np.float32)
        outside = outside[np.abs(values[outside]) > 2]
    return values.reshape(shape) * np.float32(stddev)
