"""The merging layers as functions: ``add([x, y])`` is ``Add()([x, y])``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastconv.layers.merging import (
    Add,
    Average,
    Concatenate,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)

__all__ = ["add", "average", "concatenate", "maximum", "minimum", "multiply", "subtract"]


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The sum of tensors of one shape; see `Add`."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The first of two tensors minus the second; see `Subtract`."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The product of tensors, element by element; see `Multiply`."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The mean of tensors of one shape; see `Average`."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The largest of tensors of one shape, element by element; see `Maximum`."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The smallest of tensors of one shape, element by element; see `Minimum`."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """Tensors one after the other along an axis; see `Concatenate`."""
    return Concatenate(axis, **kwargs)(inputs)
