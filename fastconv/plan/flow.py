"""Data flow: which steps read and write each value, and which gradients are needed."""

from __future__ import annotations

from dataclasses import dataclass

from fastconv.plan.executor import FusedStep
from fastconv.plan.operations.movement import Reshape
from fastconv.plan.recorder import Recorder, Value


@dataclass(frozen=True, slots=True)
class Reader:
    """The step with index `step` reads a value as its input `slot`."""

    step: int
    slot: int


@dataclass(frozen=True, slots=True)
class Seed:
    """The gradient of the graph's output with index `output`, from the loss or from the user."""

    output: int


class Flow:
    """The data flow of a list of fused steps.

    A reshaped value shares the data of the value it was made from, its root; all attributes refer
    to roots.

    Attributes
    ----------
    readers : dict
        From each root to its readers, in the order of the steps.
    writer : dict
        From each root that is not an input to the index of the step that writes it.
    needed : set
        The roots whose gradient is computed: they depend on a trainable parameter, or on an input
        whose gradient is requested.
    contributions : dict
        From each needed root to the parts of its gradient, in the order in which the backward pass
        produces them: the first one is written in place, the others are added to it.
    """

    def __init__(
        self, graph: Recorder, steps: list[FusedStep], *, training: bool, input_gradient: bool
    ) -> None:
        self.graph = graph
        self.steps = steps
        self._root: dict[Value, Value] = {}
        for node in graph.nodes:
            if isinstance(node.primitive, Reshape):
                self._root[node.output] = self.root(node.inputs[0])
        self.inputs = list(graph.inputs)
        self.outputs = [self.root(y) for y in graph.outputs]
        self.readers: dict[Value, list[Reader]] = {}
        self.writer: dict[Value, int] = {}
        self.needed: set[Value] = set(graph.inputs if training and input_gradient else ())
        for i, step in enumerate(steps):
            for slot, x in enumerate(step.inputs):
                self.readers.setdefault(self.root(x), []).append(Reader(i, slot))
            self.writer[step.output] = i
            learns = any(p.trainable for part in step.primitives for p in part.parameters)
            if training and (learns or any(self.root(x) in self.needed for x in step.inputs)):
                self.needed.add(step.output)
        self.contributions: dict[Value, list[Seed | Reader]] = {
            root: [] for root in (*graph.inputs, *self.writer) if root in self.needed
        }
        for number, root in enumerate(self.outputs):
            if root in self.needed:
                self.contributions[root].append(Seed(number))
        for root, parts in self.contributions.items():
            in_order = sorted(self.readers.get(root, []), key=_backward_order)
            parts += in_order

    def root(self, value: Value) -> Value:
        """The value whose buffer `value` is a view of."""
        return self._root.get(value, value)

    def goes_back(self, step: FusedStep) -> bool:
        """Whether the backward pass runs through `step`."""
        return step.output in self.needed


def _backward_order(reader: Reader) -> tuple[int, int]:
    return -reader.step, reader.slot
