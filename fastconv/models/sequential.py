"""Models that are chains of layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from fastconv.layers.base import Layer
from fastconv.layers.input import Input, InputLayer, SymbolicTensor
from fastconv.layers.rollback import about_to_change, rolled_back_by_error
from fastconv.layers.shape_inference import output_shape
from fastconv.layers.symbolic import Call
from fastconv.models.composite import Composite
from fastconv.models.files.registry import describe, make, register_model
from fastconv.models.layer_graph import begins_with
from fastconv.models.layer_names import free_name
from fastconv.models.model import Model
from fastconv.models.subclassed import without_batch
from fastconv.utils.arrays import OpenShape
from fastconv.utils.random import check_seed, derive_seed

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


@register_model
class Sequential(Model):
    """A chain of layers.

    Parameters
    ----------
    layers : list
        `Input(shape)` first, then layers. Without `Input`, and without an `input_shape` of the
        first layer, the model is built for its first samples.
    name : str, optional
    seed : int, optional
        All randomness is derived from it: weights, dropout, the order of samples. Default: drawn
        from `fastconv.utils.set_random_seed`'s seed, or else from the operating system.

    Raises
    ------
    TypeError
        If an element is not a layer.
    ValueError
        If a layer cannot follow the one before it, or two have one name.

    Examples
    --------
    >>> from fastconv.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
    >>> model = Sequential(
    ...     [
    ...         Input((28, 28, 1)),
    ...         Conv2D(32, 3, activation="relu"),
    ...         MaxPooling2D(),
    ...         Flatten(),
    ...         Dense(10, activation="softmax"),
    ...     ],
    ...     seed=21,
    ... )
    >>> model.count_params()
    54410
    """

    made_by_call = False

    def __init__(
        self,
        layers: Iterable[Layer | SymbolicTensor] | None = None,
        name: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        self._tensors: list[SymbolicTensor] = []
        super().__init__(name=name, **kwargs)
        self._seed = check_seed(seed, where="Sequential")
        if self.given_input_shape is not None:
            self._begin(Input(self.given_input_shape))
        for layer in layers or []:
            self.add(layer)

    def add(self, layer: Layer | SymbolicTensor) -> None:
        """Append a layer; if the input's shape is known, it is built at once."""
        if isinstance(layer, InputLayer):
            layer = layer.output
        if isinstance(layer, SymbolicTensor):
            self._begin(layer)
            return
        if not isinstance(layer, Layer):
            made = isinstance(layer, type) and issubclass(layer, Layer)
            hint = f" (write {layer.__name__}(...))" if made else ""
            raise TypeError(f"{self.name}: add takes a layer or Input; received {layer!r}{hint}")
        with rolled_back_by_error():
            about_to_change(self)
            about_to_change(layer)
            self._append(layer)
        self.plans.forget()

    def pop(self) -> Layer:
        """Remove the last layer and return it."""
        if not self.layers:
            raise ValueError(f"{self.name}: pop needs a layer; received a model without layers")
        self.plans.forget()
        about_to_change(self)
        last = self.layers.pop()
        self._forget(len(self.layers) + 1)
        self.built = bool(self.layers) and self.built
        return last

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make every layer's parameters.

        Parameters
        ----------
        input_shape : tuple
            With or without the open batch axis: ``(None, 28, 28, 1)`` or ``(28, 28, 1)``.
        """
        self.ensure_built(without_batch(input_shape))

    def emit(self, graph: Graph, x: Value) -> Value:
        if x.dtype == "uint8" and not (self.layers and self.layers[0].takes_uint8):
            x = graph.affine(x, 1.0, 0.0)
        for layer in self.layers:
            with graph.layer(layer.name):
                x = layer.emit(graph, x)
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        for layer in self.layers:
            input_shape = output_shape(layer, input_shape)
        return input_shape

    @property
    def is_connected(self) -> bool:
        return bool(self._tensors and self.layers)

    def connect_layers(self, shape: OpenShape) -> None:
        if not self.layers:
            raise ValueError(f"{self.name}: a model needs a layer; received none")
        if not self._tensors:
            with rolled_back_by_error():
                about_to_change(self)
                self._tensors = [Input(shape)]
                self._call_layers()

    def build_layers(self) -> None:
        about_to_change(self)
        for index, (layer, x) in enumerate(zip(self.layers, self._tensors, strict=False)):
            if not layer.built:
                about_to_change(layer)
            layer.take_seed(derive_seed(self.seed, index))
            layer.ensure_built(x.sample_shape)
        self.name_parameters("")
        if not self._trainable:
            self.trainable = False
        self.built = bool(self.layers)

    def name_of(self, layer: Layer) -> str:
        return layer.name

    def split_inputs(self, x: Any) -> tuple[list[Any], Any]:
        if not self.built:
            return [x], None
        return super().split_inputs(x)

    @property
    def calls_inside(self) -> list[Call]:
        return [tensor.call for tensor in self._tensors[1:]]

    @property
    def input(self) -> SymbolicTensor:
        """The model's symbolic input."""
        if not self._tensors:
            raise self.unbuilt()
        return self._tensors[0]

    @property
    def output(self) -> SymbolicTensor:
        """The model's symbolic output."""
        if not self._tensors or not self.layers:
            raise self.unbuilt()
        return self._tensors[-1]

    def _begin(self, first: SymbolicTensor) -> None:
        if self.layers or self._tensors or not begins_with(first):
            raise ValueError(f"{self.name}: Input must come first, and once; received {first!r}")
        self._tensors = [first]

    def _begin_at(self, first: Layer) -> None:
        """Begin at the first layer, if its input shape is known."""
        if first.given_input_shape is not None:
            self._begin(Input(first.given_input_shape))
        elif isinstance(first, Composite) and first.built:
            self._begin(Input(first.sample_shape, dtype=first.input_dtype))

    def _append(self, layer: Layer) -> None:
        taken = {other.name for other in self.layers}
        if layer.given_name is None:
            layer.name = layer.given_name = free_name(layer.name, taken)
            layer.numbered = True
        elif layer.name in taken:
            raise ValueError(
                f"{self.name}: the layers' names must differ; received {layer.name!r} twice"
            )
        if not self.layers and not self._tensors:
            self._begin_at(layer)
        self.layers.append(layer)
        if self._tensors:
            self._call_layers()
            self.build_layers()

    def _call_layers(self) -> None:
        """Call the layers that were not called yet, in order."""
        for layer in self.layers[len(self._tensors) - 1 :]:
            self._tensors.append(layer(self._tensors[-1]))

    def _forget(self, count: int) -> None:
        """Undo all calls but those that led to the first `count` tensors."""
        while len(self._tensors) > count:
            call = self._tensors.pop().call
            call.layer.calls.remove(call)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "trainable": self.trainable,
            "seed": self.seed,
            "input_shape": self._tensors[0].sample_shape if self._tensors else None,
            "input_dtype": self._tensors[0].dtype if self._tensors else None,
            "layers": [describe(layer) for layer in self.layers],
        }

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None
    ) -> Self:
        given = dict(config)
        layers = [make(layer, custom_objects) for layer in given.pop("layers", [])]
        shape, dtype = given.pop("input_shape", None), given.pop("input_dtype", None)
        begin = [] if shape is None else [Input(shape, dtype=dtype)]
        return cls([*begin, *layers], **given)
