"""Images resized by weights along their axes."""

from __future__ import annotations

import numpy as np

from fastconv.kernels.images.resize import resize, resize_bwd
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Resize
from fastconv.plan.steps.base import Executor, Setting


class ResizeStep(Executor):
    """y = x in its mixtures, and what is missing of them times the fill value."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        found = step.find(Resize)
        assert found is not None
        rows, columns = found.rows, found.columns
        self.weights = rows.first, rows.weights, columns.first, columns.weights
        self.border = border(found)

    def forward(self, training: bool, step: int) -> None:
        resize(self.inputs[0], self.output, *self.weights)
        if self.border is not None:
            np.add(self.output, self.border, out=self.output)

    def backward(self, step: int) -> None:
        resize_bwd(self.d_output, self.d_inputs[0], *self.weights)


def border(how: Resize) -> np.ndarray | None:
    """What the fill value adds to every pixel, (oh, ow, 1); None if it adds nothing."""
    if not how.fill:
        return None
    inside = np.outer(1 - how.rows.missing, 1 - how.columns.missing)
    return (how.fill * (1 - inside)).astype(np.float32)[..., None]
