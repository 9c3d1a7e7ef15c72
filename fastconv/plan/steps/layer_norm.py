"""Layer normalisation."""

from __future__ import annotations

import math

import numpy as np

from fastconv.kernels.normalization.layer_norm import layer_norm_bwd, layer_norm_fwd, row_moments
from fastconv.plan.fuse import FusedStep
from fastconv.plan.parameters import Parameter
from fastconv.plan.primitives import LayerNorm
from fastconv.plan.steps.base import Buffer, Executor, Setting, flat


class LayerNormStep(Executor):
    """y = (x - mean) * inv * gamma + beta over the last axes; x and two numbers a row are kept."""

    in_place = True

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        norm = step.find(LayerNorm)
        assert norm is not None
        self.norm = norm
        self.reads_input = setting.backward
        self.columns = math.prod(step.output.shape[-norm.axes :])
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
            self._place(self.norm.gamma),
            self._place(self.norm.beta),
        )

    def _gamma(self) -> np.ndarray:
        return self._ones if self.norm.gamma is None else flat(self.norm.gamma.value)

    def _place(self, parameter: Parameter | None) -> np.ndarray:
        """Where a parameter's gradient goes, if anybody wants it."""
        if parameter is None or not parameter.trainable:
            return self._unwanted
        return flat(self.gradient(parameter))

    def _rows(self, array: np.ndarray) -> np.ndarray:
        return array.reshape(self.rows, self.columns)
