"""Activations by name: inside another layer, or as a layer of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastconv._arguments import check_choice
from fastconv.layers.base import Layer
from fastconv.utils.arrays import Shape
from fastconv.utils.configured import serialize

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value

# Keras's names, and what the engine calls them
ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("relu", {}),
    "softmax": ("softmax", {}),
    "relu6": ("clipped_relu", {"max_value": 6.0}),
    "leaky_relu": ("leaky_relu", {}),
    "elu": ("elu", {}),
    "selu": ("selu", {}),
    "gelu": ("gelu", {}),
    "silu": ("silu", {}),
    "swish": ("silu", {}),
    "hard_silu": ("hard_silu", {}),
    "hard_swish": ("hard_silu", {}),
    "sigmoid": ("sigmoid", {}),
    "hard_sigmoid": ("hard_sigmoid", {}),
    "tanh": ("tanh", {}),
    "softplus": ("softplus", {}),
    "softsign": ("softsign", {}),
    "exponential": ("exponential", {}),
}


class ActivationLayer(Layer):
    """An activation without parameters, which other layers may take as their `activation`."""

    kind = ""

    def attributes(self) -> dict[str, Any]:
        """What the engine's activation `kind` is told."""
        return {}

    def emit(self, graph: Graph, x: Value) -> Value:
        return graph.activation(x, self.kind, **self.attributes())

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return tuple(input_shape)


def check_activation(value: Any, *, where: str) -> Any:
    """What a layer keeps of its `activation`, ready for a file.

    A name stays a name, None is "linear", a function of `fastconv.activations` is its name; an
    instance of an activation layer, such as ``LeakyReLU(0.1)``, becomes its description.

    Raises
    ------
    TypeError, ValueError
        If it is neither; with the nearest name if one is misspelt.
    """
    if value is None:
        return "linear"
    if isinstance(value, Activation) or (callable(value) and hasattr(value, "activation")):
        return value.activation
    if isinstance(value, (ActivationLayer, Mapping)):
        return serialize(_described(value, where))
    return check_choice(value, ("linear", *ACTIVATIONS), where=where, what="activation")


def emit_activation(graph: Graph, x: Value, activation: Any) -> Value:
    """Record on `x` the activation that `check_activation` returned."""
    if activation == "linear":
        return x
    if isinstance(activation, Mapping):
        return _described(activation, "activation").emit(graph, x)
    kind, attrs = ACTIVATIONS[activation]
    return graph.activation(x, kind, **attrs)


def _described(value: ActivationLayer | Mapping[str, Any], where: str) -> ActivationLayer:
    """The activation layer that a description stands for."""
    if isinstance(value, ActivationLayer):
        return value
    from fastconv.layers import activations

    classes = {cls.__name__: cls for cls in activations.CLASSES}
    name = check_choice(value.get("class"), classes, where=where, what="activation")
    return classes[name].from_config(value.get("config", {}))


class Activation(Layer):
    """Apply an activation by name.

    Parameters
    ----------
    activation : str
        "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu" (or "swish"), "hard_silu" (or
        "hard_swish"), "sigmoid", "hard_sigmoid", "tanh", "softplus", "softsign", "exponential",
        "softmax" or "linear"; also an instance such as ``LeakyReLU(0.1)``.
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If it is none of these; with the nearest name if one is misspelt.

    Examples
    --------
    >>> import numpy as np
    >>> Activation("relu")(np.array([[-1.0, 2.0]]))
    array([[0., 2.]], dtype=float32)
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = check_activation(activation, where="Activation")

    def emit(self, graph: Graph, x: Value) -> Value:
        return emit_activation(graph, x, self.activation)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": self.activation}
