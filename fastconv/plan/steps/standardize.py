"""Means taken away and divided by standard deviations that are known beforehand."""

from __future__ import annotations

import math

import numpy as np

from fastconv.kernels.images.adjust import adjust
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Standardize
from fastconv.plan.steps.base import Executor, Setting

NO_LIMITS = (-math.inf, math.inf)
ZERO = np.zeros((1, 1), np.float32)


class StandardizeStep(Executor):
    """y = scale * x + shift, both made of the parameters' values at every call."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        found = step.find(Standardize)
        assert found is not None
        self.how = found
        shape = step.output.shape
        self.tail = shape[min(found.axes, default=len(shape)) :]  # what has factors of its own
        self.in_place = step.inputs[0].dtype == "float32"

    def forward(self, training: bool, step: int) -> None:
        adjust(self._rows(self.inputs[0]), self._rows(self.output), *self._factors(), *NO_LIMITS)

    def backward(self, step: int) -> None:
        dx = self.d_inputs[0]
        assert dx is not None
        scale = self._factors()[0]
        adjust(self._rows(self.d_output), self._rows(dx), scale, ZERO, *NO_LIMITS)

    def _rows(self, array: np.ndarray) -> np.ndarray:
        """(mb, places, factors): a view."""
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
