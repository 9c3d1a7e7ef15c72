"""Executors, which compute fused steps, and the buffers that they need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

import numpy as np

from fastconv.kernels.elementwise.arithmetic import affine_u8
from fastconv.plan.parameters import Parameter
from fastconv.plan.recorder import Node, Primitive, Value

P = TypeVar("P", bound=Primitive)


@dataclass(frozen=True, eq=False, slots=True)
class FusedStep:
    """Recorded steps that one executor computes together.

    `executor` is the class that `fuse.PATTERNS` names for them.
    """

    executor: type[Executor]
    nodes: tuple[Node, ...]

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The values read from other steps, in the order in which they are read."""
        inside = {node.output for node in self.nodes}
        return tuple(x for node in self.nodes for x in node.inputs if x not in inside)

    @property
    def output(self) -> Value:
        return self.nodes[-1].output

    def find(self, kind: type[P]) -> P | None:
        """The primitive of one kind, if this fused step contains it."""
        found = (node.primitive for node in self.nodes)
        return next((step for step in found if isinstance(step, kind)), None)

    def get(self, kind: type[P]) -> P:
        """The primitive of one kind, which the pattern of this executor requires."""
        return next(node.primitive for node in self.nodes if isinstance(node.primitive, kind))

    @property
    def primitives(self) -> Iterator[Primitive]:
        return (node.primitive for node in self.nodes)

    @property
    def title(self) -> str:
        return " + ".join(step.title for step in self.primitives if step.title != "reshape")

    @property
    def label(self) -> str:
        """The name of its main layer: the first one with parameters, or else the first."""
        labels = [node.label for node in self.nodes if node.label]
        learning = [node.label for node in self.nodes if node.label and node.primitive.parameters]
        return next(iter(learning + labels), "")


Life: TypeAlias = Literal["forward", "backward", "saved"]


@dataclass(frozen=True, slots=True)
class Setting:
    """The conditions that an executor is built for.

    Parameters
    ----------
    rows : int
        Samples in the batch.
    largest : int
        Samples in the plan's largest batch, for which algorithms are chosen: smaller ones, such as
        the last of an epoch, share its memory.
    backward : bool
        Whether the backward pass runs through this step.
    input_gradients : tuple of bool
        For each input, whether its gradient has to be computed.
    weights : int
        Numbers in all the plan's parameters: a few stay in a cache from one call to the next.
    """

    rows: int
    largest: int
    backward: bool
    input_gradients: tuple[bool, ...]
    weights: int


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory that an executor needs besides its inputs, its output and their gradients.

    `life` is its lifetime: this step's "forward" or "backward" call only, or "saved" from the
    forward to the backward call.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    life: Life


