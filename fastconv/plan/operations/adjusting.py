"""Image adjustments: contrast, brightness, random erasing, standardization."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastconv._arguments import as_float, items_of
from fastconv.kernels.images.adjust import adjust, channel_means, clip_bwd, erase_with_noise
from fastconv.kernels.images.augment import erase
from fastconv.plan.executor import (
    Buffer,
    Executor,
    FusedStep,
    Setting,
    copy_as_float,
)
from fastconv.plan.geometry.draws import between, noise_seed, uniforms
from fastconv.plan.operations.sampling import SamplingRecorder
from fastconv.plan.parameters import Parameter
from fastconv.plan.recorder import Primitive, Value, with_batch

ONE = np.ones((1, 1), np.float32)
NOISE = 2  # `purpose` of the random numbers that fill a box; 0 and 1 are for the boxes themselves
NO_LIMITS = (-math.inf, math.inf)
ZERO = np.zeros((1, 1), np.float32)

Range = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Contrast(Primitive):
    """In training, clip((x - mean) * f + mean) with f drawn from `factor` for each image."""

    factor: Range
    limits: Range
    seed: int


@dataclass(frozen=True, eq=False)
class Brightness(Primitive):
    """In training, clip(x + delta) with delta drawn from `delta` for each image."""

    delta: Range
    limits: Range
    seed: int


@dataclass(frozen=True, eq=False)
class Erase(Primitive):
    """In training, a box in some images is set to `fill`, or to clipped noise if that is None.

    A box's sides are the image's, times the square roots of fractions drawn from `scale`; an image
    gets a box with a probability drawn from `chance`. `fill` has one value for each channel.
    """

    chance: Range
    scale: Range
    fill: tuple[float, ...] | None
    limits: Range
    seed: int


@dataclass(frozen=True, eq=False)
class Standardize(Primitive):
    """y = (x - mean) / sqrt(variance), or with `invert` mean + x * sqrt(variance).

    Mean and variance have the sizes of a sample along `axes`. The root is at least `epsilon`.
    """

    mean: Parameter
    variance: Parameter
    axes: tuple[int, ...]
    invert: bool
    epsilon: float = 1e-7

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (self.mean, self.variance)


class AdjustingRecorder(SamplingRecorder):
    """Steps that change an image's colors, or the contents of a box in it.

    x may be uint8; within `inference` the random steps only record the conversion to float32.
    """

    def contrast(self, x: Value, factor: Any, limits: Any, seed: int) -> Value:
        """In training, clip((x - mean) * f + mean), with f from `factor` and the channel's mean."""
        where = self._where("contrast")
        self._image(x, where)
        step = Contrast(
            _range(factor, "factor", where),
            _range(limits, "limits", where),
            self._seed(seed, where),
        )
        return self._in_training(step, x)

    def brightness(self, x: Value, delta: Any, limits: Any, seed: int) -> Value:
        """In training, clip(x + d), with d from the range `delta`."""
        where = self._where("brightness")
        self._image(x, where)
        step = Brightness(
            _range(delta, "delta", where), _range(limits, "limits", where), self._seed(seed, where)
        )
        return self._in_training(step, x)

    def erase(
        self,
        x: Value,
        chance: Any,
        scale: Any,
        fill: Sequence[float] | None,
        limits: Any,
        seed: int,
    ) -> Value:
        """In training, overwrite a box in some images; see `Erase`."""
        where = self._where("erase")
        self._image(x, where)
        if fill is not None and len(fill) != x.shape[2]:
            raise ValueError(
                f"{where}: fill must have a number for each of the {x.shape[2]} channels; "
                f"received {fill!r}"
            )
        step = Erase(
            _range(chance, "chance", where, 0, 1),
            _range(scale, "scale", where, 0, 1),
            None if fill is None else tuple(as_float(n, "fill", where=where) for n in fill),
            _range(limits, "limits", where),
            self._seed(seed, where),
        )
        return self._in_training(step, x)

    def standardize(
        self,
        x: Value,
        mean: Parameter,
        variance: Parameter,
        axes: Sequence[int],
        invert: bool = False,
    ) -> Value:
        """(x - mean) / sqrt(variance), or its inverse, with a mean for each index along `axes`.

        `axes` are axes of a sample, in increasing order; mean and variance have their sizes.
        """
        where = self._where("standardize")
        self._own(x, where)
        kept = tuple(axes)
        if list(kept) != sorted({axis for axis in kept if 0 <= axis < len(x.shape)}):
            raise ValueError(
                f"{where}: axes must be axes of a sample in their order; received {kept}, "
                f"x {with_batch(x)}"
            )
        if not tuple(x.shape[axis] for axis in kept) == mean.shape == variance.shape:
            raise ValueError(
                f"{where}: mean and variance must have the sizes of x along {kept}; received "
                f"x {with_batch(x)}, mean {mean.shape}, variance {variance.shape}"
            )
        step = Standardize(mean, variance, kept, bool(invert))
        return self._record(step, (x,), x.shape)

    def _in_training(self, step: Primitive, x: Value) -> Value:
        if self.in_inference:
            return self.as_float(x)
        return self._record(step, (x,), x.shape)


