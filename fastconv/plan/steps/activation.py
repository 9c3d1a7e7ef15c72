"""Activations that stand alone, because what comes before them cannot take them in."""

from __future__ import annotations

from fastconv.kernels.elementwise import relu_bwd, relu_fwd
from fastconv.kernels.softmax import softmax_bwd, softmax_fwd
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Activation
from fastconv.plan.steps.base import Executor, Setting, flat, rows_2d


class Relu(Executor):
    """y = max(x, 0)."""

    in_place = True

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.reads_output = setting.backward

    def forward(self, training: bool, step: int) -> None:
        relu_fwd(flat(self.inputs[0]), flat(self.output))

    def backward(self, step: int) -> None:
        dx = self.d_inputs[0]
        assert dx is not None
        relu_bwd(flat(self.d_output), flat(self.output), flat(dx))


class Softmax(Executor):
    """y = exp(x) / sum(exp(x)) along the last axis."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.reads_output = setting.backward

    def forward(self, training: bool, step: int) -> None:
        softmax_fwd(rows_2d(self.inputs[0]), rows_2d(self.output))

    def backward(self, step: int) -> None:
        dx = self.d_inputs[0]
        assert dx is not None
        softmax_bwd(rows_2d(self.d_output), rows_2d(self.output), rows_2d(dx))


KINDS: dict[str, type[Executor]] = {"relu": Relu, "softmax": Softmax}


def make_activation(step: FusedStep, setting: Setting) -> Executor:
    """The executor of the activation's kind."""
    activation = step.find(Activation)
    assert activation is not None
    return KINDS[activation.kind](step, setting)
