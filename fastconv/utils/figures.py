"""Figures drawn by matplotlib, where it is installed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from fastconv.utils.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width: float, height: float) -> Figure | None:
    """An empty figure of this size in inches; None if matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        return None
    return Figure(figsize=(width, height), layout="constrained")


def write_png(figure: Figure, path: Path) -> None:
    """Write a figure to a PNG file, atomically."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    write_atomically(path, [picture.getvalue()])
