"""Activation functions of arrays and of symbolic tensors; layers take them as `activation`.

>>> from fastconv import activations
>>> activations.relu([[-1.0, 2.0]])
array([[0., 2.]], dtype=float32)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastconv._arguments import check_choice
from fastconv.layers.activations import ACTIVATIONS, Activation

NAMES = ("linear", *ACTIVATIONS)


def _function(name: str) -> Callable[[Any], Any]:
    def activation(x: Any) -> Any:
        return Activation(name)(x)

    activation.__name__ = activation.__qualname__ = name
    activation.__doc__ = f"The activation of a layer with ``activation={name!r}``."
    activation.activation = name  # type: ignore[attr-defined]
    return activation


linear = _function("linear")
relu = _function("relu")
softmax = _function("softmax")
relu6 = _function("relu6")
leaky_relu = _function("leaky_relu")
elu = _function("elu")
selu = _function("selu")
gelu = _function("gelu")
silu = _function("silu")
swish = _function("swish")
hard_silu = _function("hard_silu")
hard_swish = _function("hard_swish")
sigmoid = _function("sigmoid")
hard_sigmoid = _function("hard_sigmoid")
tanh = _function("tanh")
softplus = _function("softplus")
softsign = _function("softsign")
exponential = _function("exponential")


def get(identifier: str | Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    """The activation function with a given name; None is "linear", a function is returned as it is.

    Raises
    ------
    ValueError
        If there is no such name; the nearest one is proposed.
    """
    if callable(identifier):
        return identifier
    name = check_choice(identifier or "linear", NAMES, where="activations.get", what="activation")
    function: Callable[[Any], Any] = globals()[name]
    return function
