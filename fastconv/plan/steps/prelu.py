"""Parametric ReLU: the slope of the negative side is trained."""

from __future__ import annotations

import numpy as np

from fastconv.kernels.activations.prelu import prelu_bwd, prelu_fwd
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import PReLU
from fastconv.plan.steps.base import Buffer, Executor, Setting, flat


class PReLUStep(Executor):
    """y = x, or alpha * x where x <= 0.

    The kernels know one slope per column of a matrix: an alpha that is shared along leading axes
    only, such as (1, 1, channels), is that already; one shared along others is spread out first.
    """

    in_place = True

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        prelu = step.find(PReLU)
        assert prelu is not None
        self.alpha = prelu.alpha
        self.reads_input = setting.backward
        sizes, shape = self.alpha.shape, step.output.shape
        leading = next((i for i, size in enumerate(sizes) if size != 1), len(sizes))
        # the shape of the kernels' alpha: that of x, but for shared leading axes
        own = sizes[leading:]
        self.columns = own if own and own == shape[leading:] else shape
        self.spread = self.columns != own

    def buffers(self) -> list[Buffer]:
        size = int(np.prod(self.columns, dtype=int))
        wanted = []
        if self.spread:
            wanted.append(Buffer("spread", (size,), "float32", "saved"))
        if self.setting.backward and (self.spread or not self.alpha.trainable):
            wanted.append(Buffer("d_spread", (size,), "float32", "backward"))
        return wanted

    def forward(self, training: bool, step: int) -> None:
        if self.spread:
            np.copyto(self.own["spread"].reshape(self.columns), self.alpha.value)
        prelu_fwd(self._matrix(self.inputs[0]), self._slopes(), self._matrix(self.output))

    def backward(self, step: int) -> None:
        dx, grad = self.d_inputs[0], None
        if self.alpha.trainable:
            grad = self.gradient(self.alpha)
        sums = self.own["d_spread"] if grad is None or self.spread else flat(grad)
        prelu_bwd(
            self._matrix(self.d_output),
            self._matrix(self.inputs[0]),
            self._slopes(),
            None if dx is None else self._matrix(dx),
            sums,
        )
        if grad is not None and self.spread:
            shared = tuple(i for i, size in enumerate(self.alpha.shape) if size == 1)
            np.sum(sums.reshape(self.columns), axis=shared, keepdims=True, out=grad)

    def _slopes(self) -> np.ndarray:
        return self.own["spread"] if self.spread else flat(self.alpha.value)

    def _matrix(self, array: np.ndarray) -> np.ndarray:
        return array.reshape(-1, int(np.prod(self.columns, dtype=int)))
