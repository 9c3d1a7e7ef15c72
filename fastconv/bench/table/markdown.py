"""The table as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastconv.bench.table.rows import Row
from fastconv.utils.text import duration


def lines(rows: Sequence[Row], images: str) -> Iterator[str]:
    """The table, and what it was measured on."""
    yield (
        "| Device | Program | Threads | Batch size | Time | Accuracy [%] | Images/s "
        "| Ratio to the i7 |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        accuracy = "–" if row.accuracy is None else f"{100 * row.accuracy:.2f}"
        threads = "" if row.threads is None else str(row.threads)
        mark = " *" if row.extrapolated else ""
        yield (
            f"| {row.device} | {row.program} | {threads} | {row.batch_size} | "
            f"{duration(row.seconds)}{mark} | {accuracy} | {row.images_per_second:,.0f} | "
            f"{row.ratio:.2f} |"
        )
    yield ""
    yield f"This machine's rows: {images}."
    yield (
        "Time: training and a test after every epoch. Accuracy: the best of these tests. Images/s: "
        "training alone. Ratio: images trained on in the whole time, against the i7's."
    )
    for row in rows:
        if row.extrapolated:
            yield f"\\* {row.program}: extrapolated from {row.measured} of {row.epochs} epochs."
