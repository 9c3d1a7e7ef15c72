"""Layers that bring several tensors together, element by element as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv.layers.base import Layer
from fastconv.utils.arrays import OpenShape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.values import Value


class Merge(Layer):
    """What the merging layers share: a list of tensors goes in, one comes out.

    Parameters
    ----------
    name, trainable
        As for every `Layer`.

    Raises
    ------
    ValueError
        If there are fewer than two tensors (or not just two, for `Subtract`), or their shapes do
        not fit each other.
    """

    several_inputs = True
    at_most: int | None = None

    def emit(self, graph: Graph, xs: Sequence[Value]) -> Value:  # type: ignore[override]
        self._check_number(xs)
        y = xs[0]
        for x in xs[1:]:
            y = self.merge(graph, y, x)
        return y

    def merge(self, graph: Graph, a: Value, b: Value) -> Value:
        """Record the step that brings two of them together."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Sequence[OpenShape]) -> OpenShape:  # type: ignore[override]
        self._check_number(input_shape)
        shape = tuple(input_shape[0])
        for other in input_shape[1:]:
            shape = self.merge_shapes(shape, tuple(other), input_shape)
        return shape

    def merge_shapes(
        self, a: OpenShape, b: OpenShape, all_shapes: Sequence[OpenShape]
    ) -> OpenShape:
        """The shape of two of them together, or ValueError."""
        if a != b:
            raise ValueError(
                f"{self.name}: all inputs must have one shape; received {_listed(all_shapes)}"
            )
        return a

    def _check_number(self, xs: Sequence[Any]) -> None:
        if self.at_most is not None and len(xs) != self.at_most:
            raise ValueError(f"{self.name}: takes a list of {self.at_most}; received {len(xs)}")
        if len(xs) < 2:
            raise ValueError(f"{self.name}: takes a list of at least two; received {len(xs)}")


class Add(Merge):
    """The sum of tensors of one shape.

    Examples
    --------
    >>> import numpy as np
    >>> Add()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[11., 22.]], dtype=float32)
    """

    def merge(self, graph: Graph, a: Value, b: Value) -> Value:
        return graph.add(a, b)


class Average(Merge):
    """The mean of tensors of one shape.

    Examples
    --------
    >>> import numpy as np
    >>> Average()([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
    array([[2. , 3.5]], dtype=float32)
    """

    def emit(self, graph: Graph, xs: Sequence[Value]) -> Value:  # type: ignore[override]
        return graph.affine(super().emit(graph, xs), 1 / len(xs), 0.0)

    def merge(self, graph: Graph, a: Value, b: Value) -> Value:
        return graph.add(a, b)


def _listed(shapes: Sequence[OpenShape]) -> str:
    return ", ".join(str((None, *shape)) for shape in shapes)
