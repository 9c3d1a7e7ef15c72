"""Weight initializers, with Keras's names: float32 values drawn from a seed.

Constants; random values with a given spread; variance scaling, with variance ``scale / fan``, where
`fan` is a unit's number of inputs, of outputs, or their mean (Glorot & Bengio 2010; He et al. 2015;
LeCun et al. 1998); and convolutions that begin as the identity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconv._arguments import as_float, check_choice
from fastconv.utils.configured import Configured, resolve, serialize
from fastconv.utils.random import check_seed, generator, next_seed

__all__ = [
    "Constant",
    "Dirac",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "get",
]

# Standard deviation of a unit normal truncated at ±2.
_TRUNCATED_STDDEV = 0.87962566103423978


class Initializer(Configured):
    """Makes an array of a given shape: ``initializer(shape)``.

    Parameters
    ----------
    seed : int, optional
        If given, every call returns the same values. By default values are drawn from the layer's
        seed, or, outside of a layer, from the global seed (`fastconv.utils.set_random_seed`).
    """

    def __init__(self, seed: int | None = None, **unknown: Any) -> None:
        super().__init__(**unknown)
        self.seed = check_seed(seed, where=type(self).__name__)

    def __call__(
        self, shape: Sequence[int], dtype: Any = np.float32, *, seed: int | None = None
    ) -> np.ndarray:
        """An array of `shape`; `seed` is used if the initializer has none."""
        chosen = seed if self.seed is None else self.seed
        rng = generator(next_seed() if chosen is None else chosen)
        return self.draw(rng, tuple(shape)).astype(dtype, copy=False)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """The float32 values; every subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} must define draw(rng, shape)")

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


class Zeros(Initializer):
    """All zeros."""

    def __init__(self, **unknown: Any) -> None:
        super().__init__(**unknown)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.zeros(shape, np.float32)

    def get_config(self) -> dict[str, Any]:
        return {}


class Ones(Zeros):
    """All ones."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.ones(shape, np.float32)


class Constant(Initializer):
    """The same value everywhere."""

    def __init__(self, value: float = 0.0, **unknown: Any) -> None:
        super().__init__(**unknown)
        self.value = as_float(value, "value", where="Constant")

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.full(shape, self.value, np.float32)

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value}


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
        self.stddev = as_float(stddev, "stddev", where=where, minimum=0)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        values = rng.standard_normal(shape, np.float32)
        return values * np.float32(self.stddev) + np.float32(self.mean)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, **super().get_config()}


class TruncatedNormal(RandomNormal):
    """Normal; values more than two standard deviations from the mean are drawn again."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return truncated_normal(rng, shape, self.stddev) + np.float32(self.mean)


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


class _FixedScaling(Initializer):
    """Variance scaling whose settings (scale, mode, distribution) are fixed by the class."""

    settings: tuple[float, str, str]

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return scaled(rng, shape, *self.settings)


class GlorotUniform(_FixedScaling):
    """Uniform within ±sqrt(6 / (fan_in + fan_out))."""

    settings = (1.0, "fan_avg", "uniform")


class GlorotNormal(_FixedScaling):
    """Truncated normal with variance 2 / (fan_in + fan_out)."""

    settings = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_FixedScaling):
    """Uniform within ±sqrt(6 / fan_in)."""

    settings = (2.0, "fan_in", "uniform")


class HeNormal(_FixedScaling):
    """Truncated normal with variance 2 / fan_in."""

    settings = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_FixedScaling):
    """Uniform within ±sqrt(3 / fan_in)."""

    settings = (1.0, "fan_in", "uniform")


class LecunNormal(_FixedScaling):
    """Truncated normal with variance 1 / fan_in."""

    settings = (1.0, "fan_in", "truncated_normal")


class Dirac(Initializer):
    """The first filters of a convolution copy one input channel each; the others follow `base`.

    In a kernel (..., inputs, outputs), output d < inputs is the identity of input d: all zeros but
    for a one at the window's center. (Zagoruyko, Komodakis,
    "DiracNets", 2017; the partial form is that of Jordan, "94% on CIFAR-10 in 3.29 seconds on a
    single GPU", 2024.)

    Parameters
    ----------
    base : str or Initializer, optional
        For the remaining filters; by default uniform within ±1/sqrt(fan_in), as in PyTorch's
        convolutions.
    seed : int, optional

    Raises
    ------
    ValueError
        If it is called with a shape that has no axes of inputs and outputs.

    Examples
    --------
    >>> kernel = Dirac()((3, 3, 2, 5), seed=1)
    >>> kernel[1, 1, :, :2].tolist(), float(abs(kernel[0, ..., :2]).max())
    ([[1.0, 0.0], [0.0, 1.0]], 0.0)
    """

    def __init__(self, base: Any = None, seed: int | None = None, **unknown: Any) -> None:
        super().__init__(seed=seed, **unknown)
        self.base = get(VarianceScaling(1 / 3, "fan_in", "uniform") if base is None else base)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) < 2:
            raise ValueError(f"Dirac: a shape must end in inputs and outputs; received {shape}")
        kernel = self.base.draw(rng, shape)
        copied = min(shape[-2:])
        kernel[..., :copied] = 0
        center = kernel[tuple(size // 2 for size in shape[:-2])]
        np.fill_diagonal(center[:copied, :copied], 1)
        return kernel

    def get_config(self) -> dict[str, Any]:
        return {"base": serialize(self.base), **super().get_config()}


def uniform(
    rng: np.random.Generator, shape: tuple[int, ...], low: float, high: float
) -> np.ndarray:
    """float32 values from `low` up to, but not including, `high`."""
    values = rng.random(shape, np.float32)
    return values * np.float32(high - low) + np.float32(low)


def truncated_normal(rng: np.random.Generator, shape: tuple[int, ...], stddev: float) -> np.ndarray:
    """Normal with zero mean; values beyond two standard deviations are drawn again."""
    values = rng.standard_normal(math.prod(shape), np.float32)
    outside = np.flatnonzero(np.abs(values) > 2)
    while outside.size:
        values[outside] = rng.standard_normal(outside.size, np.float32)
        outside = outside[np.abs(values[outside]) > 2]
    return values.reshape(shape) * np.float32(stddev)


def compute_fans(shape: Sequence[int]) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight: inputs and outputs of one unit, times the window's size.

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


_TABLE: dict[str, type[Initializer]] = {
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "variance_scaling": VarianceScaling,
    "truncated_normal": TruncatedNormal,
    "random_normal": RandomNormal,
    "random_uniform": RandomUniform,
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "dirac": Dirac,
}


def get(value: Any) -> Initializer:
    """The initializer that a name, a class, an instance or a configuration stands for."""
    return resolve(value, Initializer, _TABLE, what="initializer")


def __getattr__(name: str) -> Any:
    if name in _TABLE:  # Keras's older names: initializers.he_normal()
        return _TABLE[name]
    raise AttributeError(f"module 'fastconv.initializers' has no attribute {name!r}")
