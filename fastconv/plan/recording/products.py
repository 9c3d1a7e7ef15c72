"""Recording: steps that multiply by a matrix of weights: convolution and dense."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fastconv.plan import primitives
from fastconv.plan.geometry.padding import Padding
from fastconv.plan.geometry.shapes import conv2d_shape
from fastconv.plan.geometry.transposed import conv2d_transpose_shape
from fastconv.plan.parameters import Parameter
from fastconv.plan.recorder import Recorder, Value, with_batch


class Products(Recorder):
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
        return self._record(primitives.Conv2D(shape, w, b), (x,), shape.y_shape[1:])

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
        return self._record(primitives.Conv2DTranspose(shape, w, b), (x,), shape.x_shape[1:])

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
        return self._record(primitives.Dense(w, b), (x,), (*x.shape[:-1], w.shape[1]))


def _check_bias(b: Parameter | None, oc: int, w: Parameter, where: str) -> None:
    if b is not None and b.shape != (oc,):
        raise ValueError(
            f"{where}: b must have one element for each of the {oc} outputs of w; "
            f"received b {b.shape}, w {w.shape}"
        )
