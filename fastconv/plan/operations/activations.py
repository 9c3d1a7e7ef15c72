"""Activations: functions of single elements, and softmax along the last axis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastconv._arguments import as_float, check_choice, to_float
from fastconv.kernels.activations.activation import FROM_OUTPUT, activation_bwd, activation_fwd
from fastconv.kernels.activations.prelu import prelu_bwd, prelu_fwd
from fastconv.kernels.activations.softmax import softmax_bwd, softmax_fwd
from fastconv.kernels.elementwise.arithmetic import relu_bwd, relu_fwd
from fastconv.plan.executor import (
    Buffer,
    Executor,
    FusedStep,
    Setting,
    flat,
    rows_2d,
)
from fastconv.plan.parameters import Parameter
from fastconv.plan.recorder import Primitive, Recorder, Value, with_batch

# Each kind with its attributes and their defaults, which are Keras's.
KINDS: dict[str, dict[str, Any]] = {
    "relu": {},
    "leaky_relu": {"negative_slope": 0.2},
    "clipped_relu": {"max_value": 6.0, "negative_slope": 0.0, "threshold": 0.0},
    "elu": {"alpha": 1.0},
    "selu": {},
    "gelu": {"approximate": False},
    "silu": {},
    "hard_silu": {},
    "sigmoid": {},
    "hard_sigmoid": {},
    "tanh": {},
    "softplus": {},
    "softsign": {},
    "exponential": {},
    "softmax": {},
}


def check_attrs(kind: str, attrs: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """All attributes of an activation: those given, checked, and defaults for the others.

    Raises
    ------
    TypeError, ValueError
        For an unknown kind or attribute, or an invalid value.
    """
    check_choice(kind, KINDS, where=where, what="kind")
    defaults = KINDS[kind]
    if not defaults and attrs:
        raise TypeError(f"{where}: {kind} takes no further arguments; received {dict(attrs)}")
    for name in attrs:
        check_choice(name, defaults, where=where, what=f"an argument of {kind}")
    return {name: _check(name, value, where) for name, value in {**defaults, **attrs}.items()}


def _check(name: str, value: Any, where: str) -> Any:
    if name == "approximate":
        if not isinstance(value, bool):
            raise TypeError(f"{where}: approximate must be True or False; received {value!r}")
        return value
    if name == "max_value" and value is None:
        return math.inf
    if isinstance(value, (bool, str)):
        raise TypeError(f"{where}: {name} must be a number; received {value!r}")
    if name == "max_value" and to_float(value, name, where=where) == math.inf:
        return math.inf
    number = as_float(value, name, where=where)
    if number < 0:
        raise ValueError(f"{where}: {name} must be at least 0; received {value!r}")
    return number


@dataclass(frozen=True, eq=False)
class Activation(Primitive):
    """y = f(x), elementwise, or "softmax" along the last axis."""

    kind: str
    attrs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.kind


@dataclass(frozen=True, eq=False)
class PReLU(Primitive):
    """y = x, or alpha * x where x <= 0; alpha has the shape of x, or size 1 on shared axes."""

    alpha: Parameter

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (self.alpha,)


class ActivationRecorder(Recorder):
    """Elementwise activations, and softmax."""

    def activation(self, x: Value, kind: str, **attrs: Any) -> Value:
        """Apply a function to every element, or "softmax" along the last axis.

        `KINDS` lists the kinds and their attributes.
        """
        where = self._where("activation")
        self._float_input(x, where)
        attrs = check_attrs(kind, attrs, where=where)
        if kind == "softmax" and not x.shape:
            raise ValueError(
                f"{where}: softmax needs an axis of classes; received x {with_batch(x)}"
            )
        return self._record(Activation(kind, attrs), (x,), x.shape)

    def prelu(self, x: Value, alpha: Parameter) -> Value:
        """x, or alpha * x where x <= 0; alpha has the shape of x, or size 1 on shared axes."""
        where = self._where("prelu")
        self._float_input(x, where)
        sizes = zip(alpha.shape, x.shape, strict=False)
        if len(alpha.shape) != len(x.shape) or not all(a in (1, size) for a, size in sizes):
            raise ValueError(
                f"{where}: alpha must have the axes of x, each of its size or 1; "
                f"received x {with_batch(x)}, alpha {alpha.shape}"
            )
        return self._record(PReLU(alpha), (x,), x.shape)


# Klambauer et al., "Self-normalizing neural networks" (2017): the fixed point of mean 0, variance 1
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


class ReluExecutor(Executor):
    """y = max(x, 0)."""

    in_place = True

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.reads_output = setting.backward

    def forward(self, training: bool, step: int) -> None:
        relu_fwd(flat(self.inputs[0]), flat(self.output))

    def backward(self, step: int) -> None:
        dx = self.dx
        relu_bwd(flat(self.d_output), flat(self.output), flat(dx))


class SoftmaxExecutor(Executor):
    """y = exp(x) / sum(exp(x)) along the last axis."""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        self.reads_output = setting.backward

    def forward(self, training: bool, step: int) -> None:
        softmax_fwd(rows_2d(self.inputs[0]), rows_2d(self.output))

    def backward(self, step: int) -> None:
        dx = self.dx
        softmax_bwd(rows_2d(self.d_output), rows_2d(self.output), rows_2d(dx))


class ElementwiseExecutor(Executor):
    """y = f(x); the gradient is computed from y where it is a function of y, else from x."""

    in_place = True

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        activation = step.get(Activation)
        self.kind, self.numbers = kernel_of(activation)
        self.reads_output = setting.backward and FROM_OUTPUT[self.kind]
        self.reads_input = setting.backward and not FROM_OUTPUT[self.kind]

    def forward(self, training: bool, step: int) -> None:
        activation_fwd(self.kind, flat(self.inputs[0]), flat(self.output), *self.numbers)

    def backward(self, step: int) -> None:
        dx = self.dx
        read = self.output if self.reads_output else self.inputs[0]
        activation_bwd(self.kind, flat(self.d_output), flat(read), flat(dx), *self.numbers)


def kernel_of(activation: Activation) -> tuple[str, tuple[float, ...]]:
    """The name of the kernel that computes an elementwise activation, and its parameters."""
    kind, attrs = activation.kind, activation.attrs
    if kind == "gelu":
        return ("gelu_tanh" if attrs["approximate"] else "gelu"), ()
    if kind == "elu":
        return "elu", (1.0, attrs["alpha"])
    if kind == "selu":
        return "elu", (SELU_SCALE, SELU_SCALE * SELU_ALPHA)
    return kind, tuple(attrs.values())


class PReLUExecutor(Executor):
    """y = x, or alpha * x where x <= 0.

    The kernels take one slope per column of a matrix. An alpha that is shared along leading axes
    only, such as (1, 1, channels), has this form already; other shared alphas are broadcast first.
    """

    in_place = True

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        prelu = step.get(PReLU)
        self.alpha = prelu.alpha
        self.reads_input = setting.backward
        sizes, shape = self.alpha.shape, step.output.shape
        leading = next((i for i, size in enumerate(sizes) if size != 1), len(sizes))
        # the shape of the kernels' alpha: that of x, without shared leading axes
        own = sizes[leading:]
        self.columns = own if own and own == shape[leading:] else shape
        self.spread = self.columns != own

    def buffers(self) -> list[Buffer]:
        size = int(np.prod(self.columns, dtype=int))
        wanted = []
        if self.spread:
            wanted.append(Buffer("spread", (size,), "float32", "saved"))
        if self.setting.backward and (self.spread or not self.alpha.trainable):
            wanted.append(Buffer("d_spread", (size,), "float32", "backward"))
        return wanted

    def forward(self, training: bool, step: int) -> None:
        if self.spread:
            np.copyto(self.own["spread"].reshape(self.columns), self.alpha.value)
        prelu_fwd(self._matrix(self.inputs[0]), self._slopes(), self._matrix(self.output))

    def backward(self, step: int) -> None:
        dx, grad = self.d_inputs[0], None
        if self.alpha.trainable:
            grad = self.gradient(self.alpha)
        sums = self.own["d_spread"] if grad is None or self.spread else flat(grad)
        prelu_bwd(
            self._matrix(self.d_output),
            self._matrix(self.inputs[0]),
            self._slopes(),
            None if dx is None else self._matrix(dx),
            sums,
        )
        if grad is not None and self.spread:
            shared = tuple(i for i, size in enumerate(self.alpha.shape) if size == 1)
            np.sum(sums.reshape(self.columns), axis=shared, keepdims=True, out=grad)

    def _slopes(self) -> np.ndarray:
        return self.own["spread"] if self.spread else flat(self.alpha.value)

    def _matrix(self, array: np.ndarray) -> np.ndarray:
        return array.reshape(-1, int(np.prod(self.columns, dtype=int)))
