"""Convolution and what may follow it: [scaling ->] conv + bias + ReLU -> max pooling -> dropout."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fastconv.kernels.elementwise.arithmetic import affine, affine_u8, bias_grad, relu_bwd
from fastconv.kernels.elementwise.dropout import dropout_bwd, dropout_fwd
from fastconv.kernels.pooling.pool2d_bwd import max_pool2d_bwd
from fastconv.kernels.pooling.pool2d_fwd import max_pool2d_fwd
from fastconv.plan.algorithms import Pass, conv2d_algorithm, make_conv2d_kernel, pools_inside
from fastconv.plan.fuse import FusedStep
from fastconv.plan.geometry.shapes import Conv2DShape
from fastconv.plan.primitives import Activation, Affine, Conv2D, Dropout, Pool2D
from fastconv.plan.steps.base import Buffer, Executor, Life, Setting, flat, rows_2d


class ConvBlock(Executor):
    """y = dropout(pool(relu(conv(scale * x + offset, w) + b))); only the convolution must be there.

    What backward needs of the forward pass is x (or the scaled x), y and a byte per pooled element:
    y > 0 is the mask of the ReLU, also behind the pooling (the largest of a window is positive if
    its ReLU let it pass) and behind the dropout (a dropped element has no gradient anyway). Where
    the convolution pools by itself the byte says also that, and y is not needed.
    """

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        conv = step.find(Conv2D)
        assert conv is not None
        self.conv = conv
        self.scaling = step.find(Affine)
        self.relu = step.find(Activation) is not None
        self.pool = step.find(Pool2D)
        self.dropout = step.find(Dropout)
        self.shape: Conv2DShape = replace(conv.shape, mb=setting.rows)
        self.flops = self.shape.flops

        self.algorithm = conv2d_algorithm(self.shape)
        self.pools_inside = self._can_pool_inside()
        activation = "relu" if self.relu else "none"
        self.fwd = self._kernel("fwd", activation=activation)
        learns = setting.backward and conv.w.trainable
        self.bwd_weights = self._kernel("bwd_weights") if learns else None
        wants_dx = setting.backward and setting.input_gradients[0]
        self.bwd_data = self._kernel("bwd_data") if wants_dx else None
        self.scales_inside = self.scaling is not None and all(
            kernel is None or kernel.algo == "direct" for kernel in (self.fwd, self.bwd_weights)
        )
        self.reads_input = learns and (self.scaling is None or self.scales_inside)
        self.reads_output = setting.backward and self.relu and not self.pools_inside

    def _kernel(self, direction: Pass, **more: Any) -> Any:
        return make_conv2d_kernel(self.shape, direction, pool=self.pools_inside, **more)

    def _can_pool_inside(self) -> bool:
        b, w = self.conv.b, self.conv.w
        if b is not None and b.trainable and not w.trainable:
            return False  # the bias's gradient is then summed over dy, where the ReLU must show
        return self.pool is not None and pools_inside(self.shape, self._window())

    def buffers(self) -> list[Buffer]:
        wanted = []
        backward = self.setting.backward
        if self.scaling is not None and not self.scales_inside:
            life: Life = "saved" if self.bwd_weights is not None else "forward"
            wanted.append(Buffer("scaled", self.shape.x_shape, "float32", life))
        if self.pool is not None and not self.pools_inside:
            wanted.append(Buffer("unpooled", self.shape.y_shape, "float32", "forward"))
        if self.pool is not None and backward:
            pooled = self.batch(self.step.output)
            wanted.append(Buffer("argmax", pooled, "uint8", "saved"))
        if self.pool is not None and backward and not self.pools_inside:
            wanted.append(Buffer("d_unpooled", self.shape.y_shape, "float32", "backward"))
        return wanted

    def forward(self, training: bool, step: int) -> None:
        x, w, y = self.inputs[0], self._weights(), self.output
        b = None if self.conv.b is None else self.conv.b.value
        out = self.own.get("unpooled", y)
        if self.scaling is not None and not self.scales_inside:
            x = self.own["scaled"]
            affine_u8(flat(self.inputs[0]), flat(x), self.scaling.scale, self.scaling.offset)
        if self.scaling is not None and self.scales_inside:
            self.fwd.run_bytes(x, self.scaling.scale, self.scaling.offset, w, b, out)
        else:
            winners = (self.own.get("argmax"),) if self.pools_inside else ()
            self.fwd.run(x, w, b, out, *winners)
        if self.pool is not None and not self.pools_inside:
            max_pool2d_fwd(out, y, self.own.get("argmax"), *self._window())
        if self.dropout is not None and training:
            dropout_fwd(flat(y), flat(y), self.dropout.rate, self.dropout.seed, step)

    def backward(self, step: int) -> None:
        dy = self._undo_what_follows(step)
        argmax = self.own["argmax"] if self.pools_inside else None
        w, b = self.conv.w, self.conv.b
        db = self.gradient(b) if b is not None and b.trainable else None
        if self.bwd_weights is not None:
            dw = self.gradient(w).reshape(self.shape.w_shape)
        if self.bwd_weights is not None and self.scaling is not None and self.scales_inside:
            scale, offset = self.scaling.scale, self.scaling.offset
            self.bwd_weights.run_bytes(self.inputs[0], scale, offset, dy, dw, db)
        elif self.bwd_weights is not None:
            x = self.own.get("scaled", self.inputs[0])
            self.bwd_weights.run(x, dy, dw, db, argmax)
        elif db is not None:
            bias_grad(rows_2d(dy), db)
        if self.bwd_data is not None:
            dx = self.d_inputs[0]
            assert dx is not None
            self.bwd_data.run(dy, self._weights(), dx, argmax)
            if self.scaling is not None:
                affine(flat(dx), flat(dx), self.scaling.scale, 0.0)

    def _undo_what_follows(self, step: int) -> np.ndarray:
        """The gradient of the convolution's own output, or of its pooled one where the kernels undo
        the pooling. ReLU comes before the pooling is undone,
        where there are fewer elements."""
        dy = self.d_output
        if self.dropout is not None:
            dropout_bwd(flat(dy), flat(dy), self.dropout.rate, self.dropout.seed, step)
        if self.relu and not self.pools_inside:
            relu_bwd(flat(dy), flat(self.output), flat(dy))
        if self.pool is not None and not self.pools_inside:
            max_pool2d_bwd(dy, self.own["argmax"], self.own["d_unpooled"], *self._window())
            dy = self.own["d_unpooled"]
        return dy

    def _weights(self) -> np.ndarray:
        return self.conv.w.value.reshape(self.shape.w_shape)

    def _window(self) -> tuple[int, int, int, int, int, int]:
        assert self.pool is not None
        s = self.pool.shape
        return s.kh, s.kw, s.sh, s.sw, s.pt, s.pl
