"""Scaling, dropout and activity penalties: one input, and an output of the same shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastconv._arguments import as_float
from fastconv.kernels.elementwise.arithmetic import affine, affine_u8
from fastconv.kernels.elementwise.dropout import dropout_bwd, dropout_fwd
from fastconv.kernels.elementwise.merge import multiply_channels
from fastconv.kernels.elementwise.strided_copy import strided_copy
from fastconv.kernels.optimizers.parameter_sums import regularize
from fastconv.plan.executor import (
    Buffer,
    Executor,
    FusedStep,
    Life,
    Setting,
    copy_as_float,
    flat,
)
from fastconv.plan.recorder import Primitive, Recorder, Value, with_batch


@dataclass(frozen=True, eq=False)
class Dropout(Primitive):
    """y = x * mask / (1 - rate) in training, else y = x; mask = f(seed, step, element index)."""

    rate: float
    seed: int

    @property
    def title(self) -> str:
        return f"dropout {self.rate:g}"


@dataclass(frozen=True, eq=False)
class SpatialDropout(Primitive):
    """As `Dropout`, with one draw for each sample and channel."""

    rate: float
    seed: int

    @property
    def title(self) -> str:
        return f"spatial dropout {self.rate:g}"


@dataclass(frozen=True, eq=False)
class Affine(Primitive):
    """y = scale * x + offset, from uint8 or float32 to float32."""

    scale: float
    offset: float

    @property
    def title(self) -> str:
        return f"affine {self.scale:.4g}, {self.offset:.4g}"


@dataclass(frozen=True, eq=False)
class ActivityPenalty(Primitive):
    """y = x; adds (l1 * sum(abs(x)) + l2 * sum(x**2)) / samples to the loss, if there is one."""

    l1: float
    l2: float

    @property
    def title(self) -> str:
        return f"penalty l1 {self.l1:.4g}, l2 {self.l2:.4g}"


class ElementwiseRecorder(Recorder):
    """Scaling, dropout and activity penalties."""

    def dropout(self, x: Value, rate: float, seed: int) -> Value:
        """In training, zero a fraction `rate` of the elements and scale up the others.

        Within `inference` nothing is recorded, and x itself is returned.
        """
        where = self._where("dropout")
        self._float_input(x, where)
        rate, seed = _checked_rate(rate, where), self._seed(seed, where)
        if rate == 0 or self.in_inference:
            return x
        return self._record(Dropout(rate, seed), (x,), x.shape)

    def spatial_dropout(self, x: Value, rate: float, seed: int) -> Value:
        """As `dropout`, but for whole channels: one draw for each sample and channel."""
        where = self._where("spatial_dropout")
        self._float_input(x, where)
        rate, seed = _checked_rate(rate, where), self._seed(seed, where)
        if not x.shape:
            raise ValueError(f"{where}: x must have an axis of channels; received {with_batch(x)}")
        if rate == 0 or self.in_inference:
            return x
        return self._record(SpatialDropout(rate, seed), (x,), x.shape)

    def affine(self, x: Value, scale: float, offset: float) -> Value:
        """scale * x + offset, as float32; x may be uint8."""
        where = self._where("affine")
        self._own(x, where)
        step = Affine(
            as_float(scale, "scale", where=where), as_float(offset, "offset", where=where)
        )
        return self._record(step, (x,), x.shape)

    def activity_penalty(self, x: Value, l1: float, l2: float) -> Value:
        """x; adds l1 * sum(abs(x)) + l2 * sum(x**2), over the number of samples, to the loss."""
        where = self._where("activity_penalty")
        self._float_input(x, where)
        step = ActivityPenalty(as_float(l1, "l1", where=where), as_float(l2, "l2", where=where))
        return self._record(step, (x,), x.shape)


def _checked_rate(rate: float, where: str) -> float:
    rate = as_float(rate, "rate", where=where)
    if not 0 <= rate < 1:
        raise ValueError(f"{where}: rate must be at least 0 and below 1; received {rate!r}")
    return rate


class DropoutExecutor(Executor):
    """y = x * mask / (1 - rate). The mask is computed again for the backward pass, not stored."""

    in_place = True

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        dropout = step.get(Dropout)
        self.rate, self.seed = dropout.rate, dropout.seed

    def forward(self, training: bool, step: int) -> None:
        if training:
            x, y = flat(self.inputs[0]), flat(self.output)
            dropout_fwd(x, y, self.rate, self.seed, step)
        elif not np.may_share_memory(self.inputs[0], self.output):
            np.copyto(self.output, self.inputs[0])

    def backward(self, step: int) -> None:
        dx = self.dx
        dropout_bwd(flat(self.d_output), flat(dx), self.rate, self.seed, step)


class SpatialDropoutExecutor(Executor):
    """y = x * factor in training, one factor (0 or 1 / (1 - rate)) for each sample and channel."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.dropout = step.get(SpatialDropout)
        shape = step.output.shape
        self.factors = (setting.rows, shape[-1])
        self.image = (setting.rows, step.output.size // shape[-1], shape[-1])

    def buffers(self) -> list[Buffer]:
        life: Life = "saved" if self.setting.backward else "forward"
        return [Buffer("factors", self.factors, "float32", life)]

    def forward(self, training: bool, step: int) -> None:
        x, y, factors = self.inputs[0], self.output, self.own["factors"]
        if not training:
            strided_copy(x, y)
            return
        factors.fill(1)
        dropout_fwd(flat(factors), flat(factors), self.dropout.rate, self.dropout.seed, step)
        multiply_channels(x.reshape(self.image), factors, y.reshape(self.image))

    def backward(self, step: int) -> None:
        dx = self.dx
        dy = self.d_output.reshape(self.image)
        multiply_channels(dy, self.own["factors"], dx.reshape(self.image))


class AffineExecutor(Executor):
    """y = scale * x + offset, x float32 or uint8."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        scaling = step.get(Affine)
        self.scale, self.offset = scaling.scale, scaling.offset
        self.from_uint8 = step.inputs[0].dtype == "uint8"
        self.in_place = not self.from_uint8

    def forward(self, training: bool, step: int) -> None:
        kernel = affine_u8 if self.from_uint8 else affine
        kernel(flat(self.inputs[0]), flat(self.output), self.scale, self.offset)

    def backward(self, step: int) -> None:
        dx = self.dx
        affine(flat(self.d_output), flat(dx), self.scale, 0.0)


class ActivityPenaltyExecutor(Executor):
    """y = x; the gradient of the penalty is added to that of the following steps."""

    in_place = True

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        found = step.get(ActivityPenalty)
        self.factors = found.l1 / setting.rows, found.l2 / setting.rows
        self.reads_output = setting.backward
        self.cost, self.counts = 0.0, False

    def forward(self, training: bool, step: int) -> None:
        copy_as_float(self.inputs[0], self.output)
        self.cost, self.counts = regularize(flat(self.output), *self.factors), False

    def penalty(self) -> float:
        self.counts = True
        return self.cost

    def backward(self, step: int) -> None:
        dx = self.dx
        copy_as_float(self.d_output, dx)
        if self.counts:
            regularize(flat(self.output), *self.factors, flat(dx))
