"""Weights whose spread follows from the number of inputs and outputs of a unit.

The family aims at a variance of ``scale / fan``, where `fan` counts a weight's inputs, outputs, or
their mean (Glorot & Bengio 2010; He et al. 2015; LeCun et al. 1998).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconv._arguments import as_float, check_choice
from fastconv.initializers.base import Initializer
from fastconv.initializers.random import truncated_normal, uniform

# Standard deviation of a unit normal cut at two standard deviations.
_TRUNCATED_STDDEV = 0.87962566103423978


class VarianceScaling(Initializer):
    """Variance ``scale / fan``, with `fan` from the weight's shape.

    Parameters
    ----------
    scale : float
    mode : "fan_in", "fan_out" or "fan_avg"
    distribution : "truncated_normal", "untruncated_normal" or "uniform"
    seed : int, optional

    Examples
    --------
    >>> weights = VarianceScaling(scale=2.0, mode="fan_in", seed=1)((3, 3, 64, 128))
    >>> bool(abs(weights.std() / (2 / (3 * 3 * 64)) ** 0.5 - 1) < 0.01)
    True
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(seed=seed, **unknown)
        where = type(self).__name__
        self.scale = as_float(scale, "scale", where=where)
        if not self.scale > 0:
            raise ValueError(f"{where}: scale must be greater than 0; received {scale!r}")
        self.mode = check_choice(mode, ("fan_in", "fan_out", "fan_avg"), where=where, what="mode")
        if distribution == "normal":
            distribution = "truncated_normal"
        self.distribution = check_choice(
            distribution,
            ("truncated_normal", "untruncated_normal", "uniform"),
            where=where,
            what="distribution",
        )

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return scaled(rng, shape, self.scale, self.mode, self.distribution)

    def get_config(self) -> dict[str, Any]:
        own = {"scale": self.scale, "mode": self.mode, "distribution": self.distribution}
        return {**own, **super().get_config()}


class _Named(Initializer):
    """A variance scaling whose numbers (scale, mode, distribution) are fixed by its name."""

    settings: tuple[float, str, str]

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return scaled(rng, shape, *self.settings)


class GlorotUniform(_Named):
    """Uniform within ±sqrt(6 / (fan_in + fan_out))."""

    settings = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Named):
    """Truncated normal with variance 2 / (fan_in + fan_out)."""

    settings = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Named):
    """Uniform within ±sqrt(6 / fan_in)."""

    settings = (2.0, "fan_in", "uniform")


class HeNormal(_Named):
    """Truncated normal with variance 2 / fan_in."""

    settings = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Named):
    """Uniform within ±sqrt(3 / fan_in)."""

    settings = (1.0, "fan_in", "uniform")


class LecunNormal(_Named):
    """Truncated normal with variance 1 / fan_in."""

    settings = (1.0, "fan_in", "truncated_normal")


def compute_fans(shape: Sequence[int]) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight: inputs and outputs of one unit, window included.

    Examples
    --------
    >>> compute_fans((3, 3, 64, 128)), compute_fans((784, 10)), compute_fans((10,))
    ((576, 1152), (784, 10), (10, 10))
    """
    if len(shape) < 2:
        size = int(shape[0]) if shape else 1
        return size, size
    window = math.prod(int(size) for size in shape[:-2])
    return int(shape[-2]) * window, int(shape[-1]) * window


def scaled(
    rng: np.random.Generator, shape: tuple[int, ...], scale: float, mode: str, distribution: str
) -> np.ndarray:
    """float32 values with variance ``scale / fan``."""
    fan_in, fan_out = compute_fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    stddev = math.sqrt(scale / max(1.0, fan))
    if distribution == "uniform":
        limit = math.sqrt(3) * stddev
        return uniform(rng, shape, -limit, limit)
    if distribution == "truncated_normal":
        return truncated_normal(rng, shape, stddev / _TRUNCATED_STDDEV)
    return rng.standard_normal(shape, np.float32) * np.float32(stddev)
