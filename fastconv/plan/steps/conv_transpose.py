"""Transposed convolution: the passes of a convolution, in other roles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fastconv.kernels.elementwise.arithmetic import bias_add, bias_grad
from fastconv.plan.algorithms import conv2d_algorithm, make_conv2d_kernel
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Conv2DTranspose
from fastconv.plan.steps.base import Executor, Setting, rows_2d


class ConvTranspose(Executor):
    """Forward is the convolution's gradient of the data; the gradient of x is its forward pass."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        conv = step.find(Conv2DTranspose)
        assert conv is not None
        self.conv = conv
        self.shape = replace(conv.shape, mb=setting.rows)
        self.flops = self.shape.flops
        self.algorithm = conv2d_algorithm(self.shape, "bwd_data")
        self.to_y = make_conv2d_kernel(self.shape, "bwd_data")
        self.to_dx = make_conv2d_kernel(self.shape, "fwd")
        self.to_dw = make_conv2d_kernel(self.shape, "bwd_weights")
        self.reads_input = setting.backward and conv.w.trainable

    def _as_kernel(self, w: np.ndarray) -> np.ndarray:
        """The parameter, whatever its axes, as (kh, kw, oc, ic): a view."""
        return w.reshape(self.shape.w_shape)

    def forward(self, training: bool, step: int) -> None:
        y = self.output
        self.to_y.run(self.inputs[0], self._as_kernel(self.conv.w.value), y)
        if self.conv.b is not None:
            bias_add(rows_2d(y), self.conv.b.value, rows_2d(y))

    def backward(self, step: int) -> None:
        dy: np.ndarray = self.d_output
        w, b, dx = self.conv.w, self.conv.b, self.d_inputs[0]
        if w.trainable:
            self.to_dw.run(dy, self.inputs[0], self._as_kernel(self.gradient(w)), None)
        if b is not None and b.trainable:
            bias_grad(rows_2d(dy), self.gradient(b))
        if dx is not None:
            self.to_dx.run(dy, self._as_kernel(w.value), None, dx)
