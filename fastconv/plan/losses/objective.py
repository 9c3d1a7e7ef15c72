"""The losses of a plan, and how each attaches to the graph's outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from weakref import WeakKeyDictionary

from fastconv.plan.execution import Clock, Execution
from fastconv.plan.flow import Flow
from fastconv.plan.inputs import as_list
from fastconv.plan.losses.executors import LossExecutor, make_loss_executor
from fastconv.plan.losses.spec import LossSpec
from fastconv.plan.operations.activations import SoftmaxExecutor

LOSS = -1  # the step index that stands for the losses


@dataclass(frozen=True, slots=True)
class Placement:
    """A loss of the output with index `output`.

    If the output comes directly from a softmax and has no other reader, `softmax` is the index of
    that step: the loss then reads the step's input, and writes the output and the gradient of the
    logits in one pass. This is also numerically stable: no logarithm of a rounded probability.
    """

    output: int
    spec: LossSpec
    softmax: int | None


class Objective:
    """All losses of a plan; training minimizes their weighted sum.

    Attributes
    ----------
    values : list of float
        Each loss of the last run, unweighted.
    """

    def __init__(
        self, loss: LossSpec | Sequence[LossSpec | None] | None, flow: Flow, fused: bool
    ) -> None:
        outputs = flow.graph.outputs
        if loss is None:
            loss = [None] * len(outputs)
        elif isinstance(loss, LossSpec):
            loss = [loss]
        specs = list(loss)
        if len(specs) != len(outputs):
            raise ValueError(
                f"plan: there must be a loss, or None, for each of the {len(outputs)} outputs; "
                f"received {len(specs)}"
            )
        self.placements: list[Placement] = []
        for number, (spec, y) in enumerate(zip(specs, outputs, strict=True)):
            if spec is None:
                continue
            if not isinstance(spec, LossSpec):
                raise TypeError(f"plan: a loss must be a LossSpec; received {spec!r}")
            if not y.shape:
                raise ValueError(f"plan: {spec.kind} needs an axis of classes; received output ()")
            wants_softmax = fused and spec.is_crossentropy and not spec.from_logits
            softmax = _softmax_before(flow, number) if wants_softmax else None
            self.placements.append(Placement(number, spec, softmax))
        self.skipped = {p.softmax for p in self.placements if p.softmax is not None}
        self.early_gradients = [flow.root(flow.steps[i].inputs[0]) for i in self.skipped]
        self.values: list[float] = []
        self._flow = flow
        self._executors: WeakKeyDictionary[Execution, list[LossExecutor]] = WeakKeyDictionary()

    def width(self, placement: Placement) -> int:
        """Number of elements per sample of the output that a loss reads."""
        return self._flow.graph.outputs[placement.output].size

    def take(self, execution: Execution, targets: Any, sample_weight: Any) -> None:
        """Check the targets of a batch and store them."""
        count = len(self.placements)
        given = as_list(targets, count, "targets")
        weights = [sample_weight] * count
        if count > 1 and isinstance(sample_weight, (list, tuple)):
            weights = as_list(sample_weight, count, "sample_weight")
        for executor, part, weight in zip(
            self._executors_for(execution), given, weights, strict=True
        ):
            executor.targets.take(part, weight)

    def run(self, execution: Execution, gradient: bool, clock: Clock | None = None) -> float:
        """The weighted sum of the losses plus the penalties; with `gradient`, fill the seeds."""
        start = perf_counter()
        total = execution.penalties()
        self.values.clear()
        if gradient:
            without = set(range(len(execution.seeds))) - {p.output for p in self.placements}
            for number in without:
                seed = execution.seeds[number]
                if seed is not None:
                    seed[...] = 0
        for executor, placement in zip(
            self._executors_for(execution), self.placements, strict=True
        ):
            y = execution.outputs[placement.output]
            x, dx = y, execution.seeds[placement.output]
            if placement.softmax is not None:
                x = execution.executors[placement.softmax].inputs[0]
                dx = execution.gradient_before(placement.softmax) if dx is not None else None
            weight = placement.spec.weight
            wanted = dx if gradient and weight else None
            value = executor.run(x, y, wanted) / (weight or 1.0)
            if gradient and dx is not None and not weight:
                dx[...] = 0
            self.values.append(value)
            total += weight * value
        if clock is not None:
            clock(LOSS, "forward", execution.rows, perf_counter() - start)
        return total

    def _executors_for(self, execution: Execution) -> list[LossExecutor]:
        if execution not in self._executors:
            outputs = self._flow.graph.outputs
            self._executors[execution] = [
                make_loss_executor(
                    p.spec,
                    execution.rows,
                    outputs[p.output].shape,
                    sees_logits=p.spec.from_logits or p.softmax is not None,
                )
                for p in self.placements
            ]
        return self._executors[execution]


def _softmax_before(flow: Flow, number: int) -> int | None:
    """The index of the softmax step that writes this output, if the two can be fused."""
    root = flow.outputs[number]
    i = flow.writer.get(root)
    if i is None or flow.readers.get(root) or flow.outputs.count(root) > 1:
        return None
    if flow.graph.outputs[number] is not root:  # reshaped: its rows are not those of the softmax
        return None
    step = flow.steps[i]
    if step.executor is not SoftmaxExecutor:
        return None
    x = flow.root(step.inputs[0])
    alone = len(flow.readers[x]) == 1 and x not in flow.outputs and x in flow.writer
    return i if alone else None
