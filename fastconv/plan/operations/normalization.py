"""Batch, group and layer normalization."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fastconv._arguments import as_float, as_int
from fastconv.kernels.normalization.channel_norm_bwd import (
    channel_norm_bwd,
    channel_norm_dx,
    channel_norm_sums,
)
from fastconv.kernels.normalization.channel_norm_fwd import channel_norm_fwd, moments
from fastconv.kernels.normalization.layer_norm import layer_norm_bwd, layer_norm_fwd, row_moments
from fastconv.plan.executor import (
    Buffer,
    Executor,
    FusedStep,
    PartwiseExecutor,
    Setting,
    flat,
)
from fastconv.plan.operations.activations import Activation, kernel_of
from fastconv.plan.operations.merging import Add
from fastconv.plan.parameters import Parameter
from fastconv.plan.recorder import Primitive, Recorder, Value, with_batch


@dataclass(frozen=True, eq=False)
class Normalization(Primitive):
    """y = (x - mean) / sqrt(variance + epsilon) * gamma + beta; gamma and beta are optional."""

    gamma: Parameter | None
    beta: Parameter | None
    epsilon: float

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(p for p in (self.gamma, self.beta) if p is not None)


@dataclass(frozen=True, eq=False)
class BatchNorm(Normalization):
    """Statistics over all axes but the last: in training those of the batch, else the moving
    averages `mean` and `variance` (c,). A training step updates these:
    mean = momentum * mean + (1 - momentum) * the batch's mean.

    `adapts` is called at every training step; if it returns false, the moving averages are not
    updated and are used as in inference.
    """

    mean: Parameter
    variance: Parameter
    momentum: float
    adapts: Callable[[], bool]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (*super().parameters, self.mean, self.variance)

    @property
    def title(self) -> str:
        return "batch norm"


@dataclass(frozen=True, eq=False)
class GroupNorm(Normalization):
    """Statistics of each sample's groups of adjacent channels, over all pixels."""

    groups: int

    @property
    def title(self) -> str:
        return f"group norm {self.groups}"


@dataclass(frozen=True, eq=False)
class LayerNorm(Normalization):
    """Statistics over the last `axes` axes; gamma and beta have the sizes of these axes."""

    axes: int

    @property
    def title(self) -> str:
        return "layer norm"


def _always() -> bool:
    return True


class NormalizationRecorder(Recorder):
    """Steps that normalize values to mean 0 and variance 1."""

    def batch_norm(
        self,
        x: Value,
        gamma: Parameter | None,
        beta: Parameter | None,
        mean: Parameter,
        variance: Parameter,
        *,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        adapts: Callable[[], bool] = _always,
    ) -> Value:
        """Normalize each channel of the last axis over the batch and all pixels.

        `mean` and `variance` (c,) are moving averages, updated by training steps where `adapts()`
        is true.
        """
        where = self._where("batch_norm")
        channels = self._channels(x, where)
        for name, parameter in (
            ("gamma", gamma),
            ("beta", beta),
            ("mean", mean),
            ("variance", variance),
        ):
            _check_shape(parameter, (channels,), name, x, where)
        momentum = as_float(momentum, "momentum", where=where)
        if not 0 <= momentum <= 1:
            raise ValueError(f"{where}: momentum must be from 0 to 1; received {momentum!r}")
        step = BatchNorm(gamma, beta, _epsilon(epsilon, where), mean, variance, momentum, adapts)
        return self._record(step, (x,), x.shape)

    def group_norm(
        self,
        x: Value,
        gamma: Parameter | None,
        beta: Parameter | None,
        groups: int,
        *,
        epsilon: float = 1e-3,
    ) -> Value:
        """Normalize each of the `groups` groups of channels of each sample."""
        where = self._where("group_norm")
        channels = self._channels(x, where)
        number = as_int(groups, "groups", where=where)
        if channels % number:
            raise ValueError(
                f"{where}: groups must divide the channels of x; "
                f"received groups {number}, x {with_batch(x)}"
            )
        for name, parameter in (("gamma", gamma), ("beta", beta)):
            _check_shape(parameter, (channels,), name, x, where)
        step = GroupNorm(gamma, beta, _epsilon(epsilon, where), number)
        return self._record(step, (x,), x.shape)

    def layer_norm(
        self,
        x: Value,
        gamma: Parameter | None,
        beta: Parameter | None,
        *,
        axes: int = 1,
        epsilon: float = 1e-3,
    ) -> Value:
        """Normalize over the last `axes` axes of each sample."""
        where = self._where("layer_norm")
        self._channels(x, where)
        number = as_int(axes, "axes", where=where)
        if number > len(x.shape):
            raise ValueError(
                f"{where}: axes must be at most those of a sample; "
                f"received axes {number}, x {with_batch(x)}"
            )
        for name, parameter in (("gamma", gamma), ("beta", beta)):
            _check_shape(parameter, x.shape[-number:], name, x, where)
        step = LayerNorm(gamma, beta, _epsilon(epsilon, where), number)
        return self._record(step, (x,), x.shape)

    def _channels(self, x: Value, where: str) -> int:
        self._float_input(x, where)
        if not x.shape:
            raise ValueError(f"{where}: x must have an axis of channels; received {with_batch(x)}")
        return x.shape[-1]


