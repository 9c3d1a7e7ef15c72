"""When each buffer of a plan is first written and last read.

Time: step i runs forward at time i, the losses are computed at time n = number of steps, and step i
runs backward at time 2n - i. Steps that take turns with parts of the batch (see `parts`) all run
from the first one's time to the last one's. Buffers that hold a result for the user live to the
end.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np

from fastconv.plan.arena import Request
from fastconv.plan.executor import Executor
from fastconv.plan.flow import Flow, Reader, Seed
from fastconv.plan.parameters import Parameter
from fastconv.plan.parts import find_backward_runs, find_runs
from fastconv.plan.recorder import Value


class Lifetimes:
    """The memory that a list of executors needs, for the batch size they were built for.

    Keys of the requests: ("value", root), ("gradient", root), ("part", root, k) for the k-th
    contribution to a gradient, ("own", step, name), ("shared", step, k) for the gradient of the
    step's k-th parameter if another step has already written that parameter's gradient,
    ("copy", index) for an output that is an input.

    Attributes
    ----------
    alias : dict
        From a key to the key whose buffer it shares, where a step works in place.
    """

    def __init__(
        self,
        flow: Flow,
        executors: Sequence[Executor],
        rows: int,
        early_gradients: Sequence[Value] = (),
    ) -> None:
        self.flow = flow
        self.executors = executors
        self.rows = rows
        self._early = set(early_gradients)  # written by a loss that is fused with the last step
        self._n = len(executors)
        self._end = 2 * self._n + 1
        self.alias: dict[Hashable, Hashable] = {}
        self.runs = find_runs(flow, executors, rows)
        self.backward_runs = find_backward_runs(flow, executors, rows)
        self._run = {i: run for run in self.runs for i in run.steps}
        self._writes_early = {
            run.conv: run.behind for run in self.backward_runs.values() if run.behind is not None
        }
        self._find_aliases()

    def requests(self) -> list[Request]:
        """A request for every buffer; aliases are merged into the buffer that they share."""
        merged: dict[Hashable, Request] = {}
        for request in self._all():
            key = self.place_of(request.key)
            other = merged.get(key, request)
            merged[key] = Request(
                key,
                max(request.nbytes, other.nbytes),
                min(request.first, other.first),
                max(request.last, other.last),
            )
        return list(merged.values())

    def shared_parameters(self) -> list[tuple[int, int]]:
        """(step, index of its parameter) where another step has already written the gradient."""
        seen: set[Parameter] = set()
        found = []
        for i in range(self._n - 1, -1, -1):
            if self.executors[i].setting.backward:
                for k, parameter in enumerate(self.executors[i].parameters):
                    if parameter.trainable and parameter in seen:
                        found.append((i, k))
                    seen.add(parameter)
        return found

    def adds_late(self, root: Value) -> bool:
        """Whether the step that wrote `root` adds the two parts of its gradient itself."""
        writer, parts = self.flow.writer.get(root), self.flow.contributions[root]
        if writer is None or len(parts) != 2 or isinstance(parts[1], Seed):
            return False
        return self.executors[writer].adds_gradients

    def adds_itself(self, part: Seed | Reader, root: Value) -> bool:
        """Whether the step adds its part of the gradient of `root` to those before, in place."""
        if isinstance(part, Seed) or part.slot or self.adds_late(root):
            return False
        return self.executors[part.step].accumulates and part != self.flow.contributions[root][0]

    def place_of(self, key: Hashable) -> Hashable:
        """The key of the buffer that `key` shares, or `key` itself."""
        while key in self.alias:
            key = self.alias[key]
        return key

    def _back(self, step: int) -> int:
        return 2 * self._n - step

    def _all(self) -> list[Request]:
        found = [self._value(root) for root in self.flow.writer]
        for root in self.flow.contributions:
            found += self._gradient(root)
        for i, executor in enumerate(self.executors):
            spans = {
                "forward": (self._run[i].first, self._run[i].last),
                "backward": (self._back(i), self._back(i)),
                "saved": (self._run[i].first, self._back(i)),
            }
            for buffer in executor.buffers():
                nbytes = math.prod(buffer.shape) * np.dtype(buffer.dtype).itemsize
                found.append(Request(("own", i, buffer.name), nbytes, *spans[buffer.life]))
        for i, k in self.shared_parameters():
            nbytes = 4 * self.executors[i].parameters[k].size
            found.append(Request(("shared", i, k), nbytes, self._back(i), self._back(i)))
        for number, root in enumerate(self.flow.outputs):
            if root not in self.flow.writer:
                found.append(Request(("copy", number), self._nbytes(root), self._n, self._end))
        return found

    def _value(self, root: Value) -> Request:
        """Live from the step that writes it to the last that reads it, forward or backward."""
        writer = self.flow.writer[root]
        first, last = self._run[writer].first, self._run[writer].last
        if self.executors[writer].reads_output:
            last = self._back(writer)
        for reader in self.flow.readers.get(root, []):
            again = self.executors[reader.step].reads_input
            at = self._back(reader.step) if again else self._run[reader.step].last
            last = max(last, at)
        if root in self._early:
            last = max(last, self._n)  # the loss reads the logits
        if root in self.flow.outputs:
            last = self._end
        return Request(("value", root), self._nbytes(root), first, last)

    def _gradient(self, root: Value) -> list[Request]:
        """Live from its first contribution to the backward call that reads it, or to the end."""
        times = [self._time(part) for part in self.flow.contributions[root]]
        first = self._n if root in self._early else min(times, default=self._n)
        writer = self.flow.writer.get(root)
        last = self._end if writer is None else self._back(writer)
        size = self._nbytes(root)
        sums = [Request(("gradient", root), size, first, last)]
        late = self.adds_late(root)
        return sums + [
            Request(("part", root, k), size, time, last if late else time)
            for k, time in enumerate(times)
            if k > 0 and not self.adds_itself(self.flow.contributions[root][k], root)
        ]

    def _time(self, part: Seed | Reader) -> int:
        if isinstance(part, Seed):
            return self._n
        return self._back(self._writes_early.get(part.step, part.step))

    def _nbytes(self, root: Value) -> int:
        return 4 * root.size * self.rows

    def _find_aliases(self) -> None:
        """Find the steps that may work in place: nothing else reads what they overwrite."""
        for i, executor in enumerate(self.executors):
            passed = self._passed_on(i, executor)
            if passed is not None:
                self.alias["gradient", passed] = ("gradient", executor.step.output)
            if not executor.in_place:
                continue
            x, y = self.flow.root(executor.step.inputs[0]), executor.step.output
            if len(self.flow.readers[x]) != 1 or x in self.flow.outputs:
                continue
            writer = self.flow.writer.get(x)
            if writer is not None:
                still_read = executor.reads_input or self.executors[writer].reads_output
                if not still_read:
                    self.alias["value", y] = ("value", x)
            both = x in self.flow.needed and y in self.flow.needed
            if both and not executor.passes_on:
                self.alias["gradient", x] = ("gradient", y)

    def _passed_on(self, i: int, executor: Executor) -> Value | None:
        """The input whose gradient shares the output's buffer: this step writes its first part."""
        if executor.step.output not in self.flow.needed:
            return None
        for slot in executor.passes_on:
            x = self.flow.root(executor.step.inputs[slot])
            if self.flow.contributions.get(x, [None])[0] == Reader(i, slot):
                return x
        return None
