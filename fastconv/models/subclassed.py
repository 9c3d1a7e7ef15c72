"""Models whose class says in `call` how its layers are put together."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from fastconv.layers.base import Layer
from fastconv.layers.input import Input, SymbolicTensor
from fastconv.layers.symbolic import Call
from fastconv.models.composite import Structure
from fastconv.models.tracing import shapes_through, trace
from fastconv.utils.arrays import as_open_shape
from fastconv.utils.structures import arrange, each, leaves

if TYPE_CHECKING:
    from fastconv.models.functional import Functional
    from fastconv.plan.graph import Graph


class _Unknown:
    """What `call` is given as `training`: layers are handed it on, nobody can ask what it is."""

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "call: training is not known while the layers are put together; call every layer, with "
            "training=training or without: each of them knows what to do. Received a question "
            "whether it is true"
        )


_UNKNOWN = _Unknown()


class Called(Structure):
    """What a subclass of `Model` with ``call(self, inputs)`` gets from here.

    `call` is called once, on symbolic tensors, when the input's shape is known; the model is the
    graph that it returns. `call` may take `training`, and hand it on to its layers.
    """

    made_by_call = True
    """Whether the graph is what `call` makes."""

    def __init__(self, **kwargs: Any) -> None:
        self.layers: list[Layer] = []
        self._ends: tuple[Any, Any] | None = None
        self._graph: Functional | None = None
        super().__init__(**kwargs)

    def build(self, input_shape: Any) -> None:
        """Make the layers' parameters.

        Parameters
        ----------
        input_shape : tuple, or a list or dict of them
            With or without the open batch axis: ``(None, 28, 28, 1)`` or ``(28, 28, 1)``.
        """
        if not self.built:
            self.build_for(_each_shape(_without_batch, input_shape))

    def build_for(self, shape: Any) -> None:
        from fastconv.models.functional import Functional

        inputs, outputs = self._called(shape)
        self._graph = Functional(inputs, outputs, name=self.name, seed=self.seed)
        self.layers, self.built = self._graph.layers, True
        self.name_parameters("")
        if not self._trainable:
            self.trainable = False

    def _called(self, shape: Any) -> tuple[Any, Any]:
        """What goes into `call` and what comes out; no weights are drawn for it."""
        if self._ends is None:
            kind = type(self).__name__
            if not hasattr(self, "call"):
                raise TypeError(
                    f"{kind}: a subclass of Model must define call(self, inputs); received a class "
                    "without"
                )
            if hasattr(self, "train_step"):
                raise TypeError(
                    f"{kind}: a training step is a plan, made of the layers and the loss, and "
                    "cannot be replaced; received a class with train_step"
                )
            inputs = _each_shape(Input, shape)
            takes = "training" in inspect.signature(self.call).parameters
            outputs = self.call(inputs, training=_UNKNOWN) if takes else self.call(inputs)
            for call in trace(leaves(inputs), leaves(outputs), where=self.name)[0]:
                call.training = None if call.training is _UNKNOWN else call.training
            self._ends = inputs, outputs
        return self._ends

    def split_inputs(self, x: Any) -> tuple[list[Any], Any]:
        if self.built or not self.made_by_call:
            return super().split_inputs(x)
        inputs, _ = self._called(each(_shape_of, x))
        names = list(inputs) if isinstance(inputs, Mapping) else list(map(str, _places(inputs)))
        return arrange(x, names, where=self.name, what="the input"), inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        inputs, outputs = self._called(input_shape)
        return shapes_through(leaves(inputs), outputs, input_shape, where=self.name)

    @property
    def as_saved(self) -> Layer:
        return self._functional if self.made_by_call else self

    @property
    def _functional(self) -> Functional:
        """The model that `call` makes."""
        if self._graph is None:
            raise self.unbuilt()
        return self._graph

    @property
    def calls_inside(self) -> list[Call]:
        return self._functional.calls_inside

    @property
    def input(self) -> Any:
        return self._functional.input

    @property
    def output(self) -> Any:
        return self._functional.output

    def name_of(self, layer: Layer) -> str:
        return self._functional.name_of(layer) if self.made_by_call else super().name_of(layer)

    def emit(self, graph: Graph, x: Any) -> Any:
        return self._functional.emit(graph, x)


def _places(structure: Any) -> range:
    return range(1, 1 + len(leaves(structure)))


def _shape_of(x: Any) -> tuple[int | None, ...]:
    if isinstance(x, SymbolicTensor):
        return x.sample_shape
    return tuple(x.shape[1:])


def _each_shape(function: Any, shapes: Any) -> Any:
    """`function` of a shape, or of every shape of a list or dictionary."""
    if isinstance(shapes, Mapping):
        return {key: _each_shape(function, shape) for key, shape in shapes.items()}
    if isinstance(shapes, list) and shapes and isinstance(shapes[0], (list, tuple, Mapping)):
        return [_each_shape(function, shape) for shape in shapes]
    return function(shapes)


def _without_batch(shape: Any) -> Any:
    sizes = as_open_shape(shape, "input_shape", where="build")
    return sizes[1:] if sizes[:1] == (None,) else sizes
