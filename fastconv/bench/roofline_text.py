"""A roofline as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastconv.bench.roofline import Machine, Roofline, Row
from fastconv.utils.text import threads_in_words

_HEAD = (
    *("layer", "computes", "algorithm", "direction"),
    *("ms", "GFLOP/s", "GB/s", "FLOP/byte", "share of roofline"),
)
_WORDS = 4  # columns that hold words: to the left


def lines(found: Roofline) -> Iterator[str]:
    """The machine's limits, a line for each step, and the whole."""
    machine, seconds = found.machine, found.seconds
    yield (
        f"{threads_in_words(machine.threads)}: {machine.peak:.0f} GFLOP/s of "
        f"fused multiply-adds, {machine.bandwidth:.1f} GB/s; an operation is worth "
        f"{machine.peak / machine.bandwidth:.0f} to the byte where the two meet"
    )
    yield ""
    cells = [_cells(row, machine) for row in (*found.rows, found.total)]
    yield from aligned([_HEAD, *cells], _WORDS)
    yield ""
    yield (
        f"{found.batch_size} images in {1e3 * seconds:.1f} ms: "
        f"{found.batch_size / seconds:.0f} images/s"
    )


def _cells(row: Row, machine: Machine) -> tuple[str, ...]:
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
    """Columns as wide as their widest entry; the first `words` to the left, numbers to the right.

    Examples
    --------
    >>> print("\\n".join(aligned([("a", "n"), ("bcd", "12")], 1)))
    a     n
    -------
    bcd  12
    """
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [
            cell.ljust(width) if k < words else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
        if number == 0:
            yield "-" * (sum(widths) + 2 * (len(widths) - 1))
