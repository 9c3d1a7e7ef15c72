"""Text tables with lines around their cells."""

from __future__ import annotations

from collections.abc import Sequence

from fastconv._arguments import as_int

_NUMBER = 2  # the column of numbers, aligned at the right


def fitted(widths: Sequence[int], line_length: int) -> list[int]:
    """The widths, increased or decreased until lines have this length; none below eight."""
    found, column = list(widths), 0
    goal = as_int(line_length, "line_length", where="summary") - len(found) - 1
    while sum(found) < goal:
        found[column % len(found)] += 1
        column += 1
    while sum(found) > goal and max(found) > 8:
        found[found.index(max(found))] -= 1
    return found


def rule(corners: str, line: str, widths: Sequence[int]) -> str:
    """A line across the table."""
    return corners[0] + corners[1].join(line * width for width in widths) + corners[2]


def row_of(edge: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    """The cells of a row; text that is wider than its column is truncated."""
    cut = [
        cell if len(cell) <= width - 2 else f"{cell[: width - 3]}…"
        for cell, width in zip(cells, widths, strict=True)
    ]
    padded = [
        f" {cell:>{width - 2}} " if column == _NUMBER else f" {cell:<{width - 2}} "
        for column, (cell, width) in enumerate(zip(cut, widths, strict=True))
    ]
    return edge + edge.join(padded) + edge
