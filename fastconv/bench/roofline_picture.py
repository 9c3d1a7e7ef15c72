"""A roofline as a picture."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from fastconv.bench.roofline import Roofline, Row
from fastconv.utils.files import write_atomically
from fastconv.utils.text import threads_in_words

_MARKS = {"forward": ("o", "tab:blue"), "backward": ("s", "tab:orange")}


def write_picture(found: Roofline, path: Path, title: str) -> bool:
    """Draw the steps under the roof into a PNG; return False where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        return False
    machine = found.machine
    rows = [row for row in found.rows if row.flops]
    figure = Figure(figsize=(9, 5.5), layout="constrained")
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
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    write_atomically(path, [picture.getvalue()])
    return True


def _area(row: Row, found: Roofline) -> float:
    """Of a mark, in square points."""
    return 20 + 800 * row.seconds / found.seconds
