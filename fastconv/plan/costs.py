"""The cost of a plan's steps: operations, memory traffic and measured time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fastconv.plan.executor import Executor
from fastconv.plan.losses.objective import LOSS, Objective
from fastconv.plan.report import Times


@dataclass(frozen=True, slots=True)
class StepCost:
    """One direction of a fused step, for the full batch.

    Attributes
    ----------
    layer, computes, algorithm : str
        As in the plan's report.
    direction : "forward" or "backward"
    flops : int
        Floating-point operations, for a convolution those of the direct method; 0 for pure data
        movement.
    nbytes : int
        Minimum memory traffic, every array counted once: inputs, output, weights, their gradients,
        and buffers saved for the backward pass.
    seconds : float or None
        Median of the profiled calls with a full batch; None before there are any.
    """

    layer: str
    computes: str
    algorithm: str
    direction: str
    flops: int
    nbytes: int
    seconds: float | None


def costs(
    executors: Sequence[Executor], objective: Objective, times: Times, training: bool
) -> Iterator[StepCost]:
    """The entries of `Plan.costs`: forward steps in order, the losses, the backward steps."""
    for i, executor in enumerate(executors):
        if not training or i not in objective.skipped:
            yield _cost(i, executor, "forward", times)
    if not training:
        return
    for placement in objective.placements:
        rows, width = executors[0].setting.rows, objective.width(placement)
        kind = placement.spec.kind
        name = kind if placement.softmax is None else f"softmax + {kind}"
        nbytes = 3 * rows * width * 4  # reads the logits, writes the outputs and the gradient
        yield StepCost("", name, "", "forward", 0, nbytes, times.typical(LOSS, "forward", rows))
    for i in range(len(executors) - 1, -1, -1):
        if executors[i].setting.backward and i not in objective.skipped:
            yield _cost(i, executors[i], "backward", times)


def _cost(i: int, executor: Executor, direction: str, times: Times) -> StepCost:
    forward = direction == "forward"
    step = executor.step
    return StepCost(
        step.label,
        step.title,
        executor.algorithm,
        direction,
        executor.flops if forward else executor.backward_flops,
        _forward_bytes(executor) if forward else _backward_bytes(executor),
        times.typical(i, direction, executor.setting.rows),
    )


def _forward_bytes(executor: Executor) -> int:
    weights = sum(p.value.nbytes for p in executor.parameters)
    return _inputs(executor) + _output(executor) + weights + _saved(executor)


def _backward_bytes(executor: Executor) -> int:
    wanted = [
        x
        for x, needed in zip(executor.step.inputs, executor.setting.input_gradients, strict=True)
        if needed
    ]
    total = _output(executor) + 4 * sum(math.prod(executor.batch(x)) for x in wanted)
    total += _inputs(executor) if executor.reads_input else 0
    total += _output(executor) if executor.reads_output else 0
    total += sum(p.value.nbytes for p in executor.parameters if p.trainable)  # the gradients
    total += sum(p.value.nbytes for p in executor.parameters if len(p.shape) > 1 and wanted)
    return total + _saved(executor)


def _inputs(executor: Executor) -> int:
    inputs = executor.step.inputs
    return sum(math.prod(executor.batch(x)) * np.dtype(x.dtype).itemsize for x in inputs)


def _output(executor: Executor) -> int:
    return 4 * math.prod(executor.batch(executor.step.output))


def _saved(executor: Executor) -> int:
    kept = [buffer for buffer in executor.buffers() if buffer.life == "saved"]
    return sum(math.prod(b.shape) * np.dtype(b.dtype).itemsize for b in kept)
