"""Batch and group normalisation, with a sum and an activation behind them in the same pass."""

from __future__ import annotations

import numpy as np

from fastconv.kernels.normalization.channel_norm_bwd import channel_norm_bwd
from fastconv.kernels.normalization.channel_norm_fwd import channel_norm_fwd, moments
from fastconv.plan.fuse import FusedStep
from fastconv.plan.parameters import Parameter
from fastconv.plan.primitives import Activation, Add, BatchNorm, GroupNorm
from fastconv.plan.primitives.normalization import Normalization
from fastconv.plan.steps.activation import kernel_of
from fastconv.plan.steps.base import Buffer, Executor, Setting


class ChannelNorm(Executor):
    """y = f((x - mean) * inv * gamma + beta + a), inv = 1 / sqrt(variance + epsilon).

    What backward needs of the forward pass is x and the statistics, a few numbers per channel: it
    computes the normalised values again. With a second input a, f is ReLU or nothing: backward
    reads its mask from y, and the gradient behind it, which is also that of a, takes the place of
    the output's.
    """

    in_place = True
    adds_gradients = True
    primitive: type[Normalization]

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        norm, activation = step.find(self.primitive), step.find(Activation)
        assert norm is not None
        self.norm = norm
        kind: tuple[str | None, tuple[float, ...]] = (None, ())
        self.kind, self.numbers = kind if activation is None else kernel_of(activation)
        self.channels = step.output.shape[-1]
        self.samples, self.groups = 1, self.channels
        self.fixed = False  # whether the last forward pass took its statistics from elsewhere
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

    def forward(self, training: bool, step: int) -> None:
        self.find_statistics(training)
        inv = self.own["inv"]
        np.add(self.own["variance"], np.float32(self.norm.epsilon), out=inv)
        np.sqrt(inv, out=inv)
        np.divide(1, inv, out=inv)
        channel_norm_fwd(
            self._cube(self.inputs[0]),
            self.own["mean"],
            inv,
            self._gamma(),
            self._zeros if self.norm.beta is None else self.norm.beta.value,
            self._cube(self.output),
            self.kind,
            *self.numbers,
            add=self._cube(self.inputs[1]) if self.adds else None,
        )

    def backward(self, step: int) -> None:
        dx, da = self.d_inputs[0], self.d_inputs[1] if self.adds else None
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
            self._place(self.norm.gamma),
            self._place(self.norm.beta),
            self.kind,
            *self.numbers,
            more=self._maybe_cube(self.d_more),
            y=self._cube(self.output) if self.reads_output else None,
            dz=self._maybe_cube(da),
        )

    def _gamma(self) -> np.ndarray:
        return self._ones if self.norm.gamma is None else self.norm.gamma.value

    def _place(self, parameter: Parameter | None) -> np.ndarray:
        """Where a parameter's gradient goes, if anybody wants it."""
        wanted = parameter is not None and parameter.trainable
        return self.gradient(parameter) if parameter is not None and wanted else self._unwanted

    def _cube(self, array: np.ndarray) -> np.ndarray:
        """(samples, rows, channels): each sample has statistics of its own."""
        return array.reshape(self.samples, -1, self.channels)

    def _maybe_cube(self, array: np.ndarray | None) -> np.ndarray | None:
        return None if array is None else self._cube(array)


class BatchNormStep(ChannelNorm):
    """The whole batch is one sample, and every channel a group."""

    primitive = BatchNorm
    norm: BatchNorm

    def find_statistics(self, training: bool) -> None:
        norm, mean, variance = self.norm, self.own["mean"], self.own["variance"]
        self.fixed = not (training and norm.adapts())
        if self.fixed:
            mean[0], variance[0] = norm.mean.value, norm.variance.value
            return
        super().find_statistics(training)

    def settle(self) -> None:
        """Move the averages towards the statistics of this step."""
        if self.fixed:
            return
        norm, own = self.norm, self.own
        for moving, now in ((norm.mean, own["mean"]), (norm.variance, own["variance"])):
            moving.value[...] = norm.momentum * moving.value + (1 - norm.momentum) * now[0]


class GroupNormStep(ChannelNorm):
    """Every sample has statistics of its own, for each group of channels."""

    primitive = GroupNorm
    norm: GroupNorm

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.samples, self.groups = setting.rows, self.norm.groups
