"""Activations that stand alone, because what comes before them cannot take them in."""

from __future__ import annotations

from fastconv.kernels.activations.activation import FROM_OUTPUT, activation_bwd, activation_fwd
from fastconv.kernels.activations.softmax import softmax_bwd, softmax_fwd
from fastconv.kernels.elementwise.arithmetic import relu_bwd, relu_fwd
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Activation
from fastconv.plan.steps.base import Executor, Setting, flat, rows_2d

# Klambauer et al., "Self-normalizing neural networks" (2017): the fixed point of mean 0, variance 1
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


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


class Elementwise(Executor):
    """y = f(x); the gradient is read from y where it is a function of y, else from x."""

    in_place = True

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        activation = step.find(Activation)
        assert activation is not None
        self.kind, self.numbers = kernel_of(activation)
        self.reads_output = setting.backward and FROM_OUTPUT[self.kind]
        self.reads_input = setting.backward and not FROM_OUTPUT[self.kind]

    def forward(self, training: bool, step: int) -> None:
        activation_fwd(self.kind, flat(self.inputs[0]), flat(self.output), *self.numbers)

    def backward(self, step: int) -> None:
        dx = self.d_inputs[0]
        assert dx is not None
        read = self.output if self.reads_output else self.inputs[0]
        activation_bwd(self.kind, flat(self.d_output), flat(read), flat(dx), *self.numbers)


def kernel_of(activation: Activation) -> tuple[str, tuple[float, ...]]:
    """The kernel that computes an elementwise activation, and its parameters."""
    kind, attrs = activation.kind, activation.attrs
    if kind == "gelu":
        return ("gelu_tanh" if attrs["approximate"] else "gelu"), ()
    if kind == "elu":
        return "elu", (1.0, attrs["alpha"])
    if kind == "selu":
        return "elu", (SELU_SCALE, SELU_SCALE * SELU_ALPHA)
    return kind, tuple(attrs.values())


def make_activation(step: FusedStep, setting: Setting) -> Executor:
    """The executor of the activation's kind."""
    activation = step.find(Activation)
    assert activation is not None
    special = {"relu": Relu, "softmax": Softmax}
    return special.get(activation.kind, Elementwise)(step, setting)
