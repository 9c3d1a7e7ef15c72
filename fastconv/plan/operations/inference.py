"""Convolutions in plans that only predict: with all that follows, and weights laid out once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fastconv.kernels import _isa
from fastconv.kernels.activations.activation import activation_fwd
from fastconv.kernels.elementwise.arithmetic import add, affine_u8
from fastconv.kernels.normalization.channel_norm_fwd import channel_norm_fwd
from fastconv.kernels.pooling.pool2d_fwd import max_pool2d_fwd
from fastconv.plan.algorithms import (
    conv2d_algorithm,
    keeps_weights,
    make_conv2d_kernel,
    tiles_can_pool,
)
from fastconv.plan.executor import Buffer, FusedStep, PartwiseExecutor, Setting, flat
from fastconv.plan.operations.activations import Activation, kernel_of
from fastconv.plan.operations.elementwise import Affine
from fastconv.plan.operations.merging import Add
from fastconv.plan.operations.normalization import BatchNorm
from fastconv.plan.operations.pooling import Pool2D
from fastconv.plan.operations.products import Conv2D, convolution_shape, map_of, runs_in_parts
from fastconv.plan.parameters import latest_version


class ConvInferenceExecutor(PartwiseExecutor):
    """y = pool(f(norm(conv(pad(scale * x + offset), w) + b) + a)); only conv is required.

    The normalization is a part of the weights and the bias: its statistics are constants here. For
    small batches the weights are also laid out as the kernel reads them. Both is done again when a
    parameter has changed.
    """

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.conv = step.get(Conv2D)
        self.norm = step.find(BatchNorm)
        self.scaling = step.find(Affine)
        self.adds = step.find(Add) is not None
        self.pool = step.find(Pool2D)
        self.shape = convolution_shape(step, setting.rows)
        self.y_shape = self.batch(map_of(step))
        self.flops = self.shape.flops
        activation = step.find(Activation)
        rectifier = "none" if activation is None else _inside(activation)
        inside = activation is None or (rectifier != "none" and not self.adds)
        self.kind: str | None = None  # of the activation that the convolution does not include
        self.numbers: tuple[float, ...] = ()
        if activation is not None and not inside:
            self.kind, self.numbers = kernel_of(activation)

        whole = replace(self.shape, mb=setting.largest)
        keep = keeps_weights(whole)
        self.algorithm = conv2d_algorithm(whole, kept=keep, weights=setting.weights)
        self.pools_inside = (
            self.pool is not None
            and inside
            and self.algorithm == "winograd"
            and tiles_can_pool(whole, self.pool.shape)
        )
        self.fwd = make_conv2d_kernel(
            whole,
            "fwd",
            self.algorithm,
            pool=self.pools_inside,
            activation=rectifier if inside else "none",
        )
        self.keeps = keep and hasattr(self.fwd, "keep")
        self.in_parts = self.scaling is None and runs_in_parts(whole)
        self.scales_inside = self.scaling is not None and self.algorithm == "direct"
        channels = self.y_shape[-1]
        self._ones, self._zeros = (
            np.ones((1, channels), np.float32),
            np.zeros((1, channels), np.float32),
        )
        self._sources = self.parameters
        self._seen: tuple[int, str] = (0, "")
        self._derived_from: tuple[tuple[int, ...], str] = ((), "")
        self.w: np.ndarray
        self.b: np.ndarray | None
        self._kept: tuple[np.ndarray | None, ...] = ()

    def buffers(self) -> list[Buffer]:
        wanted = []
        if self.scaling is not None and not self.scales_inside:
            wanted.append(Buffer("scaled", self.shape.x_shape, "float32", "forward"))
        if self.pool is not None and not self.pools_inside:
            wanted.append(Buffer("unpooled", self.shape.y_shape, "float32", "forward"))
        return wanted

    def forward_part(self, part: slice) -> None:
        x, y, scaling = self.inputs[0][part], self.output.reshape(self.y_shape)[part], self.scaling
        out = self.own["unpooled"][part] if "unpooled" in self.own else y
        if scaling is not None and self.scales_inside:
            self.fwd.run_bytes(x, scaling.scale, scaling.offset, self.w, self.b, out, *self._kept)
        else:
            if scaling is not None:
                x = self.own["scaled"][part]
                affine_u8(flat(self.inputs[0][part]), flat(x), scaling.scale, scaling.offset)
            self.fwd.run(x, self.w, self.b, out, *self._kept)
        if self.adds:
            self._add(out, self.inputs[1][part])
        elif self.kind is not None:
            activation_fwd(self.kind, flat(out), flat(out), *self.numbers)
        if self.pool is not None and not self.pools_inside:
            max_pool2d_fwd(out, y, None, *self.pool.shape.window)

    def backward(self, step: int) -> None:
        raise AssertionError("a plan for inference has no backward pass")

    def _add(self, y: np.ndarray, a: np.ndarray) -> None:
        """y = f(y + a) in one pass, as the normalization that changes nothing else."""
        if self.kind is None:
            add(flat(y), flat(a), flat(y))
            return
        ones, zeros = self._ones, self._zeros
        cube, more = (array.reshape(1, -1, y.shape[-1]) for array in (y, a))
        channel_norm_fwd(
            cube, zeros, ones, ones[0], zeros[0], cube, self.kind, *self.numbers, add=more
        )

    def prepare(self, training: bool) -> None:
        """Set the weights and the bias, unless they are those of the parameters as they are."""
        seen = latest_version(), _isa.active()
        if seen == self._seen:
            return
        now = tuple(p.version for p in self._sources), seen[1]
        self._seen = seen
        if now == self._derived_from:
            return
        conv, norm = self.conv, self.norm
        w = conv.w.value.reshape(self.shape.w_shape)
        b = None if conv.b is None else conv.b.value
        if norm is not None:
            w, b = _normalized(w, b, norm)
        self._kept = ()
        if self.keeps:
            kept = self.fwd.keep(w)
            if kept is not None:
                w = conv.w.value.reshape(self.shape.w_shape)  # for its shape alone
                self._kept = (kept,) if self.scales_inside else (None, kept)
        self.w, self.b, self._derived_from = w, b, now


def _inside(activation: Activation) -> str:
    """The name of an activation that the kernels' last step may include, else "none"."""
    if activation.kind == "relu":
        return "relu"
    plain = {"max_value": 6, "negative_slope": 0, "threshold": 0}
    six = activation.kind == "clipped_relu" and activation.attrs == plain
    return "relu6" if six else "none"


def _normalized(
    w: np.ndarray, b: np.ndarray | None, norm: BatchNorm
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias whose product is normalized by the moving averages."""
    scale = 1 / np.sqrt(norm.variance.value.astype(np.float64) + norm.epsilon)
    if norm.gamma is not None:
        scale *= norm.gamma.value
    shift = -norm.mean.value * scale if b is None else (b - norm.mean.value) * scale
    if norm.beta is not None:
        shift += norm.beta.value
    return (w * scale).astype(np.float32), shift.astype(np.float32)
