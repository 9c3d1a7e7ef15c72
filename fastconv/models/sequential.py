"""A model that is a chain of layers."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from fastconv.layers.base import Layer
from fastconv.layers.input import Input, SymbolicTensor
from fastconv.models.model import Model
from fastconv.utils.arrays import Shape, as_shape
from fastconv.utils.random import check_seed, derive_seed

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.values import Value


class Sequential(Model):
    """Layers, one after the other.

    Parameters
    ----------
    layers : list
        `Input(shape)` first, then layers. Without `Input`, and without an `input_shape` in the
        first layer, the model is built when it sees data.
    name : str, optional
    seed : int, optional
        Everything random follows from it: weights, dropout, the order of samples. Default: from
        `fastconv.utils.set_random_seed`, or else from the operating system.

    Raises
    ------
    TypeError
        If an element is no layer.
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

    def __init__(
        self,
        layers: Iterable[Layer | SymbolicTensor] | None = None,
        name: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.layers = []
        super().__init__(name=name, **kwargs)
        self._seed = check_seed(seed, where="Sequential")
        if self.input_shape is not None:
            given, self.input_shape = self.input_shape, None
            self._begin(Input(given))
        for layer in layers or []:
            self.add(layer)

    def add(self, layer: Layer | SymbolicTensor) -> None:
        """Append a layer; if the input's shape is known, it is built at once."""
        if isinstance(layer, SymbolicTensor):
            self._begin(layer)
            return
        if not isinstance(layer, Layer):
            made = isinstance(layer, type) and issubclass(layer, Layer)
            hint = f" (write {layer.__name__}(...))" if made else ""
            raise TypeError(f"{self.name}: add takes a layer or Input; received {layer!r}{hint}")
        taken = {other.name for other in self.layers}
        if layer.given_name is None:
            layer.name = layer.given_name = _free_name(layer.name, taken)
        elif layer.name in taken:
            raise ValueError(
                f"{self.name}: the layers' names must differ; received {layer.name!r} twice"
            )
        if not self.layers and self.input_shape is None and layer.input_shape is not None:
            self._begin(Input(layer.input_shape))
        self.layers.append(layer)
        if self.input_shape is not None:
            try:
                self._build_chain(self.input_shape)
            except Exception:
                self.layers.pop()
                raise
        self.plans.forget()

    def pop(self) -> Layer:
        """Remove the last layer and return it."""
        if not self.layers:
            raise ValueError(f"{self.name}: pop needs a layer; received a model without layers")
        self.plans.forget()
        last = self.layers.pop()
        self.built = bool(self.layers) and self.built
        return last

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make every layer's parameters.

        Parameters
        ----------
        input_shape : tuple
            With or without the open batch axis: ``(None, 28, 28, 1)`` or ``(28, 28, 1)``.
        """
        if not self.layers:
            raise ValueError(f"{self.name}: a model needs a layer; received none")
        sizes = list(input_shape)
        shape = as_shape(sizes[1:] if sizes[:1] == [None] else sizes, "input_shape", where="build")
        self._build_chain(shape)
        self.input_shape = shape

    def emit(self, graph: Graph, x: Value) -> Value:
        if x.dtype == "uint8" and not (self.layers and self.layers[0].takes_uint8):
            x = graph.affine(x, 1.0, 0.0)
        for layer in self.layers:
            with graph.layer(layer.name):
                x = layer.emit(graph, x)
        return x

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return tuple(input_shape)

    @property
    def takes_uint8(self) -> bool:  # type: ignore[override]
        return True

    @property
    def uses_training(self) -> bool:  # type: ignore[override]
        return any(layer.uses_training for layer in self.layers)

    def _begin(self, first: SymbolicTensor) -> None:
        if self.layers or self.input_shape is not None:
            raise ValueError(f"{self.name}: Input must come first, and once; received {first!r}")
        self.input_shape, self.input_dtype = first.sample_shape, first.dtype

    def _build_chain(self, shape: Shape) -> None:
        for index, layer in enumerate(self.layers):
            layer.take_seed(derive_seed(self.seed, index))
            layer.ensure_built(shape)
            shape = layer.compute_output_shape(shape)
        self.name_parameters("")
        if not self._trainable:
            self.trainable = False
        self.built = bool(self.layers)

    def get_config(self) -> dict[str, Any]:
        from fastconv.models.registry import describe

        return {
            "name": self.name,
            "trainable": self.trainable,
            "seed": self.seed,
            "input_shape": self.input_shape,
            "input_dtype": self.input_dtype,
            "layers": [describe(layer) for layer in self.layers],
        }

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None
    ) -> Self:
        from fastconv.models.registry import make

        given = dict(config)
        layers = [make(layer, custom_objects) for layer in given.pop("layers", [])]
        shape, dtype = given.pop("input_shape", None), given.pop("input_dtype", None)
        begin = [] if shape is None else [Input(shape, dtype=dtype)]
        return cls([*begin, *layers], **given)


def _free_name(name: str, taken: set[str]) -> str:
    """`name`, or `name_1`, `name_2`, ... whichever is free."""
    numbered = (f"{name}_{number}" if number else name for number in itertools.count())
    return next(candidate for candidate in numbered if candidate not in taken)
