"""Every layer of a network against what the machine can do at most.

The roofline (Williams, Waterman, Patterson 2009): work of an arithmetic intensity of I operations a
byte runs at no more than the smaller of the arithmetic peak and I times the memory's bandwidth.
Winograd's method may pass the peak, since its operations are counted as the direct method's; what
still lies in the caches may pass the bandwidth.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from fastconv.kernels._threads import get_num_threads
from fastconv.kernels.peak import fma_peak, memory_bandwidth
from fastconv.models.model import Model

OPTIMIZER = "optimizer"


@dataclass(frozen=True)
class Machine:
    """The machine's limits: GFLOP/s of fused multiply-adds, GB/s to and from memory."""

    threads: int
    peak: float
    bandwidth: float


@dataclass(frozen=True)
class Row:
    """One direction of one fused step on a full batch.

    Attributes
    ----------
    layer, computes, algorithm, direction : str
    flops, nbytes : int
        As in `fastconv.plan.costs.StepCost`.
    seconds : float
        Median.
    """

    layer: str
    computes: str
    algorithm: str
    direction: str
    flops: int
    nbytes: int
    seconds: float

    @property
    def gflops(self) -> float:
        """Billions of operations a second."""
        return 1e-9 * self.flops / self.seconds

    @property
    def bandwidth(self) -> float:
        """GB/s."""
        return 1e-9 * self.nbytes / self.seconds

    @property
    def intensity(self) -> float:
        """Operations a byte."""
        return self.flops / self.nbytes

    def share(self, machine: Machine) -> float:
        """The least time that the machine allows, as a share of the time taken."""
        by_arithmetic = 1e-9 * self.flops / machine.peak
        return max(by_arithmetic, 1e-9 * self.nbytes / machine.bandwidth) / self.seconds


@dataclass(frozen=True)
class Roofline:
    """What `measure` found.

    Attributes
    ----------
    batch_size : int
    rows : list of Row
        Forward steps, the loss, backward steps and the optimizer, in the order of a training step.
    seconds : float
        Median of a whole training step.
    """

    machine: Machine
    batch_size: int
    rows: list[Row]
    seconds: float

    @property
    def total(self) -> Row:
        """The whole step as one row."""
        flops, nbytes = (sum(getattr(row, name) for row in self.rows) for name in _COUNTS)
        return Row("", "training step", "", "", flops, nbytes, self.seconds)

    def get_config(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


_COUNTS = ("flops", "nbytes")


def measure(
    model: Model, batch_size: int, classes: int, rounds: int = 5, steps: int = 4
) -> Roofline:
    """Train `model` on random pixels and labels, `rounds` times `steps` steps, step by step.

    The machine's limits are measured between the rounds, and the medians count.

    Parameters
    ----------
    model : Model
        Compiled for integer labels. Its weights change.
    batch_size, classes : int
    """
    random = np.random.default_rng(21)
    x = random.integers(0, 256, (batch_size, *model.sample_shape), dtype=np.uint8)
    y = random.integers(0, classes, batch_size)
    optimizer = model.optimizer
    model.train_on_batch(x, y)  # makes the plan, touches its memory
    plan = model.plans.training(batch_size, ((x.shape[1:], x.dtype.name),))
    threads = get_num_threads()
    peaks, bandwidths, updates, totals = [], [], [], []
    for _ in range(rounds):
        peaks.append(fma_peak(threads))
        bandwidths.append(memory_bandwidth(threads))
        plan.train_step(x, y, step=optimizer.iterations)  # warm again
        plan.profile = True
        for _ in range(steps):
            start = perf_counter()
            plan.train_step(x, y, step=optimizer.iterations)
            middle = perf_counter()
            optimizer.apply()
            end = perf_counter()
            updates.append(end - middle)
            totals.append(end - start)
        plan.profile = False
    rows = [
        Row(
            cost.layer, cost.computes, cost.algorithm, cost.direction, cost.flops, cost.nbytes,
            cost.seconds,
        )
        for cost in plan.costs()
        if cost.seconds is not None
    ]  # fmt: skip
    rows.append(_update(model, median(updates)))
    return Roofline(
        Machine(threads, median(peaks), median(bandwidths)), batch_size, rows, median(totals)
    )


def _update(model: Model, seconds: float) -> Row:
    """The optimizer: reads the gradients, changes the weights and its slots."""
    weights = sum(p.size for p in model.parameters if p.trainable)
    arrays = 1 + 2 * (1 + len(model.optimizer.slot_names))
    name = type(model.optimizer).__name__
    return Row("", name, "", OPTIMIZER, 0, 4 * arrays * weights, seconds)
