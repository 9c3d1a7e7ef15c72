"""The graph of a model: the calls of layers between symbolic inputs and outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv.layers.base import Layer
from fastconv.layers.input import InputLayer
from fastconv.layers.rollback import about_to_change
from fastconv.layers.shape_inference import sample_shapes
from fastconv.layers.symbolic import Call, SymbolicTensor
from fastconv.models.layer_names import free_name
from fastconv.models.tracing import shapes_through, trace
from fastconv.utils.random import derive_seed
from fastconv.utils.structures import each, leaves, rebuild

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class LayerGraph:
    """The calls of layers that lead from inputs to outputs: any acyclic graph.

    Attributes
    ----------
    input, output : SymbolicTensor, or a list or dictionary of them
    calls : list of Call
        In topological order.
    layers : list of Layer

    Raises
    ------
    TypeError
        If anything but symbolic tensors is given.
    ValueError
        If an output depends on an `Input` that is not given, or two layers have one name.
    """

    def __init__(self, inputs: Any, outputs: Any, *, name: str) -> None:
        self.name = name
        self.input, self.output = _checked(inputs, "inputs"), _checked(outputs, "outputs")
        self.calls, self.layers = trace(leaves(self.input), leaves(self.output), where=name)
        self._names: dict[Layer, str] = {}
        self._name_layers()

    def name_of(self, layer: Layer) -> str:
        """The layer's name in this graph."""
        return self._names[layer]

    def output_shape(self, input_shape: Any) -> Any:
        """The outputs' shapes for inputs of these shapes, without the batch axis."""
        return shapes_through(leaves(self.input), self.output, input_shape, where=self.name)

    def build_layers(self, seed: int) -> None:
        """Make the weights of all layers; those without a seed get one derived from `seed`."""
        for index, layer in enumerate(self.layers):
            if layer._seed is None:
                about_to_change(layer)
                layer.take_seed(derive_seed(seed, index))
            first = next(call for call in self.calls if call.layer is layer)
            layer.ensure_built(sample_shapes(first.inputs))

    def emit(self, graph: Graph, x: Any) -> Any:
        """Record every layer's primitives on the values `x`, and return the outputs' values."""
        found: dict[SymbolicTensor, Value] = dict(zip(leaves(self.input), leaves(x), strict=True))
        converted: dict[Value, Value] = {}

        def taken_by(call: Call | None, tensor: SymbolicTensor) -> Value:
            value = found[tensor]
            if value.dtype != "uint8" or (call is not None and call.layer.takes_uint8):
                return value
            if value not in converted:
                converted[value] = graph.affine(value, 1.0, 0.0)
            return converted[value]

        for call in self.calls:
            if isinstance(call.layer, InputLayer):
                continue
            given = [taken_by(call, tensor) for tensor in leaves(call.inputs)]
            with graph.layer(self._names[call.layer]), graph.inference(call.training is False):
                y = call.layer.emit(graph, rebuild(call.inputs, given))
            found.update(zip(leaves(call.outputs), leaves(y), strict=True))
        return each(lambda tensor: taken_by(None, tensor), self.output)

    def _name_layers(self) -> None:
        """Make the names unique in the graph: given names stay, others are numbered if needed."""
        given = [x.given_name for x in self.layers if x.given_name and not x.numbered]
        for name in given:
            if given.count(name) > 1:
                raise ValueError(
                    f"{self.name}: the layers' names must differ; received {name!r} twice"
                )
        taken = set(given)
        for layer in self.layers:
            if layer.given_name is None or layer.numbered:
                self._names[layer] = free_name(layer.name, taken)
                taken.add(self._names[layer])
                if layer.given_name is None:
                    about_to_change(layer)
                    layer.name = layer.given_name = self._names[layer]
                    layer.numbered = True
            else:
                self._names[layer] = layer.name


def begins_with(tensor: SymbolicTensor) -> bool:
    """Whether a tensor was returned by `Input`."""
    return isinstance(tensor.call.layer, InputLayer)


def _checked(given: Any, what: str) -> Any:
    found = leaves(given)
    if not found or any(not isinstance(tensor, SymbolicTensor) for tensor in found):
        raise TypeError(
            f"Model: {what} must be a symbolic tensor, or a list or dictionary of them; received "
            f"{given!r}"
        )
    if what == "inputs":
        if len(set(found)) < len(found):
            raise ValueError(f"Model: every input comes once; received {found}")
        for tensor in found:
            if not begins_with(tensor):
                raise ValueError(
                    f"Model: the inputs come from Input; received the output of {tensor.name!r}"
                )
    return rebuild(given, found)
