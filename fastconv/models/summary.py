"""The table of a model's layers, as Keras prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv.layers.symbolic import Call
from fastconv.plan.parameters import Parameter
from fastconv.utils.structures import each, leaves

if TYPE_CHECKING:
    from fastconv.layers.base import Layer
    from fastconv.models.structure import Structure

_HEADS = ("Layer (type)", "Output Shape", "Param #")
_NUMBER = 2  # the column of numbers, aligned at the right


def summary(model: Structure, show_trainable: bool = False) -> str:
    """One line per layer: name and class, output's shape, number of parameters; then the totals.

    A graph that is no chain also shows from which layers each gets its input; the numbers behind a
    name say which call of that layer it was, and which of its outputs.
    """
    calls = model.calls_inside
    branching = not _is_chain(calls)
    heads = (*_HEADS, *(["Connected to"] if branching else []), *(["Trai…"] * show_trainable))
    rows = []
    for layer in model.layers:
        row = [f"{model.name_of(layer)} ({type(layer).__name__})", *_sizes(model, layer)]
        if branching:
            row.append(", ".join(_sources(model, calls, layer)) or "-")
        if show_trainable:
            row.append(("Y" if layer.trainable else "N") if layer.parameters else "-")
        rows.append(tuple(row))
    widths = [max(len(row[column]) for row in (heads, *rows)) + 2 for column in range(len(heads))]
    lines = [
        f'Model: "{model.name}"',
        _rule("┏┳┓", "━", widths),
        _row("┃", heads, widths),
        _rule("┡╇┩", "━", widths),
    ]
    for number, cells in enumerate(rows):
        if number:
            lines.append(_rule("├┼┤", "─", widths))
        lines.append(_row("│", cells, widths))
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


def _sources(model: Structure, calls: Sequence[Call], layer: Layer) -> list[str]:
    """What a layer reads: the names of layers, with the numbers of their call and their output."""
    found = []
    for x in (x for call in calls if call.layer is layer for x in leaves(call.inputs)):
        source = x.call.layer
        number = [call for call in calls if call.layer is source].index(x.call)
        found.append(f"{model.name_of(source)}[{number}][{x.index}]")
    return found


def _is_chain(calls: Sequence[Call]) -> bool:
    read = [x.call for call in calls for x in leaves(call.inputs)]
    layers = [call.layer for call in calls]
    return (
        all(len(leaves(call.inputs)) <= 1 for call in calls)
        and len(set(read)) == len(read)
        and len(set(layers)) == len(layers)
    )


def _sizes(model: Structure, layer: Layer) -> tuple[str, str]:
    """The output's shape, of every call if they differ, and the number of parameters."""
    if not model.built:
        return "?", "0 (unbuilt)"
    shapes = [_shown(c.outputs) for c in model.calls_inside if c.layer is layer]
    return ", ".join(dict.fromkeys(shapes)), f"{layer.count_params():,}"


def _shown(tensors: Any) -> str:
    shapes = each(lambda tensor: str(tensor.shape), tensors)
    return shapes if isinstance(shapes, str) else "[" + ", ".join(leaves(shapes)) + "]"


def _rule(corners: str, line: str, widths: Sequence[int]) -> str:
    return corners[0] + corners[1].join(line * width for width in widths) + corners[2]


def _row(edge: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        f" {cell:>{width - 2}} " if column == _NUMBER else f" {cell:<{width - 2}} "
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
