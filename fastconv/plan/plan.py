"""The plan: a graph prepared to run, built once for a batch size."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from fastconv._arguments import as_int
from fastconv.plan.costs import StepCost, costs
from fastconv.plan.execution import Clock, Execution, Executions, make_executors
from fastconv.plan.flow import Flow
from fastconv.plan.fuse import fuse as fuse_steps
from fastconv.plan.fuse import fusion_wanted
from fastconv.plan.graph import Graph
from fastconv.plan.inputs import Inputs, as_list, checked_gradient
from fastconv.plan.lifetimes import Lifetimes
from fastconv.plan.losses.objective import Objective
from fastconv.plan.losses.spec import LossSpec
from fastconv.plan.memory import Memory
from fastconv.plan.report import Times, report


class Plan:
    """Runs a graph forward and backward, in memory that is laid out once.

    Parameters
    ----------
    graph : Graph
        With at least one output. It is not changed, and must not be changed afterwards.
    batch_size : int
        The largest number of rows (samples) of a call.
    training : bool
        Whether backward passes will run: their buffers are part of the arena, and every trainable
        parameter gets a gradient.
    loss : LossSpec, or a list of LossSpec or None, one for each output
        What `train_step` and `loss_and_output` compute; the losses of several outputs are added.
    input_gradient : bool
        Whether `backward` also returns the gradient of the input.
    fuse : bool, optional
        Whether to fuse steps; without fusion every recorded step runs alone. Default: true, unless
        the environment variable FASTCONV_FUSE is 0.

    Attributes
    ----------
    profile : bool
        Whether to time every step; `report` then shows times and GFLOP/s.
    dx : ndarray, list of them, or None
        With `input_gradient`, the gradient of the input in the last training step.

    Notes
    -----
    A graph with several inputs or outputs takes and returns lists of arrays. Results are the plan's
    own buffers: they are valid until its next call. A plan runs one call at a time.
    """

    def __init__(
        self,
        graph: Graph,
        batch_size: int,
        *,
        training: bool,
        loss: LossSpec | Sequence[LossSpec | None] | None = None,
        input_gradient: bool = False,
        fuse: bool | None = None,
    ) -> None:
        self.batch_size = as_int(batch_size, "batch_size", where="plan")
        if not graph.outputs:
            raise ValueError("plan: a graph needs an output; received none")
        self.graph = graph
        self.training = bool(training)
        self.profile = False
        self.fused = fusion_wanted() if fuse is None else bool(fuse)
        self.steps = fuse_steps(graph, self.fused, training=training)
        self._flow = Flow(graph, self.steps, training=training, input_gradient=input_gradient)
        self._objective = Objective(loss, self._flow, self.fused)
        executors = make_executors(self._flow, self.batch_size, self.batch_size)
        early = self._objective.early_gradients
        self._memory = Memory(Lifetimes(self._flow, executors, self.batch_size, early))
        self._inputs = Inputs(graph.inputs, self.batch_size, self._memory)
        if training:
            for step in self.steps:
                for parameter in (p for part in step.primitives for p in part.parameters):
                    if parameter.trainable:
                        parameter.allocate_grad()
        self._executions = Executions(self._flow, executors, self._memory, self.batch_size)
        self._pending: tuple[Execution, int] | None = None
        self._times = Times()
        self.dx: Any = None

    @property
    def losses(self) -> list[float]:
        """The unweighted value of each loss in the last step."""
        return list(self._objective.values)

    @property
    def nbytes(self) -> int:
        """Bytes of the arena and of the copies of inputs that the kernels cannot read."""
        return self._memory.nbytes + self._inputs.nbytes

    def forward(
        self, x: Any, step: int = 0, *, training: bool | None = None, checked: bool = False
    ) -> Any:
        """Compute the outputs.

        Parameters
        ----------
        x : (rows, ...) array
            At most `batch_size` rows. Arrays of other real dtypes and layouts are copied; an input
            recorded as uint8 must be uint8. The following `backward` reads the array again.
        step : int
            The training step, which selects the dropout mask.
        training : bool, optional
            Whether dropout is on and a backward pass may follow; default: the plan's `training`.
        checked : bool
            Whether the caller guarantees that x is an array, or a list of arrays, of the recorded
            shapes, of real numbers (uint8 where recorded so), and of one number of rows.

        Returns
        -------
        y : (rows, ...) float32 array, or a list of them

        Raises
        ------
        TypeError, ValueError
            For a wrong shape or dtype, before anything is written.
        """
        training = self.training if training is None else training
        if training and not self.training:
            raise ValueError("plan: only a plan built with training=True runs a training step")
        xs, rows = self._inputs.take(x, checked=checked)
        if rows == 0:
            return self._given([np.empty((0, *y.shape), np.float32) for y in self.graph.outputs])
        execution = self._executions.of(rows)
        self._run_forward(execution, xs, training, step)
        if training:
            execution.settle()
        return self._given(execution.outputs)

    def backward(self, dy: Any) -> Any:
        """Compute the gradients of all parameters, after a `forward` in training.

        Parameters
        ----------
        dy : array of the output's shape, or a list of them; None stands for zeros
            The gradient of the quantity to minimize with respect to the outputs.

        Returns
        -------
        dx : array, list of arrays, or None without `input_gradient`
        """
        if self._pending is None:
            raise RuntimeError("plan: each backward needs a forward with training=True before it")
        execution, step = self._pending
        given = as_list(dy, len(execution.outputs), "dy")
        arrays = [
            None if part is None else checked_gradient(part, y)
            for part, y in zip(given, execution.outputs, strict=True)
        ]
        for seed, array in zip(execution.seeds, arrays, strict=True):
            if seed is not None:
                np.copyto(seed, 0 if array is None else array, casting="unsafe")
        self._run_backward(execution, step)
        return self.dx

    def train_step(
        self,
        x: Any,
        targets: Any,
        sample_weight: Any = None,
        step: int = 0,
        *,
        checked: bool = False,
    ) -> tuple[float, Any]:
        """Forward, loss and backward in one call: fills the parameters' gradients.

        Moving averages are not updated if the loss is NaN or infinite.

        Parameters
        ----------
        x, step, checked
            As in `forward`. Targets are always checked: only the plan knows the shape of an output
            whose sizes the model leaves open, and class labels are used as indices.
        targets : array
            Class labels (rows,) for the sparse cross-entropy, else an array of the output's shape;
            a list if there are several losses.
        sample_weight : (rows,) array, optional
            Multiplies each sample's loss. The mean still divides by the number of rows. With
            several losses, one array for all of them or a list.

        Returns
        -------
        loss : float
            Mean over the rows; the weighted sum if there are several losses.
        y : array or list of arrays

        Raises
        ------
        TypeError, ValueError
            For a wrong shape, dtype or class label, before anything is written.
        """
        if not self.training:
            raise ValueError("plan: only a plan built with training=True runs a training step")
        execution, xs = self._take(x, targets, sample_weight, checked)
        self._run_forward(execution, xs, True, step, skip=self._objective.skipped)
        loss = self._objective.run(execution, gradient=True, clock=self._clock())
        if math.isfinite(loss):
            execution.settle()
        self._run_backward(execution, step, skip=self._objective.skipped)
        return loss, self._given(execution.outputs)

    def loss_and_output(
        self, x: Any, targets: Any, sample_weight: Any = None, *, checked: bool = False
    ) -> tuple[float, Any]:
        """As `train_step`, but without dropout and without gradients."""
        execution, xs = self._take(x, targets, sample_weight, checked)
        self._run_forward(execution, xs, False, 0, skip=self._objective.skipped)
        loss = self._objective.run(execution, gradient=False, clock=self._clock())
        return loss, self._given(execution.outputs)

    def report(self) -> str:
        """A table: each fused step, its algorithm and buffers; times after profiled runs."""
        return report(
            self._flow, self._executions.full.executors, self._memory, self._objective, self._times
        )

    def costs(self) -> list[StepCost]:
        """The costs of a call with a full batch: forward steps, losses, backward steps in order.

        With times after profiled runs.
        """
        executors = self._executions.full.executors
        return list(costs(executors, self._objective, self._times, self.training))

    def _take(
        self, x: Any, targets: Any, sample_weight: Any, checked: bool
    ) -> tuple[Execution, list[np.ndarray]]:
        """The execution for a batch and its inputs; stores the targets."""
        if not self._objective.placements:
            raise ValueError("plan: built without a loss; received targets")
        xs, rows = self._inputs.take(x, checked=checked)
        if rows == 0:
            raise ValueError("plan: a loss is the mean over at least one row; received none")
        execution = self._executions.of(rows)
        self._objective.take(execution, targets, sample_weight)
        return execution, xs

    def _run_forward(
        self,
        execution: Execution,
        xs: list[np.ndarray],
        training: bool,
        step: int,
        skip: Collection[int] = (),
    ) -> None:
        self._pending = None
        execution.forward(xs, training, step, skip=skip, clock=self._clock())
        if training:
            self._pending = execution, step
        else:
            execution.release_inputs()

    def _run_backward(self, execution: Execution, step: int, skip: Collection[int] = ()) -> None:
        self._pending = None
        execution.backward(step, skip=skip, clock=self._clock())
        execution.release_inputs()
        gradients = execution.d_inputs
        self.dx = self._given(gradients) if any(dx is not None for dx in gradients) else None

    def _clock(self) -> Clock | None:
        return self._times.add if self.profile else None

    @staticmethod
    def _given(arrays: Sequence[Any]) -> Any:
        return arrays[0] if len(arrays) == 1 else list(arrays)
