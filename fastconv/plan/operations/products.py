"""Products with weights: convolution, transposed convolution, dense layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fastconv.kernels.elementwise.arithmetic import affine, affine_u8, bias_add, bias_grad, relu_bwd
from fastconv.kernels.elementwise.dropout import dropout_bwd, dropout_fwd
from fastconv.kernels.matmul.gemm import gemm
from fastconv.kernels.pooling.pool2d_bwd import max_pool2d_bwd
from fastconv.kernels.pooling.pool2d_fwd import max_pool2d_fwd
from fastconv.plan.algorithms import conv2d_algorithm, make_conv2d_kernel, pools_inside
from fastconv.plan.executor import (
    Buffer,
    Executor,
    FusedStep,
    Life,
    PartwiseExecutor,
    Setting,
    flat,
    rows_2d,
)
from fastconv.plan.geometry.padding import Padding
from fastconv.plan.geometry.shapes import Conv2DShape, conv2d_shape
from fastconv.plan.geometry.transposed import conv2d_transpose_shape
from fastconv.plan.operations.activations import Activation
from fastconv.plan.operations.elementwise import Affine, Dropout
from fastconv.plan.operations.movement import Pad
from fastconv.plan.operations.pooling import Pool2D
from fastconv.plan.parameters import Parameter
from fastconv.plan.recorder import Primitive, Recorder, Value, with_batch


class Product(Primitive):
    """Base class of the operations with weights w and an optional bias b."""

    w: Parameter
    b: Parameter | None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (self.w,) if self.b is None else (self.w, self.b)


@dataclass(frozen=True, eq=False)
class Conv2D(Product):
    """y = conv(x, w) + b; x (ih, iw, ic), w (kh, kw, ic/groups, oc), b (oc,).

    w may have another shape, as long as its elements are in this order.
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
    """y = the input gradient of a convolution, plus b; `shape` is that of this convolution, y to x.

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
    """Steps that multiply by weights: convolution, transposed convolution, dense."""

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

        `w_shape` reinterprets a parameter of another shape, such as (kh, kw, ic, multiplier).
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
        """The input gradient of a convolution: x (ih, iw, ic), w (kh, kw, oc, ic), b (oc,).

        `w_shape` reinterprets a parameter of another shape.
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


WIDEST_PADDED = 32  # rows and columns of the windows that take zeros around the map as padding


def takes_zeros(conv: Conv2D, pad: Pad) -> bool:
    """Whether the zeros around the map are padding like any other for the convolution's kernels.

    They are if every window is larger than the padding on each side. (A kernel of one element would
    lose its matrix product, and with many zeros the kernels might refuse the convolution.)
    """
    if len(pad.sides) != 3 or pad.sides[2] != (0, 0):
        return False
    s = conv.shape.of_inner_map(*pad.sides[:2])
    reach_h, reach_w = (s.kh - 1) * s.dh + 1, (s.kw - 1) * s.dw + 1
    return (
        max(reach_h, reach_w) <= WIDEST_PADDED
        and max(s.pt, s.pb) < reach_h
        and max(s.pl, s.pr) < reach_w
    )


def convolution_shape(step: FusedStep, rows: int) -> Conv2DShape:
    """The geometry of a step's convolution for `rows` images; zeros before it are its padding."""
    shape, pad = step.get(Conv2D).shape, step.find(Pad)
    if pad is not None:
        shape = shape.of_inner_map(*pad.sides[:2])
    return replace(shape, mb=rows)


def map_of(step: FusedStep) -> Value:
    """The output of a step's convolution, or of the pooling behind it, before it is reshaped."""
    maps = (n.output for n in reversed(step.nodes) if isinstance(n.primitive, (Conv2D, Pool2D)))
    return next(maps)


