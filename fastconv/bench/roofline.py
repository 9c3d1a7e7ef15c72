"""Every layer of a network against the machine's roofline.

The roofline (Williams, Waterman, Patterson 2009): work of an arithmetic intensity of I operations
per byte runs at no more than the smaller of the arithmetic peak and I times the memory's bandwidth.
Winograd's method may exceed the peak, since its operations are counted as the direct method's;
steps whose data is still in the caches may exceed the bandwidth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from fastconv.bench.machine import Machine
from fastconv.kernels._threads import get_num_threads
from fastconv.kernels.peak import fma_peak, memory_bandwidth
from fastconv.models.model import Model
from fastconv.plan.costs import StepCost
from fastconv.utils.figures import new_figure, write_png
from fastconv.utils.text import threads_in_words

OPTIMIZER = "optimizer"


@dataclass(frozen=True)
class MeasuredStep(StepCost):
    """A step's cost with its median time, and the resulting rates; the optimizer is a step, too."""

    seconds: float

    @property
    def gflops(self) -> float:
        """Billions of operations per second."""
        return 1e-9 * self.flops / self.seconds

    @property
    def bandwidth(self) -> float:
        """GB/s."""
        return 1e-9 * self.nbytes / self.seconds

    @property
    def intensity(self) -> float:
        """Operations per byte."""
        return self.flops / self.nbytes

    def share(self, machine: Machine) -> float:
        """The roofline's time, as a share of the time taken."""
        by_arithmetic = 1e-9 * self.flops / machine.peak
        return max(by_arithmetic, 1e-9 * self.nbytes / machine.bandwidth) / self.seconds


@dataclass(frozen=True)
class Roofline:
    """The result of `measure`.

    Attributes
    ----------
    batch_size : int
    rows : list of MeasuredStep
        Forward steps, the loss, backward steps and the optimizer, in the order of a training step.
    seconds : float
        Median of a whole training step.
    """

    machine: Machine
    batch_size: int
    rows: list[MeasuredStep]
    seconds: float

    @property
    def total(self) -> MeasuredStep:
        """The whole step as one row."""
        flops, nbytes = (sum(getattr(row, name) for row in self.rows) for name in _COUNTS)
        return MeasuredStep("", "training step", "", "", flops, nbytes, self.seconds)

    def get_config(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


_COUNTS = ("flops", "nbytes")


def measure(
    model: Model, batch_size: int, classes: int, rounds: int = 5, steps: int = 4
) -> Roofline:
    """Train `model` on random pixels and labels for `rounds` times `steps` steps, and time them.

    The machine's limits are measured before each round; all results are medians.

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
    threads = get_num_threads()
    peaks, bandwidths, updates, totals = [], [], [], []
    with model.plans.training(batch_size, ((x.shape[1:], x.dtype.name),)) as plan:
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
    costs = (asdict(cost) for cost in plan.costs() if cost.seconds is not None)
    rows = [MeasuredStep(**cost) for cost in costs]
    rows.append(_update(model, median(updates)))
    return Roofline(
        Machine(threads, median(peaks), median(bandwidths)), batch_size, rows, median(totals)
    )


def _update(model: Model, seconds: float) -> MeasuredStep:
    """The optimizer's row: reads the gradients, reads and writes weights and slots."""
    weights = sum(p.size for p in model.parameters if p.trainable)
    arrays = 1 + 2 * (1 + len(model.optimizer.slot_names))
    name = type(model.optimizer).__name__
    return MeasuredStep("", name, "", OPTIMIZER, 0, 4 * arrays * weights, seconds)


_HEAD = (
    *("layer", "computes", "algorithm", "direction"),
    *("ms", "GFLOP/s", "GB/s", "FLOP/byte", "share of roofline"),
)
_TEXT_COLUMNS = 4  # the first columns hold text, aligned to the left


def table(found: Roofline) -> Iterator[str]:
    """The machine's limits, a line for each step, and the whole."""
    machine, seconds = found.machine, found.seconds
    yield (
        f"{threads_in_words(machine.threads)}: {machine.peak:.0f} GFLOP/s of "
        f"fused multiply-adds, {machine.bandwidth:.1f} GB/s; an operation is worth "
        f"{machine.peak / machine.bandwidth:.0f} to the byte where the two meet"
    )
    yield ""
    cells = [_cells(row, machine) for row in (*found.rows, found.total)]
    yield from aligned([_HEAD, *cells], _TEXT_COLUMNS)
    yield ""
    yield (
        f"{found.batch_size} images in {1e3 * seconds:.1f} ms: "
        f"{found.batch_size / seconds:.0f} images/s"
    )


def _cells(row: MeasuredStep, machine: Machine) -> tuple[str, ...]:
    arithmetic = bool(row.flops)
    return (
        row.layer,
        row.computes,
        row.algorithm,
        row.direction,
        f"{1e3 * row.seconds:.3f}",
        f"{row.gflops:.0f}" if arithmetic else "",
        f"{row.bandwidth:.1f}",
        f"{row.intensity:.1f}" if arithmetic else "",
        f"{100 * row.share(machine):.0f} %",
    )


def aligned(rows: Sequence[Sequence[str]], words: int) -> Iterator[str]:
    """Columns as wide as their widest entry; the first `words` left-aligned, the others right.

    Examples
    --------
    >>> print("\\n".join(aligned([("a", "n"), ("bcd", "12")], 1)))
    a     n
    -------
    bcd  12
    """
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for index, row in enumerate(rows):
        cells = [
            cell.ljust(width) if k < words else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
        if index == 0:
            yield "-" * (sum(widths) + 2 * (len(widths) - 1))


_MARKS = {"forward": ("o", "tab:blue"), "backward": ("s", "tab:orange")}


def write_picture(found: Roofline, path: Path, title: str) -> bool:
    """Draw the steps under the roof into a PNG; return False where matplotlib is missing."""
    figure = new_figure(9, 5.5)
    if figure is None:
        return False
    machine = found.machine
    rows = [row for row in found.rows if row.flops]
    axes = figure.subplots()
    axes.set_title(f"{title}, batch {found.batch_size}, {threads_in_words(machine.threads)}")
    meeting = machine.peak / machine.bandwidth
    reach = [meeting, *(row.intensity for row in rows)]
    x = np.geomspace(min(reach) / 3, max(reach) * 4, 200)
    axes.plot(x, np.minimum(machine.peak, x * machine.bandwidth), color="black", linewidth=1.5)
    axes.annotate(
        f"{machine.peak:.0f} GFLOP/s, {machine.bandwidth:.1f} GB/s",
        (meeting, machine.peak),
        xytext=(0, 6),
        textcoords="offset points",
    )
    for direction, (mark, color) in _MARKS.items():
        there = [row for row in rows if row.direction == direction]
        axes.scatter(
            [row.intensity for row in there],
            [row.gflops for row in there],
            s=[_area(row, found) for row in there],
            marker=mark,
            color=color,
            alpha=0.75,
            label=direction,
        )
        for row in there:
            place = (row.intensity, row.gflops)
            axes.annotate(row.layer, place, xytext=(7, -3), textcoords="offset points", fontsize=8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("arithmetic intensity [FLOP/byte]")
    axes.set_ylabel("GFLOP/s (direct convolution's operations)")
    axes.grid(alpha=0.3, which="both")
    axes.legend(title="area: share of the step's time", loc="lower right", markerscale=0.5)
    write_png(figure, path)
    return True


def _area(row: MeasuredStep, found: Roofline) -> float:
    """The area of a step's mark, in square points."""
    return 20 + 800 * row.seconds / found.seconds
