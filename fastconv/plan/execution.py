"""A plan's executors for one number of rows, bound to their buffers and run in order."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from time import perf_counter
from typing import TypeVar

import numpy as np

from fastconv.kernels.elementwise.arithmetic import add
from fastconv.plan.executor import Executor, PartwiseExecutor, Setting, flat
from fastconv.plan.flow import Flow, Reader, Seed
from fastconv.plan.memory import Memory
from fastconv.plan.operations.normalization import BatchNormExecutor
from fastconv.plan.operations.products import ConvBlockExecutor
from fastconv.plan.parameters import Parameter
from fastconv.plan.parts import BackwardRun, Run

E = TypeVar("E", bound=Executor)
Clock = Callable[[int, str, int, float], None]  # step index, direction, rows, seconds


def make_executors(flow: Flow, rows: int, largest: int) -> list[Executor]:
    """One executor for each fused step, not yet bound to memory: see `Setting`."""
    made = []
    parameters = {p for step in flow.steps for part in step.primitives for p in part.parameters}
    weights = sum(parameter.size for parameter in parameters)
    for step in flow.steps:
        backward = flow.goes_back(step)
        gradients = tuple(backward and flow.root(x) in flow.needed for x in step.inputs)
        made.append(step.executor(step, Setting(rows, largest, backward, gradients, weights)))
    return made


class Execution:
    """Runs a plan's steps for `rows` samples.

    Attributes
    ----------
    outputs : list of ndarray
        The graph's outputs, with the batch axis.
    seeds : list of (ndarray or None)
        For each output, the array for its gradient, to be filled before `backward`; None where no
        gradient is needed.
    d_inputs : list of (ndarray or None)
        The gradients of the graph's inputs after `backward`.
    """

    def __init__(self, flow: Flow, executors: list[Executor], memory: Memory, rows: int) -> None:
        self.rows = rows
        self.executors = executors
        self._flow = flow
        self._memory = memory
        self._runs = memory.lifetimes.runs
        self._backward_runs = memory.lifetimes.backward_runs
        self._fed: list[list[tuple[Executor, int]]] = [[] for _ in flow.inputs]
        self._sums: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in executors]
        self._parameter_sums: list[list[tuple[Parameter, np.ndarray]]] = [[] for _ in executors]
        self._learners = [e for e in executors if type(e).settle is not Executor.settle]
        self._costly = [e for e in executors if type(e).penalty is not Executor.penalty]
        self._seed_sums: list[tuple[np.ndarray, np.ndarray]] = []
        for i, executor in enumerate(executors):
            self._bind_values(i, executor)
            if executor.setting.backward:
                self._bind_gradients(i, executor)
        self._bind_shared_parameters()
        self.outputs = [
            memory.array(memory.output_key(n), (rows, *y.shape), "float32")
            for n, y in enumerate(flow.graph.outputs)
        ]
        self.seeds = [self._seed(n) for n in range(len(self.outputs))]
        self.d_inputs = [
            memory.array(("gradient", x), (rows, *x.shape), "float32") if x in flow.needed else None
            for x in flow.inputs
        ]

    def forward(
        self,
        xs: Sequence[np.ndarray],
        training: bool,
        step: int,
        skip: Collection[int] = (),
        clock: Clock | None = None,
    ) -> None:
        """Fill `outputs` from the inputs, which are kept until `release_inputs`.

        The steps in `skip` are computed by a loss instead.
        """
        for x, readers in zip(xs, self._fed, strict=True):
            for executor, slot in readers:
                executor.inputs[slot] = x.reshape((self.rows, *executor.step.inputs[slot].shape))
        for run in self._runs:
            if run.images < self.rows and not any(i in skip for i in run.steps):
                self._forward_in_parts(run, training, clock)
                continue
            for i in run.steps:
                if i in skip:
                    continue
                start = perf_counter()
                self.executors[i].forward(training, step)
                if clock is not None:
                    clock(i, "forward", self.rows, perf_counter() - start)
        for output, root in zip(self.outputs, self._flow.outputs, strict=True):
            if root in self._flow.inputs:  # this output is an input, nothing was computed
                np.copyto(output, xs[self._flow.inputs.index(root)].reshape(output.shape))

    def _forward_in_parts(self, run: Run, training: bool, clock: Clock | None) -> None:
        steps: dict[int, PartwiseExecutor] = {}
        for i in run.steps:
            executor = self.executors[i]
            assert isinstance(executor, PartwiseExecutor)
            steps[i] = executor
        watchers = [self._as(BatchNormExecutor, i) for i in run.watchers]
        seconds = dict.fromkeys(run.steps, 0.0)
        for i, executor in steps.items():
            start = perf_counter()
            executor.prepare(training)
            seconds[i] += perf_counter() - start
        for watcher in watchers:
            watcher.watch(training)
        for part in run.parts(self.rows):
            for i, executor in steps.items():
                start = perf_counter()
                executor.forward_part(part)
                seconds[i] += perf_counter() - start
            for watcher in watchers:
                start = perf_counter()
                watcher.watch_part(part)
                seconds[run.last] += perf_counter() - start
        if clock is not None:
            for i in run.steps:
                clock(i, "forward", self.rows, seconds[i])

    def penalties(self) -> float:
        """The penalties that the steps add to the loss after a `forward`."""
        return sum((executor.penalty() for executor in self._costly), 0.0)

    def settle(self) -> None:
        """Let the executors update their moving averages after a training `forward`."""
        for executor in self._learners:
            executor.settle()

    def backward(self, step: int, skip: Collection[int] = (), clock: Clock | None = None) -> None:
        """Compute the gradients of the parameters and the inputs from the seeds.

        For the steps in `skip`, a loss has already written the gradient of their input.
        """
        for total, part in self._seed_sums:
            add(flat(total), flat(part), flat(total))
        done: tuple[int, ...] = ()
        for i in range(len(self.executors) - 1, -1, -1):
            executor = self.executors[i]
            if not executor.setting.backward or i in skip or i in done:
                continue
            run = self._backward_runs.get(i)
            if (
                run is not None
                and run.images < self.rows
                and not any(each in skip for each in run.steps)
            ):
                self._backward_in_parts(run, clock)
                done = run.steps
                continue
            start = perf_counter()
            executor.backward(step)
            self._add_parts(i)
            if clock is not None:
                clock(i, "backward", self.rows, perf_counter() - start)
        for x, dx in zip(self._flow.inputs, self.d_inputs, strict=True):
            if dx is not None and not self._flow.contributions[x]:
                dx[...] = 0  # no output depends on this input

    def _backward_in_parts(self, run: BackwardRun, clock: Clock | None) -> None:
        conv = self._as(ConvBlockExecutor, run.conv)
        behind = None if run.behind is None else self._as(BatchNormExecutor, run.behind)
        before = None if run.before is None else self._as(BatchNormExecutor, run.before)
        seconds = dict.fromkeys(run.steps, 0.0)

        def timed(i: int, call: Callable[..., None], *arguments: slice) -> None:
            start = perf_counter()
            call(*arguments)
            seconds[i] += perf_counter() - start

        if behind is not None:
            timed(run.steps[0], behind.begin_parts)
        if before is not None:
            before.begin_sums()
        for part in run.parts(self.rows):
            if behind is not None:
                timed(run.steps[0], behind.backward_part, part)
            timed(run.conv, conv.backward_part, part)
            if before is not None:
                timed(run.conv, before.sum_part, part)
        timed(run.conv, conv.backward_rest)
        for i in run.steps:
            self._add_parts(i)
            if clock is not None:
                clock(i, "backward", self.rows, seconds[i])

    def _as(self, kind: type[E], i: int) -> E:
        """The executor of step `i`, which is of this kind in a run."""
        executor = self.executors[i]
        assert isinstance(executor, kind)
        return executor

    def _add_parts(self, i: int) -> None:
        """Add what step `i` has computed of gradients to what others have."""
        for total, part in self._sums[i]:
            add(flat(total), flat(part), flat(total))
        for parameter, part in self._parameter_sums[i]:
            grad = flat(parameter.allocate_grad())
            add(grad, flat(part), grad)

    def release_inputs(self) -> None:
        """Drop the references to the user's arrays."""
        for readers in self._fed:
            for executor, slot in readers:
                executor.inputs[slot] = _NOTHING

    def gradient_before(self, i: int) -> np.ndarray:
        """The gradient of the first input of step `i`, for a loss that is fused with this step."""
        dx = self.executors[i].d_inputs[0]
        assert dx is not None
        return dx

    def _bind_values(self, i: int, executor: Executor) -> None:
        step, memory = executor.step, self._memory
        for slot, x in enumerate(step.inputs):
            root = self._flow.root(x)
            if root in self._flow.inputs:
                self._fed[self._flow.inputs.index(root)].append((executor, slot))
                executor.inputs.append(_NOTHING)
            else:
                executor.inputs.append(memory.array(("value", root), executor.batch(x), "float32"))
        y = step.output
        executor.output = memory.array(("value", y), executor.batch(y), "float32")
        for buffer in executor.buffers():
            key = ("own", i, buffer.name)
            executor.own[buffer.name] = memory.array(key, buffer.shape, buffer.dtype)

    def _bind_gradients(self, i: int, executor: Executor) -> None:
        y = executor.step.output
        executor.d_output = self._memory.array(("gradient", y), executor.batch(y), "float32")
        if self._memory.lifetimes.adds_late(y):
            executor.d_more = self._memory.array(("part", y, 1), executor.batch(y), "float32")
        for slot, x in enumerate(executor.step.inputs):
            if not executor.setting.input_gradients[slot]:
                executor.d_inputs.append(None)
                continue
            part = Reader(i, slot)
            if self._memory.lifetimes.adds_itself(part, self._flow.root(x)):
                executor.d_adds = True
                root = self._flow.root(x)
                dx = self._memory.array(("gradient", root), executor.batch(x), "float32")
                executor.d_inputs.append(dx)
                continue
            dx, total = self._contribution(part, executor.batch(x))
            executor.d_inputs.append(dx)
            if total is not None:
                self._sums[i].append((total, dx))

    def _bind_shared_parameters(self) -> None:
        for i, k in self._memory.lifetimes.shared_parameters():
            executor = self.executors[i]
            parameter = executor.parameters[k]
            part = self._memory.array(("shared", i, k), parameter.shape, "float32")
            executor.shared_gradients[parameter] = part
            self._parameter_sums[i].append((parameter, part))

    def _seed(self, number: int) -> np.ndarray | None:
        if self._flow.outputs[number] not in self._flow.needed:
            return None
        seed, total = self._contribution(Seed(number), self.outputs[number].shape)
        if total is not None:
            self._seed_sums.append((total, seed))
        return seed

    def _contribution(
        self, part: Seed | Reader, shape: tuple[int, ...]
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The array for one contribution to a gradient, and the sum to add it to, if any."""
        if isinstance(part, Seed):
            root = self._flow.outputs[part.output]
        else:
            root = self._flow.root(self._flow.steps[part.step].inputs[part.slot])
        total = self._memory.array(("gradient", root), shape, "float32")
        k = self._flow.contributions[root].index(part)
        if k == 0:
            return total, None
        array = self._memory.array(("part", root, k), shape, "float32")
        return array, None if self._memory.lifetimes.adds_late(root) else total


class Executions:
    """An `Execution` for each number of rows that occurs, all in one arena.

    Besides that of the full batch, the `KEPT` most recently used ones are cached, so that memory
    does not grow with every new number of rows.
    """

    KEPT = 4

    def __init__(
        self, flow: Flow, executors: list[Executor], memory: Memory, batch_size: int
    ) -> None:
        self._flow = flow
        self._memory = memory
        self.full = Execution(flow, executors, memory, batch_size)
        self._partial: OrderedDict[int, Execution] = OrderedDict()

    def of(self, rows: int) -> Execution:
        """The execution for `rows` samples, at most the full batch."""
        if rows == self.full.rows:
            return self.full
        if rows not in self._partial:
            executors = make_executors(self._flow, rows, self.full.rows)
            self._partial[rows] = Execution(self._flow, executors, self._memory, rows)
            if len(self._partial) > self.KEPT:
                self._partial.popitem(last=False)
        self._partial.move_to_end(rows)
        return self._partial[rows]


_NOTHING = np.empty(0, np.float32)
