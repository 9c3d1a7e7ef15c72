"""The table as a picture: test accuracy over wall time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from fastconv.bench.table.rows import Row
from fastconv.utils.files import write_atomically

# Seconds that a clock names in round numbers.
TICKS = [n * unit for unit in (1, 60) for n in (1, 2, 5, 10, 30)] + [3600 << i for i in range(8)]


def write_picture(rows: Sequence[Row], path: Path, title: str) -> bool:
    """Draw every run as a curve, published ones as points; False where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        return False
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    devices = {row.device for row in rows if row.curve}
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"{title}\n{next(iter(devices))}" if len(devices) == 1 else title)
    for row in rows:
        name = row.program if len(devices) == 1 else f"{row.program}, {row.device}"
        if row.curve:
            seconds, accuracies = zip(*row.curve, strict=True)
            percents = [100 * accuracy for accuracy in accuracies]
            axes.plot(seconds, percents, marker=".", markersize=4, label=name)
        elif row.accuracy is not None:
            axes.plot([row.seconds], [100 * row.accuracy], marker="*", markersize=12, linestyle="")
            axes.annotate(
                row.device,
                (row.seconds, 100 * row.accuracy),
                xytext=(-8, -14),
                textcoords="offset points",
                ha="right",
                fontsize=8,
            )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: _clock(seconds)))
    axes.set_xlabel("wall time, tests included")
    axes.set_ylabel("test accuracy [%]")
    axes.grid(alpha=0.3)
    if any(row.curve for row in rows):
        axes.legend(loc="lower right", fontsize=8)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    write_atomically(path, [picture.getvalue()])
    return True


def _clock(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:g} s"
    return f"{seconds / 60:g} min" if seconds < 3600 else f"{seconds / 3600:g} h"
