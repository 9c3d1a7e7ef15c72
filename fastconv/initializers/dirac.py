"""Convolutions that begin by handing on what they are given."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.initializers.base import Initializer
from fastconv.initializers.variance_scaling import VarianceScaling
from fastconv.utils.configured import resolve, serialize


class Dirac(Initializer):
    """The first filters of a convolution copy one input channel each; the others follow `base`.

    A kernel (..., inputs, outputs) gets identities for as many outputs as there are inputs: all
    zeros, but for a one at the window's centre, from input d to output d. (Zagoruyko, Komodakis,
    "DiracNets", 2017; the partial form is that of Jordan, "94% on CIFAR-10 in 3.29 seconds on a
    single GPU", 2024.)

    Parameters
    ----------
    base : str or Initializer, optional
        Of the remaining filters; by default uniform within ±1/sqrt(fan_in), as PyTorch draws its
        convolutions.
    seed : int, optional

    Raises
    ------
    ValueError
        When it is called for a shape without inputs and outputs.

    Examples
    --------
    >>> kernel = Dirac()((3, 3, 2, 5), seed=1)
    >>> kernel[1, 1, :, :2].tolist(), float(abs(kernel[0, ..., :2]).max())
    ([[1.0, 0.0], [0.0, 1.0]], 0.0)
    """

    def __init__(self, base: Any = None, seed: int | None = None, **unknown: Any) -> None:
        super().__init__(seed=seed, **unknown)
        from fastconv.initializers import _TABLE

        given = VarianceScaling(1 / 3, "fan_in", "uniform") if base is None else base
        self.base: Initializer = resolve(given, Initializer, _TABLE, what="initializer")

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) < 2:
            raise ValueError(f"Dirac: a shape must end in inputs and outputs; received {shape}")
        kernel = self.base.draw(rng, shape)
        copied = min(shape[-2:])
        kernel[..., :copied] = 0
        centre = kernel[tuple(size // 2 for size in shape[:-2])]
        np.fill_diagonal(centre[:copied, :copied], 1)
        return kernel

    def get_config(self) -> dict[str, Any]:
        return {"base": serialize(self.base), **super().get_config()}