def runs_in_parts(shape: Conv2DShape) -> bool:
    """Whether the convolution takes no longer in parts of the batch: its kernels prepare nothing of
    w that each part would have to pay for again.
    """
    algorithm = conv2d_algorithm(shape)
    return algorithm == "depthwise" or (algorithm == "gemm" and shape.kh == shape.kw == 1)


class ConvBlockExecutor(PartwiseExecutor):
    """y = dropout(pool(relu(conv(pad(scale * x + offset), w) + b))); only conv is required.

    From the forward pass, backward needs x (or the scaled x), y and the argmax, a byte per pooled
    element. y > 0 is the mask of the ReLU, also after pooling (the maximum of a window is positive
    if it passed the ReLU) and after dropout (the gradient of a dropped element is 0 anyway). Where
    the convolution kernels do the pooling, the argmax includes the mask, and y is not needed.
    """

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.conv = step.get(Conv2D)
        self.scaling = step.find(Affine)
        self.relu = step.find(Activation) is not None
        self.pool = step.find(Pool2D)
        self.dropout = step.find(Dropout)
        self.shape = convolution_shape(step, setting.rows)
        self.y_shape = self.batch(map_of(step))
        self.flops = self.shape.flops

        whole = replace(self.shape, mb=setting.largest)
        self.algorithm = conv2d_algorithm(whole)
        self.pools_inside = self._can_pool_inside(whole)
        pool = self.pools_inside
        activation = "relu" if self.relu else "none"
        self.fwd = make_conv2d_kernel(whole, "fwd", pool=pool, activation=activation)
        learns = setting.backward and self.conv.w.trainable
        self.bwd_weights = make_conv2d_kernel(whole, "bwd_weights", pool=pool) if learns else None
        wants_dx = setting.backward and setting.input_gradients[0]
        self.bwd_data = make_conv2d_kernel(whole, "bwd_data", pool=pool) if wants_dx else None
        self.scales_inside = self.scaling is not None and all(
            kernel is None or kernel.algo == "direct" for kernel in (self.fwd, self.bwd_weights)
        )
        self.reads_input = learns and (self.scaling is None or self.scales_inside)
        self.reads_output = setting.backward and self.relu and not self.pools_inside
        self.in_parts = self.scaling is None and self.dropout is None and runs_in_parts(whole)
        followed = self.relu or self.pool is not None
        self.back_in_parts = self.in_parts and self.bwd_data is not None and not followed

    def _can_pool_inside(self, shape: Conv2DShape) -> bool:
        """Whether the convolution kernels can fuse the pooling, in all passes, tile by tile."""
        b, w = self.conv.b, self.conv.w
        if b is not None and b.trainable and not w.trainable:
            return False  # bias_grad then sums dy, which must be masked by the ReLU
        return self.pool is not None and pools_inside(shape, self.pool.shape)

    def buffers(self) -> list[Buffer]:
        wanted = []
        backward = self.setting.backward
        if self.scaling is not None and not self.scales_inside:
            life: Life = "saved" if self.bwd_weights is not None else "forward"
            wanted.append(Buffer("scaled", self.shape.x_shape, "float32", life))
        if self.pool is not None and not self.pools_inside:
            wanted.append(Buffer("unpooled", self.shape.y_shape, "float32", "forward"))
        if self.pool is not None and backward:
            wanted.append(Buffer("argmax", self.y_shape, "uint8", "saved"))
        if self.pool is not None and backward and not self.pools_inside:
            wanted.append(Buffer("d_unpooled", self.shape.y_shape, "float32", "backward"))
        return wanted

    def forward(self, training: bool, step: int) -> None:
        self.forward_part(slice(None))
        if self.dropout is not None and training:
            y = flat(self.output)
            dropout_fwd(y, y, self.dropout.rate, self.dropout.seed, step)

    def forward_part(self, part: slice) -> None:
        x, w, y = self.inputs[0][part], self._weights(), self.output.reshape(self.y_shape)[part]
        b = None if self.conv.b is None else self.conv.b.value
        argmax = self.own["argmax"][part] if "argmax" in self.own else None
        out = self.own["unpooled"][part] if "unpooled" in self.own else y
        if self.scaling is not None and not self.scales_inside:
            x = self.own["scaled"][part]
            affine_u8(flat(self.inputs[0][part]), flat(x), self.scaling.scale, self.scaling.offset)
        if self.scaling is not None and self.scales_inside:
            self.fwd.run_bytes(x, self.scaling.scale, self.scaling.offset, w, b, out)
        else:
            winners = (argmax,) if self.pools_inside else ()
            self.fwd.run(x, w, b, out, *winners)
        if self.pool is not None and not self.pools_inside:
            max_pool2d_fwd(out, y, argmax, *self.pool.shape.window)

    def backward(self, step: int) -> None:
        dy = self._undo_what_follows(step)
        argmax = self.own["argmax"] if self.pools_inside else None
        self._backward_to_parameters(dy, argmax)
        if self.bwd_data is not None:
            dx = self.dx
            self.bwd_data.run(dy, self._weights(), dx, argmax)
            if self.scaling is not None:
                affine(flat(dx), flat(dx), self.scaling.scale, 0.0)

    def backward_part(self, part: slice) -> None:
        """Compute the rows in `part` of dx, where `back_in_parts` allows it."""
        assert self.bwd_data is not None
        self.bwd_data.run(self.d_output[part], self._weights(), self.dx[part], None)

    def backward_rest(self) -> None:
        """Compute the gradients of the parameters, after all parts of dx."""
        self._backward_to_parameters(self.d_output, None)

    def _backward_to_parameters(self, dy: np.ndarray, argmax: np.ndarray | None) -> None:
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

    def _undo_what_follows(self, step: int) -> np.ndarray:
        """The gradient after dropout, ReLU and pooling: that of the convolution's output, or of the
        pooled output where the convolution kernels fuse the pooling.

        The ReLU mask is applied before the pooling is undone, since there are fewer elements.
        """
        dy = self.d_output.reshape(self.y_shape)
        if self.dropout is not None:
            dropout_bwd(flat(dy), flat(dy), self.dropout.rate, self.dropout.seed, step)
        if self.relu and not self.pools_inside:
            relu_bwd(flat(dy), flat(self.output), flat(dy))
        if self.pool is not None and not self.pools_inside:
            max_pool2d_bwd(dy, self.own["argmax"], self.own["d_unpooled"], *self.pool.shape.window)
            dy = self.own["d_unpooled"]
        return dy

    def _weights(self) -> np.ndarray:
        return self.conv.w.value.reshape(self.shape.w_shape)


class ConvTransposeExecutor(Executor):
    """Forward is a convolution's backward pass to the data; dx is its forward pass."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.conv = step.get(Conv2DTranspose)
        self.shape = replace(self.conv.shape, mb=setting.rows)
        self.flops = self.shape.flops
        whole = replace(self.shape, mb=setting.largest)
        self.algorithm = conv2d_algorithm(whole, "bwd_data")
        self.to_y = make_conv2d_kernel(whole, "bwd_data")
        self.to_dx = make_conv2d_kernel(whole, "fwd")
        self.to_dw = make_conv2d_kernel(whole, "bwd_weights")
        self.reads_input = setting.backward and self.conv.w.trainable

    def _as_kernel(self, w: np.ndarray) -> np.ndarray:
        """The parameter, whatever its shape, as (kh, kw, oc, ic): a view."""
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

    y > 0 is the mask of the ReLU also after dropout: the gradient of a dropped element is 0 anyway.
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
            dw = self.gradient(self.w)
            gemm(rows_2d(self.inputs[0]).T, dy, dw, 1.0, 0.0, gradient=True)
        dx = self.d_inputs[0]
        if dx is not None:
            gemm(dy, self.w.value.T, rows_2d(dx), 1.0, 0.0, gradient=True)
