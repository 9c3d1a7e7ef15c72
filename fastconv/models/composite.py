"""A layer made of layers: how these are connected, built, named, frozen and summarized."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_flag
from fastconv.layers.base import Layer
from fastconv.layers.rollback import about_to_change, rolled_back_by_error, unbuilt_by_error
from fastconv.layers.shape_inference import shapes_in
from fastconv.layers.symbolic import Call, SymbolicTensor
from fastconv.layers.weights import set_weights
from fastconv.models.files.functional_config import to_config
from fastconv.models.layer_graph import LayerGraph
from fastconv.models.layer_names import free_name, unknown_name
from fastconv.models.subclassed import (
    each_shape,
    provisional_names,
    shape_of,
    trace_call,
    without_batch,
)
from fastconv.models.summary import summary
from fastconv.models.tensor_spec import TensorSpec
from fastconv.plan.parameters import Parameter
from fastconv.utils.arrays import Shape, fits
from fastconv.utils.configured import checked_keywords, serialize
from fastconv.utils.structures import arrange, each, leaves

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph


class Composite(Layer):
    """A model without training: layers between inputs and outputs.

    It is connected once its layers were called on symbolic tensors of the input's shape, which
    determines its inputs and outputs. It is built once the layers also have their weights.

    `Functional` is connected by its constructor, `Sequential` by its `Input`; others, and a chain
    without `Input`, are connected by the first samples. The graph of a class that is neither of the
    two is made by its ``call(self, inputs)``.
    """

    layers_inside = True
    made_by_call = True
    """Whether the graph is made by `call`."""

    def __init__(self, **kwargs: Any) -> None:
        self.layers: list[Layer] = []
        self._graph: LayerGraph | None = None
        super().__init__(**kwargs)

    # Connecting and building.

    @property
    def is_connected(self) -> bool:
        """Whether the inputs and outputs are known."""
        return self._graph is not None

    def connect_layers(self, shape: Any) -> None:
        """Call the layers on symbolic tensors of this shape, unless connected; makes no weights.

        The shape leaves out the batch axis, and its sizes may be open.
        """
        if self._graph is None:
            with rolled_back_by_error():
                about_to_change(self)
                self._graph = trace_call(self, shape)

    def build_layers(self) -> None:
        """Make the layers' weights."""
        about_to_change(self)
        graph = self.layer_graph
        graph.build_layers(self.seed)
        self.layers, self.built = graph.layers, True
        self.name_parameters("")
        if not self._trainable:
            self.trainable = False

    def build(self, input_shape: Any) -> None:
        """Make the layers' parameters.

        Parameters
        ----------
        input_shape : tuple, or a list or dict of them
            With or without the open batch axis: ``(None, 28, 28, 1)`` or ``(28, 28, 1)``.
        """
        self.ensure_built(each_shape(without_batch, input_shape))

    def ensure_built(self, input_shape: Any) -> None:
        if not self.built:
            with unbuilt_by_error(self):
                self.connect_layers(input_shape)
                self.build_layers()

    def unbuilt(self) -> ValueError:
        """The error for a model whose input shape is not known yet."""
        return ValueError(
            f"{self.name}: the model must know its input's shape: begin it with Input(shape), or "
            "call build or fit; received none of them yet"
        )

    # The graph of layers, its inputs and its outputs.

    @property
    def layer_graph(self) -> LayerGraph:
        """The calls of the layers; raises ValueError if the model is not connected."""
        if self._graph is None:
            raise self.unbuilt()
        return self._graph

    @property
    def calls_inside(self) -> list[Call]:
        """The calls of the layers, in topological order."""
        return self.layer_graph.calls

    @property
    def input(self) -> Any:
        """The model's symbolic input, or a list or dictionary of them."""
        return self.layer_graph.input

    @property
    def output(self) -> Any:
        """The model's symbolic output, or a list or dictionary of them."""
        return self.layer_graph.output

    def name_of(self, layer: Layer) -> str:
        """The layer's name in this model."""
        return self.layer_graph.name_of(layer)

    def emit(self, graph: Graph, x: Any) -> Any:
        return self.layer_graph.emit(graph, x)

    def compute_output_shape(self, input_shape: Any) -> Any:
        self.connect_layers(input_shape)
        return self.layer_graph.output_shape(input_shape)

    def split_inputs(self, x: Any) -> tuple[list[Any], Any]:
        if not self.is_connected:
            self.connect_layers(each(shape_of, x))
        names = self.input_names if self.built else provisional_names(self.input)
        return arrange(x, names, where=self.name, what="the input"), self.input

    def check_shapes(self, shapes: Any) -> None:
        if not self.built:
            return
        for given, tensor in zip(shapes_in(shapes), self.inputs, strict=True):
            if not fits(given, tensor.sample_shape):
                raise ValueError(
                    f"{self.name}: the model's input {tensor.name!r} has the shape "
                    f"{tensor.shape}; received {(None, *given)}"
                )

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic inputs."""
        return leaves(self.input)

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic outputs."""
        return leaves(self.output)

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs, for dictionaries of arrays."""
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
        """The dtype of the only input, None if it accepts any."""
        dtype: str | None = _only([tensor.dtype for tensor in self.inputs], self.name, "input")
        return dtype

    @property
    def input_specs(self) -> list[TensorSpec]:
        """Names, shapes and dtypes of the inputs."""
        names = self.input_names
        return [
            TensorSpec(n, t.sample_shape, t.dtype) for n, t in zip(names, self.inputs, strict=True)
        ]

    @property
    def output_specs(self) -> list[TensorSpec]:
        """Names and shapes of the outputs."""
        pairs = zip(self.output_names, self.outputs, strict=True)
        return [TensorSpec(name, y.sample_shape) for name, y in pairs]

    def saved_form(self) -> dict[str, Any]:
        """The serialized form: the class's name and the configuration; a model whose graph is made
        by `call` is saved as a functional model."""
        if self.made_by_call:
            return {"class": "Functional", "config": to_config(self)}
        return serialize(self)

    # The layers and their weights.

    @property
    def takes_uint8(self) -> bool:  # type: ignore[override]
        return True

    @property
    def uses_training(self) -> bool:  # type: ignore[override]
        return any(layer.uses_training for layer in self.layers)

    @property
    def parameters(self) -> list[Parameter]:
        """Every parameter once, in the order of the layers."""
        self.ensure_built_as_called()
        return list(dict.fromkeys(p for layer in self.layers for p in layer.parameters))

    def named_parameters(self) -> dict[str, Parameter]:
        """Every parameter once, by its path in this model: ``block/conv2d/kernel``."""
        found: dict[str, Parameter] = {}
        seen: set[Parameter] = set()
        for layer in self.layers:
            if isinstance(layer, Composite):
                inside = layer.named_parameters()
            else:
                inside = {p.name.rpartition("/")[2]: p for p in layer.parameters}
            for path, parameter in inside.items():
                if parameter not in seen:
                    found[f"{self.name_of(layer)}/{path}"] = parameter
                    seen.add(parameter)
        return found

    def name_parameters(self, path: str) -> None:
        for layer in self.layers:
            name = self.name_of(layer)
            layer.name_parameters(f"{path}/{name}" if path else name)

    def take_seed(self, seed: int) -> None:
        if self._seed is None:  # else it was built from its own seed, which it keeps
            self._seed = seed

    @property
    def trainable(self) -> bool:
        """Whether training changes the parameters; setting it sets every layer's `trainable`."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = as_flag(value, "trainable", where=self.name)
        for layer in self.layers:
            layer.trainable = value

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its index.

        Raises
        ------
        ValueError
            If there is no such layer; the nearest name is proposed.
        """
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(
                    f"{self.name}: index must be below the number of layers, {len(self.layers)}; "
                    f"received {index}"
                )
            return self.layers[index]
        names = [self.name_of(layer) for layer in self.layers]
        if name in names:
            return self.layers[names.index(name)]
        raise unknown_name(self.name, name, names)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Copy arrays into the parameters, all or none; their number and shapes must match."""
        parameters = self.parameters
        if not self.built:
            raise self.unbuilt()
        set_weights(parameters, weights, where=self.name)

    @checked_keywords
    def summary(
        self,
        line_length: int | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print the layers, their output shapes and their numbers of parameters, as Keras does.

        A model that is not a plain chain also shows what each layer is connected to.

        Parameters
        ----------
        line_length : int, optional
            Default: as wide as the contents.
        print_fn : callable
            Called once, with the whole text, in place of `print`.
        expand_nested : bool
            Whether nested models are shown with their layers.
        show_trainable : bool
            Whether there is a column that shows which layers are trainable.
        layer_range : (str, str), optional
            The first and the last layer to show: names, or regular expressions for them.
        """
        text = summary(
            self,
            line_length=line_length,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
            layer_range=layer_range,
        )
        (print_fn or print)(text)


def _only(found: list[Any], name: str, what: str) -> Any:
    if len(found) != 1:
        raise ValueError(
            f"{name}: the question is for a model with one {what}; received a model with "
            f"{len(found)}"
        )
    return found[0]
