"""The elements of a graph (primitives, values and nodes), and the recording of a step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from fastconv._arguments import as_int, check_choice, items_of
from fastconv.plan.parameters import Parameter


@dataclass(frozen=True, eq=False)
class Primitive:
    """A step of a graph. `parameters` are those that it reads; the trainable ones get gradients."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return ()

    @property
    def title(self) -> str:
        """A short name for the plan's report."""
        return type(self).__name__.lower()


@dataclass(frozen=True, eq=False, slots=True)
class Value:
    """An input or output of a step. Created by a `Graph` only; written once, read by any number.

    `shape` does not include the batch axis; `dtype` is "float32" or "uint8".
    """

    graph: Recorder
    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """Elements of one sample."""
        return math.prod(self.shape)

    def __repr__(self) -> str:
        return f"Value({self.shape}, {self.dtype})"


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One recorded step: `output = primitive(*inputs)`; `label` is the name of its layer."""

    primitive: Primitive
    inputs: tuple[Value, ...]
    output: Value
    label: str


class Recorder:
    """A list of recorded steps, with its inputs and outputs; `Graph` adds the steps themselves."""

    def __init__(self) -> None:
        self.inputs: list[Value] = []
        self.outputs: list[Value] = []
        self.nodes: list[Node] = []
        self._label = ""
        self.in_inference = False

    @contextmanager
    def layer(self, name: str) -> Iterator[None]:
        """Label the steps recorded inside with the layer's name, for errors and reports."""
        outer, self._label = self._label, name
        try:
            yield
        finally:
            self._label = outer

    @contextmanager
    def inference(self, wanted: bool = True) -> Iterator[None]:
        """Record steps that run as in inference, even in a plan that trains.

        Methods whose step differs between training and inference check `in_inference`.
        """
        outer, self.in_inference = self.in_inference, self.in_inference or wanted
        try:
            yield
        finally:
            self.in_inference = outer

    def input(self, shape: Sequence[int], dtype: str = "float32") -> Value:
        """Add an input of the graph; `shape` does not include the batch axis."""
        check_choice(dtype, ("float32", "uint8"), where="input", what="dtype")
        sizes = items_of(shape)
        if sizes is None:
            raise TypeError(f"input: shape must be a sequence of whole numbers; received {shape!r}")
        value = Value(self, tuple(as_int(s, "every size", where="input") for s in sizes), dtype)
        self.inputs.append(value)
        return value

    def output(self, y: Value) -> None:
        """Mark `y` as an output; a graph may have several, in the order of the calls."""
        self._float_input(y, "output")
        self.outputs.append(y)

    @property
    def parameters(self) -> list[Parameter]:
        """Every parameter once, in the order of the steps."""
        return list(dict.fromkeys(p for node in self.nodes for p in node.primitive.parameters))

    def _record(
        self,
        step: Primitive,
        inputs: tuple[Value, ...],
        shape: tuple[int, ...],
        dtype: str = "float32",
    ) -> Value:
        value = Value(self, shape, dtype)
        self.nodes.append(Node(step, inputs, value, self._label))
        return value

    def _where(self, primitive: str) -> str:
        return f"{primitive} ({self._label})" if self._label else primitive

    def _seed(self, seed: int, where: str) -> int:
        if isinstance(seed, bool) or not hasattr(seed, "__index__"):
            raise TypeError(f"{where}: seed must be a whole number; received {seed!r}")
        if not 0 <= int(seed) < 2**64:
            raise ValueError(f"{where}: seed must be between 0 and 2**64 - 1; received {seed!r}")
        return int(seed)

    def _own(self, x: Value, where: str) -> Value:
        if not isinstance(x, Value):
            raise TypeError(f"{where}: x must be a Value of this graph; received {x!r}")
        if x.graph is not self:
            raise ValueError(f"{where}: x must be a Value of this graph; received another graph's")
        return x

    def _float_input(self, x: Value, where: str, rank: int | None = None) -> None:
        self._own(x, where)
        if x.dtype != "float32":
            raise ValueError(
                f"{where}: x must be float32, an affine step makes it so; received {x.dtype}"
            )
        if rank is not None and len(x.shape) != rank:
            axes = f"{rank + 1} axes, the batch included"
            raise ValueError(f"{where}: x must have {axes}; received {with_batch(x)}")


def with_batch(x: Value) -> str:
    """The shape of x for messages, with None for the batch axis."""
    return str((None, *x.shape))
