"""Contrast and brightness, drawn anew for each image at every training step."""

from __future__ import annotations

import math

import numpy as np

from fastconv.kernels.images.adjust import adjust, channel_means, clip_bwd
from fastconv.plan.fuse import FusedStep
from fastconv.plan.geometry.draws import between, uniforms
from fastconv.plan.primitives import Brightness, Contrast
from fastconv.plan.steps.base import Buffer, Executor, Setting
from fastconv.plan.steps.resample import keep

ONE = np.ones((1, 1), np.float32)


class ContrastStep(Executor):
    """y = clip(f x + (1 - f) mean); f is drawn again for the backward pass.

    The mask of the clipping is read from y; the mean passes on a share of every gradient.
    """

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        found = step.find(Contrast)
        assert found is not None
        self.how = found
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
            keep(x, y)
            return
        mean, factor = self.own["mean"], self._factor(step)
        channel_means(pixels(x), mean)
        mean *= 1 - factor
        adjust(pixels(x), pixels(y), factor, mean, *self.how.limits)

    def backward(self, step: int) -> None:
        dx, mean, factor = self.d_inputs[0], self.own["d_mean"], self._factor(step)
        assert dx is not None
        clip_bwd(pixels(self.d_output), pixels(self.output), pixels(dx), *self.how.limits)
        channel_means(pixels(dx), mean)
        mean *= 1 - factor
        adjust(pixels(dx), pixels(dx), factor, mean, -math.inf, math.inf)

    def _factor(self, step: int) -> np.ndarray:
        return _column(self.how, self.how.factor, self.setting.rows, step)


class BrightnessStep(Executor):
    """y = clip(x + delta); the mask of the clipping is read from y."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        found = step.find(Brightness)
        assert found is not None
        self.how = found
        self.in_place = step.inputs[0].dtype == "float32"
        self.reads_output = setting.backward

    def forward(self, training: bool, step: int) -> None:
        x, y = self.inputs[0], self.output
        if not training:
            keep(x, y)
            return
        delta = _column(self.how, self.how.delta, self.setting.rows, step)
        adjust(pixels(x), pixels(y), ONE, delta, *self.how.limits)

    def backward(self, step: int) -> None:
        dx = self.d_inputs[0]
        assert dx is not None
        clip_bwd(pixels(self.d_output), pixels(self.output), pixels(dx), *self.how.limits)


def pixels(images: np.ndarray) -> np.ndarray:
    """(mb, ih, iw, ic) as (mb, ih * iw, ic): a view."""
    return images.reshape(len(images), -1, images.shape[-1])


def _column(
    how: Contrast | Brightness, ends: tuple[float, float], rows: int, step: int
) -> np.ndarray:
    """A number for each image, (rows, 1)."""
    return between(*ends, uniforms(rows, how.seed, step)[:, :1]).astype(np.float32)
