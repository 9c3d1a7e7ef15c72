"""Executors: what computes a fused step, and what it needs for that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

import numpy as np

from fastconv.kernels.elementwise import affine_u8
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
        """What comes from outside, in the order in which it is read."""
        inside = {node.output for node in self.nodes}
        return tuple(x for node in self.nodes for x in node.inputs if x not in inside)

    @property
    def output(self) -> Value:
        return self.nodes[-1].output

    def find(self, kind: type[P]) -> P | None:
        """The primitive step of one kind, if this fused step has it."""
        found = (node.primitive for node in self.nodes)
        return next((step for step in found if isinstance(step, kind)), None)

    def get(self, kind: type[P]) -> P:
        """The primitive step of one kind, which the pattern of this executor asks for."""
        return next(node.primitive for node in self.nodes if isinstance(node.primitive, kind))

    @property
    def primitives(self) -> Iterator[Primitive]:
        return (node.primitive for node in self.nodes)

    @property
    def title(self) -> str:
        return " + ".join(step.title for step in self.primitives)

    @property
    def label(self) -> str:
        """The layer that most of it came from: the first with parameters, or else the first."""
        labels = [node.label for node in self.nodes if node.label]
        learning = [node.label for node in self.nodes if node.label and node.primitive.parameters]
        return next(iter(learning + labels), "")


Life: TypeAlias = Literal["forward", "backward", "saved"]


@dataclass(frozen=True, slots=True)
class Setting:
    """What an executor is made for.

    Parameters
    ----------
    rows : int
        Samples in the batch.
    backward : bool
        Whether the backward pass runs through this step.
    input_gradients : tuple of bool
        For which inputs it has to compute a gradient.
    """

    rows: int
    backward: bool
    input_gradients: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory that an executor asks for besides its inputs, its output and their gradients.

    `life` says when its contents must survive: during this step's "forward" or "backward" call, or
    "saved" from the one to the other.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    life: Life


class Executor:
    """Computes one fused step, forward and backward, by calling kernels with arrays made before.

    A subclass decides in its constructor what it needs and says so in `buffers`; the plan then sets
    `inputs`, `output`, `d_inputs`, `d_output`, `d_more` and `own`. `forward` reads the inputs and
    overwrites the output; `backward` reads `d_output`, which it may destroy, and overwrites the
    wanted `d_inputs` and the parameters' gradients.

    Attributes
    ----------
    in_place : bool
        Whether the output may lie on the first input, and the gradient of this input on the
        output's.
    passes_on : tuple of int
        The inputs whose gradient may lie on the output's instead, the first one preferred.
    adds_gradients : bool
        Whether `backward` adds `d_more`, a second part of the gradient, to `d_output`. It is None
        where there is none, and in steps that do not say so.
    reads_input, reads_output : bool
        Whether `backward` looks at them again.
    flops : int
        Floating-point operations of a forward pass over the batch, direct convolution's count;
        0 where the work is moving memory.
    """

    in_place = False
    passes_on: tuple[int, ...] = ()
    adds_gradients = False
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
        self.own: dict[str, np.ndarray] = {}
        self.shared_gradients: dict[Parameter, np.ndarray] = {}

    def buffers(self) -> list[Buffer]:
        """The buffers that the step asks for; found in `own` under their names."""
        return []

    def forward(self, training: bool, step: int) -> None:
        """Compute the output; `step` counts the optimizer's steps and picks the dropout mask."""
        raise NotImplementedError

    def backward(self, step: int) -> None:
        """Compute the gradients, after a `forward` with `training` and the same `step`."""
        raise NotImplementedError

    def penalty(self) -> float:
        """What the last `forward` adds to a loss, which asks for it before the backward pass.

        A `backward` without a loss, from gradients that somebody gave, leaves it out.
        """
        return 0.0

    def settle(self) -> None:
        """Keep what the last `forward` in training has learnt besides gradients.

        Called once the step is known to count: not where its loss is NaN or infinite. What is
        needed for it is in buffers of the life "saved".
        """

    @property
    def backward_flops(self) -> int:
        """Operations of the backward pass: as many again for each gradient that takes a product."""
        learns = any(p.trainable for p in self.parameters if len(p.shape) > 1)
        return self.flops * (learns + any(self.setting.input_gradients))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(p for part in self.step.primitives for p in part.parameters)

    def gradient(self, parameter: Parameter) -> np.ndarray:
        """Where to write a parameter's gradient.

        If several steps share the parameter, all but the first write into a buffer of their own,
        which the plan then adds.
        """
        shared = self.shared_gradients.get(parameter)
        return parameter.allocate_grad() if shared is None else shared

    @property
    def dx(self) -> np.ndarray:
        """Where the gradient of the first input is written, in a step that always has one."""
        dx = self.d_inputs[0]
        assert dx is not None
        return dx

    def batch(self, value: Value) -> tuple[int, ...]:
        """The shape of `value` with the batch axis."""
        return (self.setting.rows, *value.shape)


def flat(array: np.ndarray) -> np.ndarray:
    """All axes as one: a view, for C-contiguous arrays."""
    return array.reshape(-1)


def rows_2d(array: np.ndarray) -> np.ndarray:
    """All axes but the last as one: a view, for C-contiguous arrays."""
    return array.reshape(-1, array.shape[-1])


def copy_as_float(x: np.ndarray, y: np.ndarray) -> None:
    """y = x, as float32; nothing to do where y lies on x."""
    if x.dtype == np.uint8:
        affine_u8(flat(x), flat(y), 1.0, 0.0)
    elif not np.may_share_memory(x, y):
        np.copyto(y, x)
