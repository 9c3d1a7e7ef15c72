"""Activations: by name, inside another layer or as a layer of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv._arguments import check_choice
from fastconv.layers.base import Layer
from fastconv.plan.recording.elementwise import ACTIVATIONS

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.values import Value


def check_activation(value: Any, *, where: str) -> str:
    """The activation's name; None is "linear"."""
    if value is None:
        return "linear"
    return check_choice(value, ("linear", *ACTIVATIONS), where=where, what="activation")


def emit_activation(graph: Graph, x: Value, name: str) -> Value:
    """Record the activation `name` on `x`."""
    return x if name == "linear" else graph.activation(x, name)


class Activation(Layer):
    """Apply an activation by name.

    Parameters
    ----------
    activation : "relu", "softmax" or "linear"
    name : str, optional

    Examples
    --------
    >>> import numpy as np
    >>> Activation("relu")(np.array([[-1.0, 2.0]]))
    array([[0., 2.]], dtype=float32)
    """

    def __init__(self, activation: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = check_activation(activation, where="Activation")

    def emit(self, graph: Graph, x: Value) -> Value:
        return emit_activation(graph, x, self.activation)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": self.activation}


class ReLU(Layer):
    """max(x, 0).

    Examples
    --------
    >>> import numpy as np
    >>> ReLU()(np.array([[-1.0, 2.0]]))
    array([[0., 2.]], dtype=float32)
    """

    def emit(self, graph: Graph, x: Value) -> Value:
        return graph.activation(x, "relu")


class Softmax(Layer):
    """exp(x) / Σ exp(x) along the last axis.

    Parameters
    ----------
    axis : int
        -1; the classes lie along the last axis.

    Examples
    --------
    >>> import numpy as np
    >>> Softmax()(np.zeros((1, 4)))
    array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if axis != -1:
            raise ValueError(f"Softmax: axis must be -1, the last axis; received {axis!r}")
        self.axis = -1

    def emit(self, graph: Graph, x: Value) -> Value:
        return graph.activation(x, "softmax")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
