"""Steps that change an image's colours, or what lies in a box of it."""

from __future__ import annotations

from dataclasses import dataclass

from fastconv.plan.parameters import Parameter
from fastconv.plan.primitives.base import Primitive

Range = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Contrast(Primitive):
    """While training, clip((x - mean) * f + mean) with f drawn from `factor` for each image."""

    factor: Range
    limits: Range
    seed: int


@dataclass(frozen=True, eq=False)
class Brightness(Primitive):
    """While training, clip(x + delta) with delta drawn from `delta` for each image."""

    delta: Range
    limits: Range
    seed: int


@dataclass(frozen=True, eq=False)
class Erase(Primitive):
    """While training, a box of some images becomes `fill`, or clipped noise if that is None.

    A box's sides are the roots of shares of `scale` times the image's; an image has one with a
    probability drawn from `chance`. `fill` has one number for each channel.
    """

    chance: Range
    scale: Range
    fill: tuple[float, ...] | None
    limits: Range
    seed: int


@dataclass(frozen=True, eq=False)
class Standardize(Primitive):
    """y = (x - mean) / sqrt(variance), or with `invert` mean + x * sqrt(variance).

    The two have the sizes of a sample along `axes`. A root below `epsilon` counts as `epsilon`.
    """

    mean: Parameter
    variance: Parameter
    axes: tuple[int, ...]
    invert: bool
    epsilon: float = 1e-7

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (self.mean, self.variance)
