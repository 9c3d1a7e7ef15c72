"""A layer made of layers: how they are found, built, named, frozen and shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastconv.layers.base import Layer
from fastconv.layers.shape_inference import shapes_in
from fastconv.layers.weights import set_weights
from fastconv.models.endpoints import Endpoints
from fastconv.models.layer_names import unknown_name
from fastconv.plan.parameters import Parameter
from fastconv.utils.arrays import fits
from fastconv.utils.configured import checked_keywords
from fastconv.utils.structures import arrange


class Structure(Endpoints):
    """What a model is before anything is said of training."""

    layers: list[Layer]

    @property
    def as_saved(self) -> Layer:
        """What a file holds of it."""
        return self

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
            if isinstance(layer, Structure):
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
        raise unknown_name(self.name, name, names)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Write arrays of the right number and shapes into the parameters; all or none."""
        self.input  # noqa: B018 - a model that is not built says so
        set_weights(self.parameters, weights, where=self.name)

    @checked_keywords
    def summary(
        self,
        line_length: int | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print the layers, their outputs' shapes and their numbers of parameters, as Keras.

        A model that is no plain chain also says what each layer is connected to.

        Parameters
        ----------
        line_length : int, optional
            Default: as the texts need.
        print_fn : callable
            Called once, with the whole text, in place of `print`.
        expand_nested : bool
            Whether models within the model are shown with what is in them.
        show_trainable : bool
            Whether there is a column that says what is trained.
        layer_range : (str, str), optional
            The first and the last layer that are shown: names, or regular expressions for them.
        """
        from fastconv.models.summary import summary

        text = summary(
            self,
            line_length=line_length,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
            layer_range=layer_range,
        )
        (print_fn or print)(text)
