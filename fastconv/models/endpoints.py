"""A model's two ends: the tensors at which it begins and ends, their names and shapes."""

from __future__ import annotations

from typing import Any

from fastconv.layers.base import Layer
from fastconv.layers.input import InputLayer
from fastconv.layers.symbolic import Call, SymbolicTensor
from fastconv.models.layer_names import free_name
from fastconv.models.tensor_spec import Port
from fastconv.utils.arrays import Shape
from fastconv.utils.structures import leaves


class Endpoints(Layer):
    """A layer made of layers that knows its symbolic `input` and `output`."""

    layers_inside = True

    @property
    def calls_inside(self) -> list[Call]:
        """The calls of the layers, in an order in which they can be computed."""
        return []

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic tensors at which the model begins."""
        return leaves(self.input)

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic tensors at which the model ends."""
        return leaves(self.output)

    @property
    def input_names(self) -> list[str]:
        """The names by which a dictionary of arrays is matched with the inputs."""
        given = self.input
        if isinstance(given, dict):
            return list(given)
        return [self.name_of(tensor.call.layer) for tensor in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs, for dictionaries of targets, losses and metrics."""
        given = self.output
        if isinstance(given, dict):
            return list(given)
        names: list[str] = []
        for tensor in self.outputs:  # two may come from one layer
            names.append(free_name(self.name_of(tensor.call.layer), set(names)))
        return names

    @property
    def sample_shapes(self) -> list[Any]:
        """Every input's shape without the batch axis."""
        return [tensor.sample_shape for tensor in self.inputs]

    @property
    def sample_shape(self) -> Shape:
        """The only input's shape without the batch axis."""
        shape: Shape = _only(self.sample_shapes, self.name, "input")
        return shape

    @property
    def output_sample_shapes(self) -> list[Any]:
        """Every output's shape without the batch axis."""
        return [tensor.sample_shape for tensor in self.outputs]

    @property
    def output_sample_shape(self) -> Shape:
        """The only output's shape without the batch axis."""
        shape: Shape = _only(self.output_sample_shapes, self.name, "output")
        return shape

    @property
    def input_dtype(self) -> str | None:
        """The type of the only input, None if it takes any."""
        dtype: str | None = _only([tensor.dtype for tensor in self.inputs], self.name, "input")
        return dtype

    @property
    def input_ports(self) -> list[Port]:
        """Names, shapes and types of what goes in."""
        names = self.input_names
        return [Port(n, t.sample_shape, t.dtype) for n, t in zip(names, self.inputs, strict=True)]

    @property
    def output_ports(self) -> list[Port]:
        """Names and shapes of what comes out."""
        names = self.output_names
        return [Port(n, t.sample_shape) for n, t in zip(names, self.outputs, strict=True)]

    def name_of(self, layer: Layer) -> str:
        """The layer's name in this model."""
        return layer.name

    def unbuilt(self) -> ValueError:
        """The error of a model that does not know its input yet."""
        return ValueError(
            f"{self.name}: the model must know its input's shape: begin it with Input(shape), or "
            "call build or fit; received none of them yet"
        )


def begins_with(tensor: SymbolicTensor) -> bool:
    """Whether a tensor comes from `Input` itself."""
    return isinstance(tensor.call.layer, InputLayer)


def _only(found: list[Any], name: str, what: str) -> Any:
    if len(found) != 1:
        raise ValueError(
            f"{name}: the question is for a model with one {what}; received a model with "
            f"{len(found)}"
        )
    return found[0]
