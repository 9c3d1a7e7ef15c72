"""A model's graph, and its weights as images, in TensorBoard's formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv.utils.structures import leaves

if TYPE_CHECKING:
    from fastconv.models.model import Model


def graph_event(model: Model) -> Any:
    """The event with a node for each call of a layer; nested models are groups of nodes."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.graph_pb2 import GraphDef

    graph = GraphDef()
    for name in model.input_names:
        graph.node.add(name=name, op="Input")
    _add_calls(graph, model, model.input_names, "")
    return Event(graph_def=graph.SerializeToString())


def _add_calls(graph: Any, model: Any, given: Sequence[str], path: str) -> list[str]:
    """Add the nodes of a model whose inputs are the nodes `given`; return those of its outputs."""
    node_of = dict(zip(model.inputs, given, strict=True))
    calls_of: Counter[Any] = Counter()
    for call in model.calls_inside:
        layer, outputs = call.layer, leaves(call.outputs)
        if all(y in node_of for y in outputs):  # an input
            continue
        name = f"{path}{model.name_of(layer)}" + f"_call_{calls_of[layer]}" * bool(calls_of[layer])
        calls_of[layer] += 1
        sources = [node_of[x] for x in leaves(call.inputs)]
        if layer.layers_inside:
            found = _add_calls(graph, layer, sources, f"{name}/")
        else:
            graph.node.add(name=name, op=type(layer).__name__, input=sources)
            found = [name] * len(outputs)
        node_of.update(zip(outputs, found, strict=True))
    return [node_of[y] for y in model.outputs]


def picture(weights: np.ndarray) -> np.ndarray | None:
    """A kernel as a gray image, 0 to 1, (rows, columns); None if it has fewer than two axes.

    Each plane of a convolution's kernel (height, width, in, out) is a tile; each input is a row of
    tiles.
    """
    if weights.ndim < 2:
        return None
    planes = weights.reshape((1,) * (4 - weights.ndim) + weights.shape)
    height, width, inputs, outputs = planes.shape
    rows = planes.transpose(2, 0, 3, 1).reshape(inputs * height, outputs * width)
    low, high = float(rows.min()), float(rows.max())
    shown: np.ndarray = (rows - low) / ((high - low) or 1.0)
    return shown
