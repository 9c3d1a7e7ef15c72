"""A plan as a text table: fused steps, their algorithms, buffers and times."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from statistics import median

import numpy as np

from fastconv.plan.executor import Executor
from fastconv.plan.flow import Flow
from fastconv.plan.losses.objective import LOSS, Objective
from fastconv.plan.memory import Memory


class Times:
    """Rows and seconds of the last `KEPT` profiled calls of every step."""

    KEPT = 1000

    def __init__(self) -> None:
        self._calls: dict[tuple[int, str], deque[tuple[int, float]]] = {}

    def add(self, step: int, direction: str, rows: int, seconds: float) -> None:
        """Record one call of the step with index `step`, or of the losses (`LOSS`)."""
        calls = self._calls.setdefault((step, direction), deque(maxlen=self.KEPT))
        calls.append((rows, seconds))

    def __bool__(self) -> bool:
        return bool(self._calls)

    def milliseconds(self, step: int, direction: str) -> float | None:
        """Mean duration of a call."""
        calls = self._calls.get((step, direction))
        return None if calls is None else 1e3 * sum(s for _, s in calls) / len(calls)

    def gflops(self, step: int, direction: str, flops_of_a_row: float) -> float | None:
        """Billions of operations per second."""
        calls = self._calls.get((step, direction))
        if calls is None or not flops_of_a_row:
            return None
        return 1e-9 * flops_of_a_row * sum(r for r, _ in calls) / sum(s for _, s in calls)

    def typical(self, step: int, direction: str, rows: int) -> float | None:
        """Median duration, in seconds, of the calls with `rows` rows."""
        calls = self._calls.get((step, direction), ())
        seconds = [s for r, s in calls if r == rows]
        return median(seconds) if seconds else None


def report(
    flow: Flow, executors: Sequence[Executor], memory: Memory, objective: Objective, times: Times
) -> str:
    """The table that `Plan.report` returns; sizes are those of the full batch."""
    timed = ["fwd ms", "GFLOP/s", "bwd ms", "GFLOP/s"] if times else []
    rows = [["step", "layer", "computes", "output", "algorithm", *timed, "own buffers"]]
    for i, executor in enumerate(executors):
        step = executor.step
        row = [str(i), step.label, step.title, _sizes(step.output.shape), executor.algorithm]
        if times:
            row += _timing(times, i, "forward", executor.flops / executor.setting.rows)
            row += _timing(times, i, "backward", executor.backward_flops / executor.setting.rows)
        row.append(", ".join(_buffer(b.name, b.shape, b.dtype) for b in executor.buffers()))
        rows.append(row)
    for placement in objective.placements:
        softmax = "" if placement.softmax is None else f"softmax of step {placement.softmax} + "
        timing = [*_timing(times, LOSS, "forward", 0), "", ""] if times else []
        rows.append(["loss", "", softmax + placement.spec.kind, "1", "", *timing, ""])
    views = len(flow.graph.nodes) - sum(len(step.nodes) for step in flow.steps)
    head = f"arena {_bytes(memory.nbytes)} for buffers of {_bytes(memory.nbytes_apart)}"
    if views:
        head += f"; {views} recorded steps are views or reach no output"
    return head + "\n" + _aligned(rows)


def _timing(times: Times, i: int, direction: str, flops_of_a_row: float) -> list[str]:
    spent = times.milliseconds(i, direction)
    speed = times.gflops(i, direction, flops_of_a_row)
    return ["" if spent is None else f"{spent:.2f}", "" if speed is None else f"{speed:.0f}"]


def _buffer(name: str, shape: tuple[int, ...], dtype: str) -> str:
    return f"{name} {_bytes(math.prod(shape) * np.dtype(dtype).itemsize)}"


def _bytes(number: int) -> str:
    if number >= 1e6:
        return f"{number / 1e6:.1f} MB"
    return f"{number / 1e3:.1f} kB"


def _sizes(shape: tuple[int, ...]) -> str:
    return "x".join(str(size) for size in shape)


def _aligned(rows: list[list[str]]) -> str:
    """Columns as wide as their widest entry; numbers right-aligned."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if 4 < k < len(row) - 1 else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join(lines)
