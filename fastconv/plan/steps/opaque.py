"""A layer that computes by itself, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Opaque
from fastconv.plan.steps.base import Executor, Setting


class OpaqueStep(Executor):
    """y = layer.forward(x, training), dx = layer.backward(dy); what it returns is copied.

    The layer may keep what it was given: its input and the gradient stay as they are until its
    `backward` has returned.
    """

    algorithm = "the layer's own"

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        opaque = step.find(Opaque)
        assert opaque is not None
        self.layer = opaque.layer
        self.reads_input = self.reads_output = setting.backward

    def forward(self, training: bool, step: int) -> None:
        x = self.inputs if len(self.inputs) > 1 else self.inputs[0]
        self._copy(self.layer.forward(x, training), self.output, "forward")

    def backward(self, step: int) -> None:
        returned = self.layer.backward(self.d_output)
        gradients = returned if len(self.inputs) > 1 else [returned]
        for given, dx in zip(gradients, self.d_inputs, strict=True):
            if dx is not None:
                self._copy(given, dx, "backward")

    def _copy(self, given: Any, into: np.ndarray, method: str) -> None:
        array = np.asarray(given)
        if array.shape != into.shape:
            raise ValueError(
                f"{type(self.layer).__name__}.{method}: the result must have the shape "
                f"{into.shape}; received {array.shape}"
            )
        np.copyto(into, array, casting="same_kind")