def _range(
    given: Any, what: str, where: str, low: float = -math.inf, high: float = math.inf
) -> tuple[float, float]:
    ends = items_of(given)
    if ends is None or len(ends) != 2:
        raise ValueError(f"{where}: {what} must be (smallest, largest); received {given!r}")
    first, second = (as_float(end, what, where=where) for end in ends)
    if not low <= first <= second <= high:
        bounds = f", from {low:g} to {high:g}" if high < math.inf else ""
        raise ValueError(f"{where}: {what} must be (smallest, largest){bounds}; received {given!r}")
    return first, second


class ContrastExecutor(Executor):
    """y = clip(f x + (1 - f) mean); f is computed again for the backward pass.

    The mask of the clipping is read from y; the gradient of the mean is distributed over all
    pixels.
    """

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.how = step.get(Contrast)
        self.in_place = step.inputs[0].dtype == "float32"
        self.reads_output = setting.backward

    def buffers(self) -> list[Buffer]:
        shape = (self.setting.rows, self.step.output.shape[2])
        wanted = [Buffer("mean", shape, "float32", "forward")]
        if self.setting.backward:
            wanted.append(Buffer("d_mean", shape, "float32", "backward"))
        return wanted

    def forward(self, training: bool, step: int) -> None:
        x, y = self.inputs[0], self.output
        if not training:
            copy_as_float(x, y)
            return
        mean, factor = self.own["mean"], self._factor(step)
        channel_means(pixels(x), mean)
        mean *= 1 - factor
        adjust(pixels(x), pixels(y), factor, mean, *self.how.limits)

    def backward(self, step: int) -> None:
        dx, mean, factor = self.dx, self.own["d_mean"], self._factor(step)
        clip_bwd(pixels(self.d_output), pixels(self.output), pixels(dx), *self.how.limits)
        channel_means(pixels(dx), mean)
        mean *= 1 - factor
        adjust(pixels(dx), pixels(dx), factor, mean, -math.inf, math.inf)

    def _factor(self, step: int) -> np.ndarray:
        return _column(self.how, self.how.factor, self.setting.rows, step)


