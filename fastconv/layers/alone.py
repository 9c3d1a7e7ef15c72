"""A layer used by itself, on NumPy arrays: a plan of one layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv.plan.graph import Graph
from fastconv.plan.plan import Plan
from fastconv.utils.arrays import as_input

if TYPE_CHECKING:
    from fastconv.layers.base import Layer


class Alone:
    """Runs one layer; keeps its plan while the input's shape stays the same."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.key: tuple[Any, ...] = ()
        self.plan: Plan | None = None
        self.step = 0

    def forward(self, x: Any, training: bool) -> np.ndarray:
        """The layer's output, a new array; `training=True` is the next step of a dropout's mask."""
        layer = self.layer
        array = as_input(x, "x", where=layer.name)
        if array.ndim == 0:
            raise ValueError(f"{layer.name}: x must have a batch axis; received a single number")
        if array.dtype == np.uint8 and not layer.takes_uint8:
            array = array.astype(np.float32)
        layer.ensure_built(array.shape[1:])
        differentiable = training or not layer.uses_training
        key = (array.shape, array.dtype, differentiable, *_places(layer))
        if self.plan is None or key != self.key:
            self.plan, self.key = self._make(array, differentiable), key
        self.step += training
        return np.array(self.plan.forward(array, step=self.step))

    def backward(self, dy: Any) -> np.ndarray:
        """The gradient of the last forward call's input, a new array."""
        name = self.layer.name
        if self.plan is None or not self.key[2]:
            call = "layer(x, training=True)" if self.layer.uses_training else "layer(x)"
            raise ValueError(f"{name}: backward follows {call}; received no such call before")
        array = np.require(as_input(dy, "dy", where=name), np.float32)
        dx = self.plan.backward(array)
        if dx is None:
            raise ValueError(f"{name}: images have no gradient; received uint8 input")
        return np.array(dx)

    def _make(self, x: np.ndarray, differentiable: bool) -> Plan:
        graph = Graph()
        with graph.layer(self.layer.name):
            value = graph.input(x.shape[1:], str(x.dtype))
            graph.output(self.layer.emit(graph, value))
        gradient = differentiable and x.dtype == np.float32
        return Plan(graph, max(1, len(x)), training=differentiable, input_gradient=gradient)


def _places(layer: Layer) -> list[tuple[int, bool]]:
    """Where the parameters lie (a model moves them when it packs them) and which are trained."""
    return [(p.value.ctypes.data, p.trainable) for p in layer.parameters]