def _check_shape(
    parameter: Parameter | None, shape: tuple[int, ...], name: str, x: Value, where: str
) -> None:
    if parameter is not None and parameter.shape != shape:
        raise ValueError(
            f"{where}: {name} must have shape {shape}; "
            f"received {name} {parameter.shape}, x {with_batch(x)}"
        )


def _epsilon(value: float, where: str) -> float:
    number = as_float(value, "epsilon", where=where)
    if number < 0:
        raise ValueError(f"{where}: epsilon must be at least 0; received {value!r}")
    return number


class ChannelNormExecutor(PartwiseExecutor):
    """y = f((x - mean) * inv * gamma + beta + a), inv = 1 / sqrt(variance + epsilon).

    Backward needs x and the statistics from the forward pass, a few numbers per channel, and
    computes the normalized values again. With a second input a, f is ReLU or the identity: backward
    reads the mask of the ReLU from y; the gradient after it, which is also that of a, shares the
    buffer of the output's gradient.
    """

    in_place = True
    adds_gradients = True
    accumulates = True
    primitive: type[Normalization]

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.norm = step.get(self.primitive)
        activation = step.find(Activation)
        kind: tuple[str | None, tuple[float, ...]] = (None, ())
        self.kind, self.numbers = kind if activation is None else kernel_of(activation)
        self.channels = step.output.shape[-1]
        self.samples, self.groups = 1, self.channels
        self.fixed = False  # whether the last forward pass used statistics that do not depend on x
        self.reads_input = setting.backward
        self.adds = step.find(Add) is not None
        self.reads_output = setting.backward and self.adds and self.kind is not None
        self.passes_on = (1,) if self.adds and setting.input_gradients[1] else ()
        self._ones = np.ones(self.channels, np.float32)
        self._zeros = np.zeros(self.channels, np.float32)
        self._unwanted = np.empty(self.channels, np.float32)

    def buffers(self) -> list[Buffer]:
        shape = (self.samples, self.channels)
        return [Buffer(name, shape, "float32", "saved") for name in ("mean", "variance", "inv")]

    def find_statistics(self, training: bool) -> None:
        """Fill `mean` and `variance` for the inputs."""
        moments(self._cube(self.inputs[0]), self.groups, self.own["mean"], self.own["variance"])

    def prepare(self, training: bool) -> None:
        self.find_statistics(training)
        inv = self.own["inv"]
        np.add(self.own["variance"], np.float32(self.norm.epsilon), out=inv)
        np.sqrt(inv, out=inv)
        np.divide(1, inv, out=inv)

    def forward_part(self, part: slice) -> None:
        """Any part if the batch is one sample."""
        channel_norm_fwd(
            self._cube(self.inputs[0][part]),
            self.own["mean"],
            self.own["inv"],
            self._gamma(),
            self._zeros if self.norm.beta is None else self.norm.beta.value,
            self._cube(self.output[part]),
            self.kind,
            *self.numbers,
            add=self._cube(self.inputs[1][part]) if self.adds else None,
        )

    def backward(self, step: int) -> None:
        dx, da = self.d_inputs[0], self.d_inputs[1] if self.adds else None
        dz = self.d_output if da is None and self.d_adds else da
        channel_norm_bwd(
            self._cube(self.d_output),
            self._cube(self.inputs[0]),
            self.own["mean"],
            self.own["inv"],
            self._gamma(),
            self._zeros if self.norm.beta is None else self.norm.beta.value,
            self.groups,
            self.fixed,
            self._maybe_cube(dx),
            self._gradient_of(self.norm.gamma),
            self._gradient_of(self.norm.beta),
            self.kind,
            *self.numbers,
            more=self._maybe_cube(self.d_more),
            y=self._cube(self.output) if self.reads_output else None,
            dz=self._maybe_cube(dz),
            accumulate=self.d_adds,
        )

    def _gamma(self) -> np.ndarray:
        return self._ones if self.norm.gamma is None else self.norm.gamma.value

    def _gradient_of(self, parameter: Parameter | None) -> np.ndarray:
        """The array for a parameter's gradient; a dummy if it is not needed."""
        wanted = parameter is not None and parameter.trainable
        return self.gradient(parameter) if parameter is not None and wanted else self._unwanted

    def _cube(self, array: np.ndarray) -> np.ndarray:
        """(samples, rows, channels); statistics are per sample."""
        return array.reshape(self.samples, -1, self.channels)

    def _maybe_cube(self, array: np.ndarray | None) -> np.ndarray | None:
        return None if array is None else self._cube(array)


