"""A layer made of layers: its inputs and outputs, shapes, parameters and names."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from fastconv.layers.base import Layer
from fastconv.layers.calling import shapes_in
from fastconv.layers.input import InputLayer
from fastconv.layers.symbolic import Call, SymbolicTensor
from fastconv.layers.weights import set_weights
from fastconv.models.ports import Port
from fastconv.plan.parameters import Parameter
from fastconv.utils.arrays import Shape, fits
from fastconv.utils.structures import arrange, leaves


class Structure(Layer):
    """What a model is before anything is said of training."""

    layers: list[Layer]
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
    def takes_uint8(self) -> bool:  # type: ignore[override]
        return True

    @property
    def uses_training(self) -> bool:  # type: ignore[override]
        return any(layer.uses_training for layer in self.layers)

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
            if isinstance(layer, Structure):
                inside = layer.named_parameters()
            else:
                inside = {p.name.rpartition("/")[2]: p for p in layer.parameters}
            for path, parameter in inside.items():
                if parameter not in seen:
                    found[f"{self.name_of(layer)}/{path}"] = parameter
                    seen.add(parameter)
        return found

    def name_of(self, layer: Layer) -> str:
        """The layer's name in this model."""
        return layer.name

    def name_parameters(self, path: str) -> None:
        for layer in self.layers:
            name = self.name_of(layer)
            layer.name_parameters(f"{path}/{name}" if path else name)

    def ensure_built(self, input_shape: Any) -> None:
        if not self.built:
            self.build_for(input_shape)

    def build_for(self, shape: Any) -> None:
        """Build for inputs of this shape (without the batch axis; sizes may be open)."""

    def split_inputs(self, x: Any) -> tuple[list[Any], Any]:
        if not self.built:
            return super().split_inputs(x)
        return arrange(x, self.input_names, where=self.name, what="the input"), self.input

    def check_shapes(self, shapes: Any) -> None:
        if not self.built:
            return
        for given, tensor in zip(shapes_in(shapes), self.inputs, strict=True):
            if not fits(given, tensor.sample_shape):
                raise ValueError(
                    f"{self.name}: the model's input {tensor.name!r} has the shape "
                    f"{tensor.shape}; received {(None, *given)}"
                )

    def take_seed(self, seed: int) -> None:
        if self._seed is None:  # else it was built from a seed of its own, and goes on with it
            self._seed = seed

    @property
    def trainable(self) -> bool:
        """Whether training changes the parameters; setting it sets it for every layer."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self.layers:
            layer.trainable = value

    @property
    def weights(self) -> list[Parameter]:
        """Every parameter once, in the order of the layers."""
        return self.parameters

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The parameters that training changes."""
        return [p for p in self.parameters if p.trainable]

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """The parameters that training leaves alone."""
        return [p for p in self.parameters if not p.trainable]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its place.

        Raises
        ------
        ValueError
            If there is no such layer; with the nearest name.
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
        near = difflib.get_close_matches(str(name), names, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"{self.name}: the layers are {', '.join(names)}; received {name!r}{hint}")

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Write arrays of the right number and shapes into the parameters; all or none."""
        self.input  # noqa: B018 - a model that is not built says so
        set_weights(self.parameters, weights, where=self.name)

    def summary(
        self, print_fn: Callable[[str], Any] | None = None, show_trainable: bool = False
    ) -> None:
        """Print the layers, their outputs' shapes and their numbers of parameters, as Keras.

        A model that is no plain chain also says what each layer is connected to.
        """
        from fastconv.models.summary import summary

        (print_fn or print)(summary(self, show_trainable))

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


def free_name(name: str, taken: set[str]) -> str:
    """`name`, or `name_1`, `name_2`, ... whichever is free."""
    numbered = (f"{name}_{number}" if number else name for number in itertools.count())
    return next(candidate for candidate in numbered if candidate not in taken)
