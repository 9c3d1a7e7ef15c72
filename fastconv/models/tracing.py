"""Tracing a model from its outputs back to its inputs: the calls in topological order, and shape
inference through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastconv.layers.base import Layer
from fastconv.layers.input import InputLayer
from fastconv.layers.shape_inference import output_shape, shapes_in
from fastconv.layers.symbolic import Call, SymbolicTensor
from fastconv.utils.structures import each, leaves, rebuild


def trace(
    inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor], *, where: str
) -> tuple[list[Call], list[Layer]]:
    """The calls in topological order, and the layers in Keras's order.

    Raises
    ------
    ValueError
        If an output depends on an `Input` that is not among the inputs.
    """
    known = set(inputs)
    calls: list[Call] = [tensor.call for tensor in inputs]
    done = set(calls)
    visited: dict[Layer, int] = {}  # the order in which the search first visits the layers
    for output in outputs:
        # A stack: each entry waits until the calls that it depends on, pushed above it, are done.
        waiting: list[tuple[Call, bool]] = [(output.call, False)]
        while waiting:
            call, ready = waiting.pop()
            visited.setdefault(call.layer, len(visited))
            if call in done:
                continue
            if ready:
                done.add(call)
                calls.append(call)
                continue
            if isinstance(call.layer, InputLayer):
                names = ", ".join(repr(tensor.name) for tensor in inputs)
                raise ValueError(
                    f"{where}: the graph is disconnected: the output of {output.name!r} depends on "
                    f"the input {call.layer.name!r}; received the inputs {names}"
                )
            waiting.append((call, True))
            waiting += [(x.call, False) for x in reversed(leaves(call.inputs)) if x not in known]
            for x in leaves(call.inputs):
                if x in known:
                    visited.setdefault(x.call.layer, len(visited))
    return calls, _in_order(calls, visited)


def shapes_through(
    inputs: Sequence[SymbolicTensor], outputs: Any, shapes: Any, *, where: str
) -> Any:
    """The shapes of `outputs`, in their structure, for inputs of these shapes."""
    found: dict[SymbolicTensor, Any] = dict(zip(inputs, shapes_in(shapes), strict=True))
    for call in trace(inputs, leaves(outputs), where=where)[0]:
        if isinstance(call.layer, InputLayer):
            continue
        given = [found[tensor] for tensor in leaves(call.inputs)]
        made = output_shape(call.layer, rebuild(call.inputs, given))
        found.update(zip(leaves(call.outputs), shapes_in(made), strict=True))
    return each(lambda tensor: found[tensor], outputs)


def _in_order(calls: Sequence[Call], visited: dict[Layer, int]) -> list[Layer]:
    """Layers by decreasing distance from the outputs, those of one distance as first visited."""
    of_call: dict[Call, int] = {}
    of_layer: dict[Layer, int] = {}
    for call in reversed(calls):
        distance = max(of_call.get(call, 0), of_layer.get(call.layer, 0))
        of_call[call] = of_layer[call.layer] = distance
        for x in leaves(call.inputs):
            of_call[x.call] = max(distance + 1, of_call.get(x.call, 0))
    return sorted(of_layer, key=lambda layer: (-of_layer[layer], visited.get(layer, -1)))
