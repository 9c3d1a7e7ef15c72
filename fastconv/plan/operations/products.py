"""Products with a matrix of weights: convolution, transposed convolution, dense layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastconv.kernels.dropout import dropout_bwd, dropout_fwd
from fastconv.kernels.elementwise import affine, affine_u8, bias_add, bias_grad, relu_bwd
from fastconv.kernels.gemm import gemm
from fastconv.kernels.pool2d_bwd import max_pool2d_bwd
from fastconv.kernels.pool2d_fwd import max_pool2d_fwd
from fastconv.plan.algorithms import Pass, conv2d_algorithm, conv2d_kernels
from fastconv.plan.executor import (
    Buffer,
    Executor,
    FusedStep,
    Life,
    Setting,
    flat,
    rows_2d,
)
from fastconv.plan.geometry.padding import Padding
from fastconv.plan.geometry.shapes import Conv2DShape, conv2d_shape
from fastconv.plan.geometry.transposed import conv2d_transpose_shape
from fastconv.plan.operations.activations import Activation
from fastconv.plan.operations.elementwise import Affine, Dropout
from fastconv.plan.operations.pooling import Pool2D
from fastconv.plan.parameters import Parameter
from fastconv.plan.recorder import Primitive, Recorder, Value, with_batch


class Product(Primitive):
    """What has weights w and perhaps a bias b."""

    w: Parameter
    b: Parameter | None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (self.w,) if self.b is None else (self.w, self.b)


@dataclass(frozen=True, eq=False)
class Conv2D(Product):
    """y = conv(x, w) + b; x (ih, iw, ic), w (kh, kw, ic/groups, oc), b (oc,).

    w may have other axes, as long as its numbers lie in this order.
    """

    shape: Conv2DShape
    w: Parameter
    b: Parameter | None

    @property
    def title(self) -> str:
        shape = self.shape
        stride = f"/{shape.sh}" if shape.sh == shape.sw else f"/{shape.sh}x{shape.sw}"
        groups = f" groups {shape.groups}" if shape.groups > 1 else ""
        bias = "" if self.b is None else " + bias"
        return f"conv {shape.kh}x{shape.kw}{stride if stride != '/1' else ''}{groups}{bias}"


@dataclass(frozen=True, eq=False)
class Conv2DTranspose(Product):
    """y = the gradient of a convolution's input, plus b; `shape` is the convolution's from y to x.

    x (ih, iw, ic), w (kh, kw, oc, ic), b (oc,).
    """

    shape: Conv2DShape
    w: Parameter
    b: Parameter | None

    @property
    def title(self) -> str:
        bias = "" if self.b is None else " + bias"
        return f"conv transposed {self.shape.kh}x{self.shape.kw}/{self.shape.sh}{bias}"


@dataclass(frozen=True, eq=False)
class Dense(Product):
    """y = x @ w + b along the last axis; w (ic, oc), b (oc,)."""

    w: Parameter
    b: Parameter | None

    @property
    def title(self) -> str:
        return "dense" if self.b is None else "dense + bias"


class ProductsRecorder(Recorder):
    """Steps that multiply by a matrix of weights: convolution and dense."""

    def conv2d(
        self,
        x: Value,
        w: Parameter,
        b: Parameter | None = None,
        *,
        strides: int | Sequence[int] = 1,
        padding: Padding = "valid",
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        w_shape: Sequence[int] | None = None,
    ) -> Value:
        """Convolve x (ih, iw, ic) with w (kh, kw, ic/groups, oc), plus b (oc,).

        `w_shape` is how to read a parameter of other axes, such as (kh, kw, ic, multiplier).
        """
        where = self._where("conv2d")
        self._float_input(x, where, rank=3)
        axes = w.shape if w_shape is None else tuple(w_shape)
        if math.prod(axes) != w.size:
            raise ValueError(
                f"{where}: w must have as many numbers as w_shape says; "
                f"received w {w.shape}, w_shape {axes}"
            )
        shape = conv2d_shape((1, *x.shape), axes, strides, padding, dilation, groups, where=where)
        _check_bias(b, shape.oc, w, where)
        return self._record(Conv2D(shape, w, b), (x,), shape.y_shape[1:])

    def conv2d_transpose(
        self,
        x: Value,
        w: Parameter,
        b: Parameter | None = None,
        *,
        strides: int | Sequence[int] = 1,
        padding: Padding = "valid",
        dilation: int | Sequence[int] = 1,
        output_padding: int | Sequence[int] | None = None,
        w_shape: Sequence[int] | None = None,
    ) -> Value:
        """The gradient of a convolution's input: x (ih, iw, ic), w (kh, kw, oc, ic), b (oc,).

        `w_shape` is how to read a parameter of other axes.
        """
        where = self._where("conv2d_transpose")
        self._float_input(x, where, rank=3)
        axes = w.shape if w_shape is None else tuple(w_shape)
        if len(axes) != 4 or math.prod(axes) != w.size:
            raise ValueError(f"{where}: w must have four axes (kh, kw, oc, ic); received {w.shape}")
        shape = conv2d_transpose_shape(
            (1, *x.shape), axes, strides, padding, dilation, output_padding, where=where
        )
        _check_bias(b, shape.ic, w, where)
        return self._record(Conv2DTranspose(shape, w, b), (x,), shape.x_shape[1:])

    def dense(self, x: Value, w: Parameter, b: Parameter | None = None) -> Value:
        """Multiply the last axis of x by w (ic, oc), plus b (oc,)."""
        where = self._where("dense")
        self._float_input(x, where)
        if len(w.shape) != 2:
            raise ValueError(f"{where}: w must have two axes (ic, oc); received {w.shape}")
        ic = x.shape[-1] if x.shape else 0
        if ic != w.shape[0]:
            raise ValueError(
                f"{where}: x has {ic} features, w expects {w.shape[0]}; "
                f"received x {with_batch(x)}, w {w.shape}"
            )
        _check_bias(b, w.shape[1], w, where)
        return self._record(Dense(w, b), (x,), (*x.shape[:-1], w.shape[1]))


def _check_bias(b: Parameter | None, oc: int, w: Parameter, where: str) -> None:
    if b is not None and b.shape != (oc,):
        raise ValueError(
            f"{where}: b must have one element for each of the {oc} outputs of w; "
            f"received b {b.shape}, w {w.shape}"
        )


class ConvBlockExecutor(Executor):
    """y = dropout(pool(relu(conv(scale * x + offset, w) + b))); only the convolution must be there.

    What backward needs of the forward pass is x (or the scaled x), y and a byte per pooled element:
    y > 0 is the mask of the ReLU, also behind the pooling (the largest of a window is positive if
    its ReLU let it pass) and behind the dropout (a dropped element has no gradient anyway). Where
    the convolution pools by itself the byte says also that, and y is not needed.
    """

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.conv = step.get(Conv2D)
        self.scaling = step.find(Affine)
        self.relu = step.find(Activation) is not None
        self.pool = step.find(Pool2D)
        self.dropout = step.find(Dropout)
        self.shape: Conv2DShape = replace(self.conv.shape, mb=setting.rows)
        self.flops = self.shape.flops

        self.algorithm = conv2d_algorithm(self.shape)
        self.pools_inside = self._can_pool_inside()
        activation = "relu" if self.relu else "none"
        self.fwd = self._kernel("fwd", activation=activation)
        learns = setting.backward and self.conv.w.trainable
        self.bwd_weights = self._kernel("bwd_weights") if learns else None
        wants_dx = setting.backward and setting.input_gradients[0]
        self.bwd_data = self._kernel("bwd_data") if wants_dx else None
        self.scales_inside = self.scaling is not None and all(
            kernel is None or kernel.algo == "direct" for kernel in (self.fwd, self.bwd_weights)
        )
        self.reads_input = learns and (self.scaling is None or self.scales_inside)
        self.reads_output = setting.backward and self.relu and not self.pools_inside

    def _kernel(self, direction: Pass, **more: Any) -> Any:
        algo = conv2d_algorithm(self.shape, direction)
        kind = getattr(conv2d_kernels(algo), direction)
        return kind(**self.shape.kernel_arguments(), algo=algo, pool=self.pools_inside, **more)

    def _can_pool_inside(self) -> bool:
        """Whether the convolution's own kernels can pool and undo it, tile by tile."""
        s = self.shape
        directions: tuple[Pass, ...] = ("fwd", "bwd_data", "bwd_weights")
        by_tiles = all(conv2d_algorithm(s, each) == "winograd" for each in directions)
        fits = max(s.pt, s.pb, s.pl, s.pr) <= 2
        b, w = self.conv.b, self.conv.w
        if b is not None and b.trainable and not w.trainable:
            return False  # the bias's gradient is then summed over dy, where the ReLU must show
        return self.pool is not None and self._window() == (2, 2, 2, 2, 0, 0) and by_tiles and fits

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
            dx = self.dx
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

    def _window(self) -> tuple[int, ...]:
        assert self.pool is not None
        s = self.pool.shape
        return s.kh, s.kw, s.sh, s.sw, s.pt, s.pl


