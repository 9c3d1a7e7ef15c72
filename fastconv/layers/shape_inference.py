"""Layers called on symbolic tensors: shape inference and recording of the call."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from fastconv._arguments import is_whole
from fastconv.layers.rollback import about_to_change
from fastconv.layers.symbolic import Call, SymbolicTensor
from fastconv.utils.structures import each, leaves, rebuild

if TYPE_CHECKING:
    from fastconv.layers.base import Layer

# The sizes that stand in for open ones during shape inference, by axis. There are two sets, more
# than a factor of two apart: a size of the output is open if they give different results. Powers
# of two, plus multiples of smaller ones, so that the strides of usual networks keep them distinct.
_SMALL = tuple(2**12 + 2**9 * axis for axis in range(8))
_LARGE = tuple(2**14 + 2**10 * axis for axis in range(8))


def record_call(layer: Layer, x: Any, training: bool | None) -> Any:
    """The symbolic output of ``layer(x)``; the call is recorded in ``layer.calls``.

    Raises
    ------
    TypeError, ValueError
        If the layer does not accept tensors of these shapes; the message names the layer.
    """
    for leaf in leaves(x):
        if not isinstance(leaf, SymbolicTensor):
            raise TypeError(
                f"{layer.name}: either all inputs are symbolic tensors or none is; received "
                f"{type(leaf).__name__}"
            )
    if isinstance(x, (list, tuple, dict)) and not (layer.several_inputs or layer.layers_inside):
        raise ValueError(
            f"{layer.name}: takes one tensor; received a {type(x).__name__} of {len(x)} (a layer "
            "of several inputs says so by several_inputs = True)"
        )
    tensors, structure = layer.split_inputs(x)
    x = rebuild(structure, tensors)
    shapes = sample_shapes(x)
    layer.check_shapes(shapes)
    found = output_shape(layer, shapes)
    if not layer.layers_inside:
        _check_weights(layer, shapes)
    call = Call(layer, x, training)
    call.outputs = _with_shapes(found, lambda shape: SymbolicTensor(shape, "float32", call))
    about_to_change(layer)
    layer.calls.append(call)
    return call.outputs


def sample_shapes(x: Any) -> Any:
    """The shapes of symbolic tensors without the batch axis, in the same structure."""
    return each(lambda tensor: tensor.sample_shape, x)


def output_shape(layer: Layer, shapes: Any) -> Any:
    """`layer.compute_output_shape`, also for shapes with open sizes."""
    if not is_open(shapes):
        return _as_shapes(layer.compute_output_shape(shapes))
    try:
        small, large = (
            _as_shapes(layer.compute_output_shape(closed(shapes, sizes)))
            for sizes in (_SMALL, _LARGE)
        )
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{layer.name}: cannot take a size that is left open; received {_batched(shapes)} "
            f"({error})"
        ) from error
    pairs = zip(shapes_in(small), shapes_in(large), strict=True)
    merged = iter([tuple(a if a == b else None for a, b in zip(*p, strict=True)) for p in pairs])
    return _with_shapes(small, lambda _: next(merged))


def is_open(shapes: Any) -> bool:
    """Whether any size is open."""
    return any(size is None for shape in shapes_in(shapes) for size in shape)


def closed(shapes: Any, sizes: tuple[int, ...] = _SMALL) -> Any:
    """The shapes with numbers in place of the open sizes."""
    return _with_shapes(
        shapes,
        lambda shape: tuple(sizes[k % 8] if n is None else n for k, n in enumerate(shape)),
    )


def weight_shapes(layer: Layer, shapes: Any) -> list[tuple[int, ...]]:
    """The shapes of the weights that `build` would make for inputs of these shapes; makes none."""
    trial = copy.copy(layer)
    trial._parameters, trial._fixed = [], set()
    asked: list[tuple[int, ...]] = []

    def add_weight(name: str, shape: Any, *unused: Any, **unknown: Any) -> None:
        asked.append(tuple(shape))

    trial.add_weight = add_weight  # type: ignore[method-assign, assignment]
    trial.build(shapes)
    return asked


def _check_weights(layer: Layer, shapes: Any) -> None:
    """Raise if the weights' shapes depend on an open size or differ between the layer's calls."""
    if is_open(shapes):
        small, large = (weight_shapes(layer, closed(shapes, sizes)) for sizes in (_SMALL, _LARGE))
        if small != large:
            raise ValueError(
                f"{layer.name}: the layer's weights need a fixed size where one is left open; "
                f"received {_batched(shapes)} (global pooling in place of Flatten makes it fixed)"
            )
    if not layer.calls:
        return
    first = sample_shapes(layer.calls[0].inputs)
    if first != shapes and (
        weight_shapes(layer, closed(first)) != weight_shapes(layer, closed(shapes))
    ):
        raise ValueError(
            f"{layer.name}: a shared layer has one set of weights, made for x "
            f"{_batched(first)}; received {_batched(shapes)}"
        )


def _batched(shapes: Any) -> Any:
    return _with_shapes(shapes, lambda shape: (None, *shape))


def _is_shape(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(n is None or is_whole(n) for n in value)


def _with_shapes(shapes: Any, function: Any) -> Any:
    if _is_shape(shapes):
        return function(tuple(shapes))
    if isinstance(shapes, dict):
        return {key: _with_shapes(part, function) for key, part in shapes.items()}
    return [_with_shapes(part, function) for part in shapes]


def _as_shapes(shapes: Any) -> Any:
    return _with_shapes(shapes, tuple)


def shapes_in(shapes: Any) -> list[tuple[int | None, ...]]:
    """The single shapes, in order."""
    if _is_shape(shapes):
        return [tuple(shapes)]
    parts = shapes.values() if isinstance(shapes, dict) else shapes
    return [shape for part in parts for shape in shapes_in(part)]
