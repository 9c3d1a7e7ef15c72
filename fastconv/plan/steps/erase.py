"""Boxes of images overwritten, drawn anew at every training step."""

from __future__ import annotations

import numpy as np

from fastconv.kernels.images.adjust import erase_with_noise
from fastconv.kernels.images.augment import erase
from fastconv.plan.fuse import FusedStep
from fastconv.plan.geometry.draws import between, noise_seed, uniforms
from fastconv.plan.primitives import Erase
from fastconv.plan.steps.base import Executor, Setting
from fastconv.plan.steps.resample import keep

NOISE = 2  # the purpose of the draws that fill a box; 0 and 1 make the boxes


class EraseStep(Executor):
    """y = x but for the boxes, which have no gradient; backward draws the same ones again."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        found = step.find(Erase)
        assert found is not None
        self.how = found
        self.in_place = step.inputs[0].dtype == "float32"

    def forward(self, training: bool, step: int) -> None:
        y, how = self.output, self.how
        keep(self.inputs[0], y)
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
        dx = self.d_inputs[0]
        assert dx is not None
        keep(self.d_output, dx)
        erase(dx.view(np.uint8), self.boxes(step), np.zeros(4 * dx.shape[-1], np.uint8))

    def boxes(self, step: int) -> np.ndarray:
        """(top, left, bottom, right) for each image; empty where it stays whole."""
        how, rows = self.how, self.setting.rows
        box, chance = (uniforms(rows, how.seed, step, purpose) for purpose in (0, 1))
        found = np.zeros((rows, 4), np.int64)
        for k, n in enumerate(self.output.shape[1:3]):
            length = n * np.sqrt(between(*how.scale, box[:, k]))
            start = box[:, 2 + k] * (n - length)
            # The pixels from start on, up to, but not including, start + length.
            found[:, k], found[:, 2 + k] = np.ceil(start), np.ceil(start + length)
        found = np.minimum(found, np.tile(self.output.shape[1:3], 2))
        found[chance[:, 1] >= between(*how.chance, chance[:, 0])] = 0
        return found
