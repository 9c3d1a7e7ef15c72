"""Models whose class defines the graph of layers in `call`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from fastconv.layers.input import Input
from fastconv.layers.symbolic import SymbolicTensor
from fastconv.models.layer_graph import LayerGraph
from fastconv.utils.arrays import as_open_shape
from fastconv.utils.structures import leaves

if TYPE_CHECKING:
    from fastconv.models.composite import Composite


class _Unknown:
    """A placeholder for `call`'s `training`: it can be passed on to layers, but not tested."""

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "call: training is not known while the layers are put together; call every layer, with "
            "training=training or without: each of them knows what to do. Received a question "
            "whether it is true"
        )


_UNKNOWN = _Unknown()


def trace_call(model: Composite, shape: Any) -> LayerGraph:
    """The graph that ``model.call(inputs)`` makes for inputs of this shape; draws no weights.

    `call` may take `training`, and pass it on to its layers.

    Raises
    ------
    TypeError
        If the class does not define `call`, or defines `train_step`.
    """
    kind = type(model).__name__
    if not hasattr(model, "call"):
        raise TypeError(
            f"{kind}: a subclass of Model must define call(self, inputs); received a class without"
        )
    if hasattr(model, "train_step"):
        raise TypeError(
            f"{kind}: a training step is a plan, made of the layers and the loss, and cannot be "
            "replaced; received a class with train_step"
        )
    inputs = each_shape(Input, shape)
    takes = "training" in inspect.signature(model.call).parameters
    outputs = model.call(inputs, training=_UNKNOWN) if takes else model.call(inputs)
    graph = LayerGraph(inputs, outputs, name=model.name)
    for call in graph.calls:
        call.training = None if call.training is _UNKNOWN else call.training
    return graph


def provisional_names(inputs: Any) -> list[str]:
    """The names of the inputs before the model is built: a dictionary's keys, or 1, 2, ..."""
    if isinstance(inputs, Mapping):
        return list(inputs)
    return [str(number) for number in range(1, 1 + len(leaves(inputs)))]


def shape_of(x: Any) -> tuple[int | None, ...]:
    """The shape of an array or a symbolic tensor without the batch axis."""
    if isinstance(x, SymbolicTensor):
        return x.sample_shape
    return tuple(x.shape[1:])


def each_shape(function: Any, shapes: Any) -> Any:
    """`function` applied to a shape, or to every shape of a list or dictionary."""
    if isinstance(shapes, Mapping):
        return {key: each_shape(function, shape) for key, shape in shapes.items()}
    if isinstance(shapes, list) and shapes and isinstance(shapes[0], (list, tuple, Mapping)):
        return [each_shape(function, shape) for shape in shapes]
    return function(shapes)


def without_batch(shape: Any) -> Any:
    """The user's shape without the batch axis, which is dropped if present and open."""
    sizes = as_open_shape(shape, "input_shape", where="build")
    return sizes[1:] if sizes[:1] == (None,) else sizes
