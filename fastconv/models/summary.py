"""The table of a model's layers, as Keras prints it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from fastconv._arguments import items_of
from fastconv.layers.symbolic import Call
from fastconv.models.layer_names import unknown_name
from fastconv.models.text_table import fitted, row_of, rule
from fastconv.plan.parameters import Parameter
from fastconv.utils.structures import each, leaves

if TYPE_CHECKING:
    from fastconv.layers.base import Layer
    from fastconv.models.composite import Composite

_HEADS = ("Layer (type)", "Output Shape", "Param #")


def summary(
    model: Composite,
    *,
    line_length: int | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> str:
    """One line per layer: name and class, output shape, number of parameters; then the totals.

    A graph that is not a chain also shows the layers whose outputs each one reads; the indices
    after a name are those of that layer's call and of the call's output.
    """
    branching = not _is_chain(model, expand_nested)
    heads = (*_HEADS, *(["Connected to"] if branching else []), *(["Trai…"] * show_trainable))
    rows: list[tuple[str, ...]] = []
    for layer in _chosen(model, layer_range):
        rows += _rows(model, layer, branching, show_trainable, expand_nested, "")
    widths = [max(len(row[column]) for row in (heads, *rows)) + 2 for column in range(len(heads))]
    if line_length is not None:
        widths = fitted(widths, line_length)
    lines = [
        f'Model: "{model.name}"',
        rule("┏┳┓", "━", widths),
        row_of("┃", heads, widths),
        rule("┡╇┩", "━", widths),
    ]
    for number, cells in enumerate(rows):
        if number:
            lines.append(rule("├┼┤", "─", widths))
        lines.append(row_of("│", cells, widths))
    lines.append(rule("└┴┘", "─", widths))
    parameters = model.parameters
    trainable = [p for p in parameters if p.trainable]
    fixed = [p for p in parameters if not p.trainable]
    lines += [
        f" Total params: {_size(parameters)}",
        f" Trainable params: {_size(trainable)}",
        f" Non-trainable params: {_size(fixed)}",
    ]
    return "\n".join(lines)


def _rows(
    model: Composite, layer: Layer, branching: bool, trainable: bool, expand: bool, before: str
) -> list[tuple[str, ...]]:
    """The row of a layer, and those of the layers inside it."""
    row = [f"{before}{model.name_of(layer)} ({type(layer).__name__})", *_sizes(model, layer)]
    if branching:
        row.append(", ".join(_sources(model, model.calls_inside, layer)) or "-")
    if trainable:
        row.append(("Y" if layer.trainable else "N") if layer.parameters else "-")
    rows = [tuple(row)]
    if expand and layer.layers_inside:
        nested = cast("Composite", layer)
        for inside in nested.layers:
            deeper = f"{before.replace('└ ', '')}  └ "
            rows += _rows(nested, inside, branching, trainable, expand, deeper)
    return rows


def _chosen(model: Composite, layer_range: Sequence[str] | None) -> Sequence[Layer]:
    """The layers from the first one whose name matches the first pattern to the last one whose name
    matches the second."""
    if layer_range is None:
        return model.layers
    given = items_of(layer_range)
    if given is None or len(given) != 2 or not all(isinstance(name, str) for name in given):
        raise ValueError(
            "summary: layer_range must be the names (or patterns of names) of two layers; received "
            f"{layer_range!r}"
        )
    names = [model.name_of(layer) for layer in model.layers]
    found = [[k for k, name in enumerate(names) if re.match(pattern, name)] for pattern in given]
    for pattern, indices in zip(given, found, strict=True):
        if not indices:
            raise unknown_name("summary: layer_range", pattern, names)
    return model.layers[found[0][0] : found[1][-1] + 1]


def _sources(model: Composite, calls: Sequence[Call], layer: Layer) -> list[str]:
    """The inputs of a layer: names of layers, with the indices of the call and its output."""
    found = []
    for x in (x for call in calls if call.layer is layer for x in leaves(call.inputs)):
        source = x.call.layer
        index = [call for call in calls if call.layer is source].index(x.call)
        found.append(f"{model.name_of(source)}[{index}][{x.index}]")
    return found


def _is_chain(model: Composite, expand: bool) -> bool:
    """Whether every layer reads the one before it; with `expand`, also in nested models."""
    calls = model.calls_inside
    inside = [layer for layer in model.layers if expand and layer.layers_inside]
    if not all(_is_chain(cast("Composite", layer), expand) for layer in inside):
        return False
    read = [x.call for call in calls for x in leaves(call.inputs)]
    layers = [call.layer for call in calls]
    return (
        all(len(leaves(call.inputs)) <= 1 for call in calls)
        and len(set(read)) == len(read)
        and len(set(layers)) == len(layers)
    )


def _sizes(model: Composite, layer: Layer) -> tuple[str, str]:
    """The output shape, that of every call if they differ, and the number of parameters."""
    if not model.built:
        return "?", "0 (unbuilt)"
    shapes = [_shown(c.outputs) for c in model.calls_inside if c.layer is layer]
    return ", ".join(dict.fromkeys(shapes)), f"{layer.count_params():,}"


def _shown(tensors: Any) -> str:
    shapes = each(lambda tensor: str(tensor.shape), tensors)
    return shapes if isinstance(shapes, str) else "[" + ", ".join(leaves(shapes)) + "]"


def _size(parameters: Sequence[Parameter]) -> str:
    count = sum(p.size for p in parameters)
    size = float(4 * count)
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{count:,} ({size:.2f} {unit})"
        size /= 1024
    return f"{count:,} ({size:.2f} GB)"
