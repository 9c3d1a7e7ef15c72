"""Symbolic tensors, which have a shape but no values, and calls of layers on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastconv.utils.arrays import OpenShape
from fastconv.utils.structures import leaves

if TYPE_CHECKING:
    from fastconv.layers.base import Layer


OPERATORS: dict[str, Callable[[SymbolicTensor, Any], SymbolicTensor]] = {}
"""The operators + - * / of symbolic tensors. They are calls of layers, whose modules import this
one; `fastconv.layers.symbolic_arithmetic` registers them."""


class Call:
    """A call of a layer, ``outputs = layer(inputs)``: a node of a model's graph.

    Attributes
    ----------
    layer : Layer
    inputs, outputs : SymbolicTensor, or a list or dictionary of them
    training : bool or None
        False keeps the layer in inference mode even while the model is trained.
    """

    __slots__ = ("inputs", "layer", "outputs", "training")

    def __init__(self, layer: Layer, inputs: Any, training: bool | None = None) -> None:
        self.layer = layer
        self.inputs = inputs
        self.training = training
        self.outputs: Any = None

    def __repr__(self) -> str:
        return f"<Call of {self.layer.name}: {self.inputs} -> {self.outputs}>"


class SymbolicTensor:
    """A tensor that has a shape but no values yet; calling a layer on it records the call.

    It can be added to, subtracted from and multiplied by a tensor of the same shape or a number,
    and divided by a number.

    Attributes
    ----------
    shape : tuple
        With the open batch axis: ``(None, 28, 28, 1)``. Other sizes may be open (None) as well.
    dtype : "float32", "uint8" or None
        None, of an `Input`, accepts either.
    call : Call
        The call that returned it.
    """

    def __init__(self, shape: OpenShape, dtype: str | None, call: Call) -> None:
        self.shape: OpenShape = (None, *shape)
        self.dtype = dtype
        self.call = call

    @property
    def sample_shape(self) -> OpenShape:
        """The shape without the batch axis."""
        return self.shape[1:]

    @property
    def name(self) -> str:
        """The name of the layer that returned it."""
        return self.call.layer.name

    @property
    def index(self) -> int:
        """Its index among the outputs of its call."""
        return next(k for k, t in enumerate(leaves(self.call.outputs)) if t is self)

    def __repr__(self) -> str:
        return f"<SymbolicTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    def __add__(self, other: Any) -> SymbolicTensor:
        return OPERATORS["add"](self, other)

    def __radd__(self, other: Any) -> SymbolicTensor:
        return OPERATORS["add"](self, other)

    def __sub__(self, other: Any) -> SymbolicTensor:
        return OPERATORS["subtract"](self, other)

    def __rsub__(self, other: Any) -> SymbolicTensor:
        return OPERATORS["subtract_from"](self, other)

    def __mul__(self, other: Any) -> SymbolicTensor:
        return OPERATORS["multiply"](self, other)

    def __rmul__(self, other: Any) -> SymbolicTensor:
        return OPERATORS["multiply"](self, other)

    def __truediv__(self, other: Any) -> SymbolicTensor:
        return OPERATORS["divide"](self, other)

    def __neg__(self) -> SymbolicTensor:
        return OPERATORS["multiply"](self, -1.0)

    # Makes a NumPy array's operators defer to those here.
    __array_ufunc__ = None

    def __array__(self, *unused: Any, **unknown: Any) -> Any:
        raise TypeError(f"a symbolic tensor has no values yet; received {self!r} as an array")

    def __bool__(self) -> bool:
        raise TypeError(f"a symbolic tensor is neither true nor false; received {self!r}")


def any_symbolic(x: Any) -> bool:
    """Whether a layer's argument contains a symbolic tensor."""
    if isinstance(x, (list, tuple, dict)):
        return any(isinstance(leaf, SymbolicTensor) for leaf in leaves(x))
    return isinstance(x, SymbolicTensor)