class Executor(ABC):
    """Computes one fused step, forward and backward, by calling kernels on preallocated arrays.

    A subclass determines its buffers in the constructor and returns them from `buffers`; the plan
    then sets `inputs`, `output`, `d_inputs`, `d_output`, `d_more` and `own`. `forward` reads the
    inputs and overwrites the output; `backward` reads `d_output`, which it may overwrite, and
    overwrites the `d_inputs` that are needed and the parameters' gradients.

    Attributes
    ----------
    in_place : bool
        Whether the output may share the buffer of the first input, and the gradient of this input
        that of the output's gradient.
    passes_on : tuple of int
        The inputs whose gradient may instead share the buffer of the output's, in order of
        preference.
    adds_gradients : bool
        Whether `backward` adds `d_more`, a second part of the gradient, to `d_output`. `d_more` is
        None where there is no second part, and in executors without `adds_gradients`.
    accumulates : bool
        Whether `backward` can add the gradient of the first input to what `d_inputs` has there; it
        does where `d_adds` is true, where others have written parts of this gradient before.
    reads_input, reads_output : bool
        Whether `backward` reads them again.
    flops : int
        Floating-point operations of a forward pass over the batch, for a convolution those of the
        direct method; 0 for pure data movement.
    """

    in_place = False
    passes_on: tuple[int, ...] = ()
    adds_gradients = False
    accumulates = False
    reads_input = False
    reads_output = False
    flops = 0
    algorithm = ""

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        self.step = step
        self.setting = setting
        self.inputs: list[np.ndarray] = []
        self.output: np.ndarray
        self.d_inputs: list[np.ndarray | None] = []
        self.d_output: np.ndarray
        self.d_more: np.ndarray | None = None
        self.d_adds = False
        self.own: dict[str, np.ndarray] = {}
        self.shared_gradients: dict[Parameter, np.ndarray] = {}

    def buffers(self) -> list[Buffer]:
        """The buffers that the step needs; the plan stores them in `own` under their names."""
        return []

    @abstractmethod
    def forward(self, training: bool, step: int) -> None:
        """Compute the output; `step` is the training step, which selects the dropout mask."""

    @abstractmethod
    def backward(self, step: int) -> None:
        """Compute the gradients, after a `forward` with `training` and the same `step`."""

    def penalty(self) -> float:
        """The penalty that the last `forward` adds to a loss; called before the backward pass.

        A `backward` from gradients that the user supplies, without a loss, does not include it.
        """
        return 0.0

    def settle(self) -> None:  # noqa: B027 - most executors have nothing to settle
        """Update the state that training changes besides gradients, such as moving averages.

        Called after a training `forward`, unless its loss is NaN or infinite. The data that it
        needs is in buffers whose life is "saved".
        """

    @property
    def backward_flops(self) -> int:
        """Operations of the backward pass: `flops` each for dw and for dx, where computed."""
        learns = any(p.trainable for p in self.parameters if len(p.shape) > 1)
        return self.flops * (learns + any(self.setting.input_gradients))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(p for part in self.step.primitives for p in part.parameters)

    def gradient(self, parameter: Parameter) -> np.ndarray:
        """The array into which to write a parameter's gradient.

        If several steps share the parameter, all but the first write into a separate buffer, which
        the plan then adds.
        """
        shared = self.shared_gradients.get(parameter)
        return parameter.allocate_grad() if shared is None else shared

    @property
    def dx(self) -> np.ndarray:
        """The gradient of the first input, in a step whose backward pass always computes it."""
        dx = self.d_inputs[0]
        assert dx is not None
        return dx

    def batch(self, value: Value) -> tuple[int, ...]:
        """The shape of `value` with the batch axis."""
        return (self.setting.rows, *value.shape)


class PartwiseExecutor(Executor):
    """An executor that can compute the output for a few images at a time.

    Attributes
    ----------
    in_parts : bool
        Whether `forward` may instead be a call of `prepare` and calls of `forward_part` for every
        part of the batch, between those of the steps before and behind.
    begins_run : bool
        Whether `prepare` reads the inputs, so that the steps before must have run on all images.
    """

    in_parts = True
    begins_run = False

    def forward(self, training: bool, step: int) -> None:
        self.prepare(training)
        self.forward_part(slice(None))

    def prepare(self, training: bool) -> None:
        """What comes before the parts."""

    @abstractmethod
    def forward_part(self, part: slice) -> None:
        """Compute the output's rows in `part`."""


def flat(array: np.ndarray) -> np.ndarray:
    """All axes merged into one: a view, for C-contiguous arrays."""
    return array.reshape(-1)


def rows_2d(array: np.ndarray) -> np.ndarray:
    """All axes but the last merged into one: a view, for C-contiguous arrays."""
    return array.reshape(-1, array.shape[-1])


def copy_as_float(x: np.ndarray, y: np.ndarray) -> None:
    """y = x, as float32; does nothing where y shares x's memory."""
    if x.dtype == np.uint8:
        affine_u8(flat(x), flat(y), 1.0, 0.0)
    elif not np.may_share_memory(x, y):
        np.copyto(y, x)
