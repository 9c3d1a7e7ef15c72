"""A layer made of layers: their shapes, parameters and names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastconv.layers.base import Layer
from fastconv.layers.weights import set_weights
from fastconv.models.ports import Port
from fastconv.plan.parameters import Parameter
from fastconv.utils.arrays import Shape


class Structure(Layer):
    """What a model is before anything is said of training."""

    layers: list[Layer]
    input_dtype: str | None = None

    @property
    def sample_shape(self) -> Shape:
        """The input's shape without the batch axis."""
        if not self.built or self.input_shape is None:
            raise ValueError(
                f"{self.name}: the model must know its input's shape: begin it with Input(shape), "
                "or call build or fit; received none of them yet"
            )
        return self.input_shape

    @property
    def output_sample_shape(self) -> Shape:
        """The output's shape without the batch axis."""
        return self.compute_output_shape(self.sample_shape)

    @property
    def input_ports(self) -> list[Port]:
        """Names, shapes and dtypes of what goes in."""
        return [Port("input", self.sample_shape, self.input_dtype)]

    @property
    def output_ports(self) -> list[Port]:
        """Names and shapes of what comes out."""
        return [Port(self.layers[-1].name, self.output_sample_shape)]

    @property
    def parameters(self) -> list[Parameter]:
        """Every parameter once, in the order of the layers."""
        return list(dict.fromkeys(p for layer in self.layers for p in layer.parameters))

    def name_parameters(self, path: str) -> None:
        for layer in self.layers:
            layer.name_parameters(f"{path}/{layer.name}" if path else layer.name)

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

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its place."""
        if index is not None:
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = ", ".join(layer.name for layer in self.layers)
        raise ValueError(f"{self.name}: the layers are {names}; received {name!r}")

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Write arrays of the right number and shapes into the parameters; all or none."""
        self.sample_shape  # noqa: B018 - a model that is not built says so
        set_weights(self.parameters, weights, where=self.name)

    def summary(self, print_fn: Callable[[str], Any] | None = None) -> None:
        """Print the layers, their outputs' shapes and their numbers of parameters, as Keras."""
        from fastconv.models.summary import summary

        (print_fn or print)(summary(self))
