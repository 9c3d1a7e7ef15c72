"""A picture of a run's history."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from fastconv.utils.files import write_atomically

if TYPE_CHECKING:
    from fastconv.callbacks import History


def write_curves(history: History, path: Path, title: str) -> bool:
    """Draw loss and accuracy by epoch into a PNG; return False where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        return False
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    figure.suptitle(title)
    epochs = [number + 1 for number in history.epoch]
    for axes, name, scale in zip(
        figure.subplots(1, 2), ("loss", "accuracy"), (1.0, 100.0), strict=True
    ):
        for key, label in ((name, "training"), (f"val_{name}", "test")):
            values = [scale * value for value in history.history[key]]
            axes.plot(epochs, values, marker="." if len(epochs) < 40 else "", label=label)
        axes.set_xlabel("epoch")
        axes.set_ylabel("accuracy [%]" if name == "accuracy" else name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    write_atomically(path, [picture.getvalue()])
    return True