class BatchNormExecutor(ChannelNormExecutor):
    """The whole batch is treated as one sample, and every channel as a group.

    The moments of parts that were watched are combined as those of the kernel's blocks.
    """

    primitive = BatchNorm
    norm: BatchNorm
    begins_run = True

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self._watching = False
        self._watched: list[tuple[int, np.ndarray, np.ndarray]] = []  # rows, means, variances
        self._summed = False  # whether backward's sums have been taken, of parts of the gradient
        self._sums = np.zeros((1, 2, self.channels))

    def watch(self, training: bool) -> None:
        """What comes before the parts of the first input that `watch_part` shows."""
        self.fixed = not (training and self.norm.adapts())
        self._watching = True
        self._watched.clear()

    def watch_part(self, part: slice) -> None:
        """Take the moments of the rows in `part` of the first input, which were just written."""
        if self.fixed:
            return
        x = self._cube(self.inputs[0][part])
        mean, variance = np.empty((2, 1, self.channels), np.float32)
        moments(x, self.groups, mean, variance)
        self._watched.append((x.shape[1], mean[0], variance[0]))

    def find_statistics(self, training: bool) -> None:
        norm, mean, variance = self.norm, self.own["mean"], self.own["variance"]
        if not self._watching:
            self.fixed = not (training and norm.adapts())
        if self.fixed:
            mean[0], variance[0] = norm.mean.value, norm.variance.value
        elif self._watching:
            mean[0], variance[0] = _combined(self._watched)
        else:
            super().find_statistics(training)
        self._watching = False

    def backward(self, step: int) -> None:
        if not self._summed:
            super().backward(step)
            return
        self.backward_part(slice(None))
        self._summed = False

    def begin_sums(self) -> None:
        """What comes before the parts of `sum_part`."""
        self._sums[...] = 0
        self._summed = True

    def sum_part(self, part: slice) -> None:
        """Backward's first pass over the rows in `part`; the gradient of y, whole or by parts."""
        da = self.d_inputs[1] if self.adds else None
        channel_norm_sums(
            self._cube(self.d_output[part]),
            self._cube(self.inputs[0][part]),
            self.own["mean"],
            self.own["inv"],
            self._gamma(),
            self._zeros if self.norm.beta is None else self.norm.beta.value,
            self._sums,
            self.kind,
            *self.numbers,
            more=None if self.d_more is None else self._cube(self.d_more[part]),
            y=self._cube(self.output[part]) if self.reads_output else None,
            dz=None if da is None else self._cube(da[part]),
        )

    def begin_parts(self) -> None:
        """What comes before the parts of `backward_part`."""
        if not self._summed:
            self.begin_sums()
            self.sum_part(slice(None))
        self._summed = False

    def backward_part(self, part: slice) -> None:
        """Backward's second pass, which also computes the gradients of gamma and beta."""
        dx, da = self.d_inputs[0], self.d_inputs[1] if self.adds else None
        dz = self.d_output if da is None else da
        channel_norm_dx(
            self._cube(dz[part]),
            self._cube(self.inputs[0][part]),
            self.own["mean"],
            self.own["inv"],
            self._gamma(),
            self._sums,
            self.groups,
            self.output.size // self.channels,
            self.fixed,
            None if dx is None else self._cube(dx[part]),
            self._gradient_of(self.norm.gamma),
            self._gradient_of(self.norm.beta),
            self.d_adds,
        )

    def settle(self) -> None:
        """Update the moving averages with the statistics of this step."""
        if self.fixed:
            return
        norm, own = self.norm, self.own
        for moving, now in ((norm.mean, own["mean"]), (norm.variance, own["variance"])):
            moving.value = norm.momentum * moving.value + (1 - norm.momentum) * now[0]