class ConvTransposeExecutor(Executor):
    """Forward is the convolution's gradient of the data; the gradient of x is its forward pass."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.conv = step.get(Conv2DTranspose)
        self.shape = replace(self.conv.shape, mb=setting.rows)
        self.flops = self.shape.flops
        self.algorithm = conv2d_algorithm(self.shape, "bwd_data")
        self.to_y = self._kernel("bwd_data")
        self.to_dx = self._kernel("fwd")
        self.to_dw = self._kernel("bwd_weights")
        self.reads_input = setting.backward and self.conv.w.trainable

    def _kernel(self, direction: Pass) -> Any:
        algo = conv2d_algorithm(self.shape, direction)
        return getattr(conv2d_kernels(algo), direction)(**self.shape.kernel_arguments(), algo=algo)

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


class DenseBlockExecutor(Executor):
    """y = dropout(relu(x @ w + b)), w (ic, oc); the ReLU and the dropout are optional.

    y > 0 is the mask of the ReLU also behind the dropout: a dropped element has no gradient anyway.
    """

    algorithm = "gemm"

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        dense = step.get(Dense)
        self.w, self.b = dense.w, dense.b
        self.activation = "none" if step.find(Activation) is None else "relu"
        self.dropout = step.find(Dropout)
        self.reads_input = setting.backward and self.w.trainable
        self.reads_output = setting.backward and self.activation == "relu"
        self.flops = 2 * setting.rows * step.inputs[0].size * self.w.shape[1]

    def forward(self, training: bool, step: int) -> None:
        y = self.output
        bias = None if self.b is None else self.b.value
        gemm(rows_2d(self.inputs[0]), self.w.value, rows_2d(y), 1.0, 0.0, bias, self.activation)
        if self.dropout is not None and training:
            dropout_fwd(flat(y), flat(y), self.dropout.rate, self.dropout.seed, step)

    def backward(self, step: int) -> None:
        dy = self.d_output
        if self.dropout is not None:
            dropout_bwd(flat(dy), flat(dy), self.dropout.rate, self.dropout.seed, step)
        if self.activation == "relu":
            relu_bwd(flat(dy), flat(self.output), flat(dy))
        dy = rows_2d(dy)
        if self.b is not None and self.b.trainable:
            bias_grad(dy, self.gradient(self.b))
        if self.w.trainable:
            gemm(rows_2d(self.inputs[0]).T, dy, self.gradient(self.w), 1.0, 0.0)
        dx = self.d_inputs[0]
        if dx is not None:
            gemm(dy, self.w.value.T, rows_2d(dx), 1.0, 0.0)
