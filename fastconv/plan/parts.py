"""Steps that run on some images at a time.

The maps of a whole batch pass through memory at every step. Where steps follow each other that need
nothing of the other images, each finds in the cache what the one before wrote for a part of the
batch; so does the batch normalization behind them, which sums its moments part by part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastconv.plan.executor import Executor, PartwiseExecutor
from fastconv.plan.flow import Flow, Reader
from fastconv.plan.operations.normalization import BatchNormExecutor
from fastconv.plan.operations.products import ConvBlockExecutor
from fastconv.plan.recorder import Value

PART = 1 << 21  # floats of the largest map of a part: a few of them fit into the L3 cache
LONGEST = 4  # steps: the maps of all of them need memory at the same time


@dataclass(frozen=True, slots=True)
class Run:
    """Steps `first` to `last`, which run on at most `images` images at a time.

    `watchers` are the steps behind them that take the moments of what they write.
    """

    first: int
    last: int
    images: int
    watchers: tuple[int, ...] = ()

    @property
    def steps(self) -> range:
        return range(self.first, self.last + 1)

    def parts(self, rows: int) -> Iterator[slice]:
        return _parts(rows, self.images)


def find_runs(flow: Flow, executors: Sequence[Executor], rows: int) -> list[Run]:
    """Every step once, in order; most are a run of their own, of whole batches."""
    runs: list[Run] = []
    first = 0
    while first < len(executors):
        last, watchers = first, []
        if _in_parts(executors[first]):
            last = _last(flow, executors, first)
            written = {executors[i].step.output for i in range(first, last + 1)}
            watchers = [
                i for i in range(last + 1, len(executors)) if _watches(flow, executors[i], written)
            ]
        largest = max(_size(flow, executor) for executor in executors[first : last + 1])
        images = max(1, PART // largest)
        if images < rows and (last > first or watchers):
            runs.append(Run(first, last, images, tuple(watchers)))
        else:
            runs += [Run(i, i, max(rows, 1)) for i in range(first, last + 1)]
        first = last + 1
    return runs


def _last(flow: Flow, executors: Sequence[Executor], first: int) -> int:
    """The last step of the run that begins with `first`: each reads what another has written."""
    written = {executors[first].step.output}
    end = min(first + LONGEST, len(executors))
    for i in range(first + 1, end):
        executor = executors[i]
        reads = any(flow.root(x) in written for x in executor.step.inputs)
        if not _in_parts(executor, behind=True) or not reads:
            return i - 1
        written.add(executor.step.output)
    return end - 1


def _in_parts(executor: Executor, *, behind: bool = False) -> bool:
    """Whether a step may run in parts, or `behind` another one, part by part."""
    if not isinstance(executor, PartwiseExecutor):
        return False
    return executor.in_parts and not (behind and executor.begins_run)


def _watches(flow: Flow, executor: Executor, written: set[Value]) -> bool:
    watches = isinstance(executor, BatchNormExecutor)
    return watches and flow.root(executor.step.inputs[0]) in written


def _size(flow: Flow, executor: Executor) -> int:
    """Floats of the largest map that a step reads or writes for one image."""
    return max(x.size for x in (*executor.step.inputs, executor.step.output))


@dataclass(frozen=True, slots=True)
class BackwardRun:
    """A convolution and the batch normalizations around it, backward.

    For at most `images` images at a time, the normalization `behind` computes the gradient of the
    convolution's output, the convolution that of its input, and the normalization `before` takes
    its sums of it; either may be None. The convolution's weights come last.
    """

    conv: int
    behind: int | None
    before: int | None
    images: int

    @property
    def steps(self) -> tuple[int, ...]:
        """Those that are done after the run, in its order."""
        return (self.conv,) if self.behind is None else (self.behind, self.conv)

    def parts(self, rows: int) -> Iterator[slice]:
        return _parts(rows, self.images)


def find_backward_runs(
    flow: Flow, executors: Sequence[Executor], rows: int
) -> dict[int, BackwardRun]:
    """From the step that runs first to the run."""
    found: dict[int, BackwardRun] = {}
    for i, executor in enumerate(executors):
        if not isinstance(executor, ConvBlockExecutor) or not executor.back_in_parts:
            continue
        x, y = flow.root(executor.step.inputs[0]), executor.step.output
        images = max(1, PART // max(x.size, y.size))
        behind = before = None
        if flow.contributions[y] == [Reader(i + 1, 0)] and isinstance(
            executors[i + 1], BatchNormExecutor
        ):
            behind = i + 1
        if flow.contributions[x] == [Reader(i, 0)] and flow.writer.get(x) == i - 1:
            ahead = executors[i - 1]
            if isinstance(ahead, BatchNormExecutor) and not ahead.adds:
                before = i - 1
        if images < rows and (behind is not None or before is not None):
            run = BackwardRun(i, behind, before, images)
            found[run.steps[0]] = run
    return found


def _parts(rows: int, images: int) -> Iterator[slice]:
    for first in range(0, rows, images):
        yield slice(first, min(first + images, rows))
