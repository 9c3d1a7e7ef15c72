"""Layers called on NumPy arrays, outside of a model: a plan of one layer."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv.layers.rollback import unbuilt_by_error
from fastconv.plan.graph import Graph
from fastconv.plan.plan import Plan
from fastconv.utils.arrays import as_input
from fastconv.utils.locks import AfterFork, is_free
from fastconv.utils.structures import each, leaves, rebuild

if TYPE_CHECKING:
    from fastconv.layers.base import Layer


class LayerRunner(AfterFork):
    """Runs one layer; keeps its plan while the input's shape stays the same.

    Calls from several threads take their turns; a `backward` belongs to the last `forward`.
    """

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.layer = layer
        self._turn = threading.RLock()
        self.key: tuple[Any, ...] = ()
        self.plan: Plan | None = None
        self.step = 0
        self.structure: Any = None  # of the output

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy of a layer, or one that was pickled, begins without a plan."""
        return type(self), (self.layer,)

    def after_fork(self) -> None:
        """In the child, drop the call that another thread had begun."""
        if not is_free(self._turn):
            self._turn = threading.RLock()
            self.plan, self.key = None, ()

    def forward(self, x: Any, training: bool) -> Any:
        """The layer's output, a new array; `training=True` is the next step of a dropout's mask."""
        with self._turn:
            return self._forward(x, training)

    def backward(self, dy: Any) -> Any:
        """The gradient of the last forward call's input, a new array; a list for several."""
        with self._turn:
            return self._backward(dy)

    def _forward(self, x: Any, training: bool) -> Any:
        if self.layer.built:
            plan, arrays = self._plan_for(x, training)
        else:
            with unbuilt_by_error(self.layer):
                plan, arrays = self._plan_for(x, training)
        self.step += training
        y = plan.forward(arrays if len(arrays) > 1 else arrays[0], step=self.step)
        return each(np.array, rebuild(self.structure, y if isinstance(y, list) else [y]))

    def _backward(self, dy: Any) -> Any:
        name = self.layer.name
        if self.plan is None or not self.key[1]:
            call = "layer(x, training=True)" if self.layer.uses_training else "layer(x)"
            raise ValueError(f"{name}: backward follows {call}; received no such call before")
        given = [dy] if len(self.plan.graph.outputs) == 1 else leaves(dy)
        arrays = [
            None if part is None else np.require(as_input(part, "dy", where=name), np.float32)
            for part in given
        ]
        dx = self.plan.backward(arrays if len(arrays) > 1 else arrays[0])
        if dx is None:
            raise ValueError(f"{name}: images have no gradient; received uint8 input")
        return [np.array(part) for part in dx] if isinstance(dx, list) else np.array(dx)

    def _plan_for(self, x: Any, training: bool) -> tuple[Plan, list[np.ndarray]]:
        """The plan for these inputs, and the inputs as checked arrays; builds the layer."""
        layer = self.layer
        given, structure = layer.split_inputs(x)
        arrays = [self._checked(array) for array in given]
        shapes = [array.shape[1:] for array in arrays]
        layer.ensure_built(rebuild(structure, shapes))
        layer.check_shapes(rebuild(structure, shapes))
        differentiable = training or not layer.uses_training
        kinds = tuple((array.shape, array.dtype) for array in arrays)
        key = (kinds, differentiable, *_parameter_state(layer))
        if self.plan is None or key != self.key:
            self.plan, self.key = self._make(arrays, structure, differentiable), key
        return self.plan, arrays

    def _checked(self, x: Any) -> np.ndarray:
        layer = self.layer
        array = as_input(x, "x", where=layer.name)
        if array.ndim == 0:
            raise ValueError(f"{layer.name}: x must have a batch axis; received a single number")
        if 0 in array.shape[1:]:
            raise ValueError(
                f"{layer.name}: every size of x but the batch's must be at least 1; received x "
                f"{array.shape}"
            )
        if array.dtype == np.uint8 and not layer.takes_uint8:
            array = array.astype(np.float32)
        return array

    def _make(self, xs: list[np.ndarray], structure: Any, differentiable: bool) -> Plan:
        graph = Graph()
        with graph.layer(self.layer.name):
            values = [graph.input(x.shape[1:], str(x.dtype)) for x in xs]
            y = self.layer.emit(graph, rebuild(structure, values))
        self.structure = rebuild(y, leaves(y))
        for value in leaves(y):
            graph.output(value)
        gradient = differentiable and all(x.dtype == np.float32 for x in xs)
        return Plan(graph, max(1, len(xs[0])), training=differentiable, input_gradient=gradient)


def _parameter_state(layer: Layer) -> list[tuple[int, bool]]:
    """The parameters' addresses (a model moves them when it packs them) and trainable flags."""
    return [(p.value.ctypes.data, p.trainable) for p in layer.parameters]
