"""Arithmetic on symbolic tensors: ``x + y`` is a call of `Add`, ``2 * x`` one of `Rescaling`."""

from __future__ import annotations

from typing import Any

from fastconv.layers.image_preprocessing import Rescaling
from fastconv.layers.merging import Add, Multiply, Subtract
from fastconv.layers.symbolic import OPERATORS, SymbolicTensor


def add(x: SymbolicTensor, other: Any) -> Any:
    """``x + other``; `other` is a tensor of the same shape or a number."""
    return Add()([x, other]) if isinstance(other, SymbolicTensor) else affine(x, 1.0, other)


def subtract(x: SymbolicTensor, other: Any) -> Any:
    """``x - other``."""
    if isinstance(other, SymbolicTensor):
        return Subtract()([x, other])
    return affine(x, 1.0, -other) if isinstance(other, (int, float)) else NotImplemented


def subtract_from(x: SymbolicTensor, other: Any) -> Any:
    """``other - x``."""
    return affine(x, -1.0, other)


def multiply(x: SymbolicTensor, other: Any) -> Any:
    """``x * other``."""
    return Multiply()([x, other]) if isinstance(other, SymbolicTensor) else affine(x, other, 0.0)


def divide(x: SymbolicTensor, other: Any) -> Any:
    """``x / other``; `other` is a number."""
    return (
        affine(x, 1 / other, 0.0) if isinstance(other, (int, float)) and other else NotImplemented
    )


def affine(x: SymbolicTensor, scale: Any, offset: Any) -> Any:
    """``scale * x + offset``; NotImplemented, as for Python's operators, if one is not a number."""
    if not all(isinstance(number, (int, float)) for number in (scale, offset)):
        return NotImplemented
    return Rescaling(float(scale), float(offset))(x)


OPERATORS.update(
    add=add, subtract=subtract, subtract_from=subtract_from, multiply=multiply, divide=divide
)