def _combined(parts: list[tuple[int, np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the variance of all rows from those of its parts (Chan et al. 1979)."""
    rows = np.array([[rows] for rows, _, _ in parts], np.float64)
    means = np.array([mean for _, mean, _ in parts], np.float64)
    mean = (rows * means).sum(axis=0) / rows.sum()
    squares = np.array([variance for _, _, variance in parts]) + (means - mean) ** 2
    return mean, (rows * squares).sum(axis=0) / rows.sum()


class GroupNormExecutor(ChannelNormExecutor):
    """Every sample has its own statistics, for each group of channels."""

    primitive = GroupNorm
    norm: GroupNorm
    in_parts = False

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.samples, self.groups = setting.rows, self.norm.groups


class LayerNormExecutor(Executor):
    """y = (x - mean) * inv * gamma + beta over the last axes; saves x, and mean and inv per row."""

    in_place = True

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.norm = step.get(LayerNorm)
        self.reads_input = setting.backward
        self.columns = math.prod(step.output.shape[-self.norm.axes :])
        self.rows = setting.rows * step.output.size // self.columns
        self._ones = np.ones(self.columns, np.float32)
        self._zeros = np.zeros(self.columns, np.float32)
        self._unwanted = np.empty(self.columns, np.float32)

    def buffers(self) -> list[Buffer]:
        return [Buffer(name, (self.rows,), "float32", "saved") for name in ("mean", "inv")]

    def forward(self, training: bool, step: int) -> None:
        x, mean, inv = self._rows(self.inputs[0]), self.own["mean"], self.own["inv"]
        row_moments(x, mean, inv)
        np.add(inv, np.float32(self.norm.epsilon), out=inv)
        np.sqrt(inv, out=inv)
        np.divide(1, inv, out=inv)
        beta = self._zeros if self.norm.beta is None else flat(self.norm.beta.value)
        layer_norm_fwd(x, mean, inv, self._gamma(), beta, self._rows(self.output))

    def backward(self, step: int) -> None:
        dx = self.d_inputs[0]
        layer_norm_bwd(
            self._rows(self.d_output),
            self._rows(self.inputs[0]),
            self.own["mean"],
            self.own["inv"],
            self._gamma(),
            None if dx is None else self._rows(dx),
            self._gradient_of(self.norm.gamma),
            self._gradient_of(self.norm.beta),
        )

    def _gamma(self) -> np.ndarray:
        return self._ones if self.norm.gamma is None else flat(self.norm.gamma.value)

    def _gradient_of(self, parameter: Parameter | None) -> np.ndarray:
        """The array for a parameter's gradient; a dummy if it is not needed."""
        if parameter is None or not parameter.trainable:
            return self._unwanted
        return flat(self.gradient(parameter))

    def _rows(self, array: np.ndarray) -> np.ndarray:
        return array.reshape(self.rows, self.columns)