class BrightnessExecutor(Executor):
    """y = clip(x + delta); the mask of the clipping is read from y."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.how = step.get(Brightness)
        self.in_place = step.inputs[0].dtype == "float32"
        self.reads_output = setting.backward

    def forward(self, training: bool, step: int) -> None:
        x, y = self.inputs[0], self.output
        if not training:
            copy_as_float(x, y)
            return
        delta = _column(self.how, self.how.delta, self.setting.rows, step)
        adjust(pixels(x), pixels(y), ONE, delta, *self.how.limits)

    def backward(self, step: int) -> None:
        dx = self.dx
        clip_bwd(pixels(self.d_output), pixels(self.output), pixels(dx), *self.how.limits)


def pixels(images: np.ndarray) -> np.ndarray:
    """(mb, ih, iw, ic) as (mb, ih * iw, ic): a view."""
    return images.reshape(len(images), -1, images.shape[-1])


def _column(
    how: Contrast | Brightness, ends: tuple[float, float], rows: int, step: int
) -> np.ndarray:
    """A random number for each image, (rows, 1)."""
    return between(*ends, uniforms(rows, how.seed, step)[:, :1]).astype(np.float32)


class EraseExecutor(Executor):
    """y = x except in the boxes, where the gradient is 0; backward computes the boxes again."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.how = step.get(Erase)
        self.in_place = step.inputs[0].dtype == "float32"

    def forward(self, training: bool, step: int) -> None:
        y, how = self.output, self.how
        copy_as_float(self.inputs[0], y)
        if not training:
            return
        box, (low, high) = self.boxes(step), how.limits
        if how.fill is None:
            seed = noise_seed(how.seed, NOISE)
            erase_with_noise(y, box, seed, step, high, low, high)
        else:
            fill = np.clip(np.array(how.fill, np.float32), np.float32(low), np.float32(high))
            erase(y.view(np.uint8), box, fill.view(np.uint8))

    def backward(self, step: int) -> None:
        dx = self.dx
        copy_as_float(self.d_output, dx)
        erase(dx.view(np.uint8), self.boxes(step), np.zeros(4 * dx.shape[-1], np.uint8))

    def boxes(self, step: int) -> np.ndarray:
        """(top, left, bottom, right) for each image; empty where nothing is erased."""
        how, rows = self.how, self.setting.rows
        box, chance = (uniforms(rows, how.seed, step, purpose) for purpose in (0, 1))
        found = np.zeros((rows, 4), np.int64)
        for k, n in enumerate(self.output.shape[1:3]):
            length = n * np.sqrt(between(*how.scale, box[:, k]))
            start = box[:, 2 + k] * (n - length)
            # The pixels in [start, start + length).
            found[:, k], found[:, 2 + k] = np.ceil(start), np.ceil(start + length)
        found = np.minimum(found, np.tile(self.output.shape[1:3], 2))
        found[chance[:, 1] >= between(*how.chance, chance[:, 0])] = 0
        return found


class StandardizeExecutor(Executor):
    """y = scale * x + shift, both computed from the parameters' values in every call."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.how = step.get(Standardize)
        shape = step.output.shape
        self.tail = shape[
            min(self.how.axes, default=len(shape)) :
        ]  # the axes along which factors may vary
        self.in_place = step.inputs[0].dtype == "float32"

    def forward(self, training: bool, step: int) -> None:
        adjust(self._rows(self.inputs[0]), self._rows(self.output), *self._factors(), *NO_LIMITS)

    def backward(self, step: int) -> None:
        dx = self.dx
        scale = self._factors()[0]
        adjust(self._rows(self.d_output), self._rows(dx), scale, ZERO, *NO_LIMITS)

    def _rows(self, array: np.ndarray) -> np.ndarray:
        """(mb, repetitions, factors): a view."""
        return array.reshape(len(array), -1, math.prod(self.tail))

    def _factors(self) -> tuple[np.ndarray, np.ndarray]:
        mean = self.how.mean.value.astype(np.float64)
        spread = np.sqrt(self.how.variance.value.astype(np.float64))
        spread = np.maximum(spread, self.how.epsilon)
        scale, shift = (spread, mean) if self.how.invert else (1 / spread, -mean / spread)
        return self._over_tail(scale), self._over_tail(shift)

    def _over_tail(self, factors: np.ndarray) -> np.ndarray:
        first = len(self.step.output.shape) - len(self.tail)
        sizes = [n if first + k in self.how.axes else 1 for k, n in enumerate(self.tail)]
        whole = np.broadcast_to(factors.reshape(sizes), self.tail)
        return np.ascontiguousarray(whole, np.float32).reshape(1, -1)
