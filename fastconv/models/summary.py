"""The table of a model's layers, as Keras prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastconv.plan.parameters import Parameter

if TYPE_CHECKING:
    from fastconv.models.structure import Structure

_HEADS = ("Layer (type)", "Output Shape", "Param #")


def summary(model: Structure) -> str:
    """One line per layer: name and class, output's shape, number of parameters; then the totals."""
    shape = model.input_shape if model.built else None
    rows = []
    for layer in model.layers:
        title = f"{layer.name} ({type(layer).__name__})"
        if shape is None:
            rows.append((title, "?", "0 (unbuilt)"))
        else:
            shape = layer.compute_output_shape(shape)
            rows.append((title, str((None, *shape)), f"{layer.count_params():,}"))
    widths = [max(len(row[column]) for row in (_HEADS, *rows)) + 2 for column in range(len(_HEADS))]
    lines = [
        f'Model: "{model.name}"',
        _rule("┏┳┓", "━", widths),
        _row("┃", _HEADS, widths),
        _rule("┡╇┩", "━", widths),
    ]
    for number, row in enumerate(rows):
        if number:
            lines.append(_rule("├┼┤", "─", widths))
        lines.append(_row("│", row, widths))
    lines.append(_rule("└┴┘", "─", widths))
    parameters = model.parameters
    trainable = [p for p in parameters if p.trainable]
    fixed = [p for p in parameters if not p.trainable]
    lines += [
        f" Total params: {_size(parameters)}",
        f" Trainable params: {_size(trainable)}",
        f" Non-trainable params: {_size(fixed)}",
    ]
    return "\n".join(lines)


def _rule(corners: str, line: str, widths: Sequence[int]) -> str:
    return corners[0] + corners[1].join(line * width for width in widths) + corners[2]


def _row(edge: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    last = len(cells) - 1
    padded = [
        f" {cell:>{width - 2}} " if column == last else f" {cell:<{width - 2}} "
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return edge + edge.join(padded) + edge


def _size(parameters: Sequence[Parameter]) -> str:
    count = sum(p.size for p in parameters)
    size = float(4 * count)
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{count:,} ({size:.2f} {unit})"
        size /= 1024
    return f"{count:,} ({size:.2f} GB)"
