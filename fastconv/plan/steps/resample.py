"""Images read at other points, fixed ones or drawn anew at every training step."""

from __future__ import annotations

import numpy as np

from fastconv.kernels.elementwise.arithmetic import affine_u8
from fastconv.kernels.images.resample import resample, resample_bwd
from fastconv.kernels.images.resample_affine import resample_affine, resample_affine_bwd
from fastconv.plan.fuse import FusedStep
from fastconv.plan.geometry.draws import uniforms
from fastconv.plan.geometry.points import Axes
from fastconv.plan.primitives import Resample
from fastconv.plan.steps.base import Executor, Setting, flat


class ResampleStep(Executor):
    """The points are computed again for the backward pass, which spreads dy over what was read."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        found = step.find(Resample)
        assert found is not None
        self.how = found
        self.unchanged = found.still.is_identity(step.inputs[0].shape[:2])

    def forward(self, training: bool, step: int) -> None:
        how, x, y = self.how, self.inputs[0], self.output
        drawn = training and how.draw is not None
        if self.unchanged and not drawn:
            keep(x, y)
            return
        points = self._points(step) if drawn else how.still
        if isinstance(points, Axes):
            resample(x, y, points.rows, points.columns, how.bilinear, how.mode, how.fill)
        else:
            resample_affine(x, y, points, how.bilinear, how.mode, how.fill)

    def backward(self, step: int) -> None:
        how, dy, dx = self.how, self.d_output, self.d_inputs[0]
        points = how.still if how.draw is None else self._points(step)
        if isinstance(points, Axes):
            resample_bwd(dy, dx, points.rows, points.columns, how.bilinear, how.mode)
        else:
            resample_affine_bwd(dy, dx, points, how.bilinear, how.mode)

    def _points(self, step: int) -> Axes | np.ndarray:
        assert self.how.draw is not None
        points = self.how.draw(uniforms(self.setting.rows, self.how.seed, step))
        if isinstance(points, Axes):
            return Axes(*(np.ascontiguousarray(part) for part in points))
        return np.ascontiguousarray(points)


def keep(x: np.ndarray, y: np.ndarray) -> None:
    """y = x, as float32; nothing to do where y lies on x."""
    if x.dtype == np.uint8:
        affine_u8(flat(x), flat(y), 1.0, 0.0)
    elif not np.may_share_memory(x, y):
        np.copyto(y, x)
