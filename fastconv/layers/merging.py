"""Merging of several tensors, element by element or by concatenation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import is_whole
from fastconv.layers.base import Layer
from fastconv.layers.symbolic import any_symbolic
from fastconv.utils.arrays import OpenShape, as_array

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Merge(Layer):
    """The base of the merging layers: a list of tensors goes in, one comes out.

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

    def split_inputs(self, x: Any) -> tuple[list[Any], Any]:
        if isinstance(x, dict):
            raise ValueError(f"{self.name}: takes a list of tensors; received a dictionary")
        if isinstance(x, (list, tuple)) and not any_symbolic(x):
            x = [as_array(part, "every input", where=self.name) for part in x]
        return super().split_inputs(x)

    def emit(self, graph: Graph, xs: Sequence[Value]) -> Value:  # type: ignore[override]
        self._check_number(xs)
        y = xs[0]
        for x in xs[1:]:
            y = self.merge(graph, y, x)
        return y

    def merge(self, graph: Graph, a: Value, b: Value) -> Value:
        """Record the primitive that merges two tensors."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Sequence[OpenShape]) -> OpenShape:  # type: ignore[override]
        if not all(isinstance(shape, (list, tuple)) for shape in input_shape):
            raise ValueError(f"{self.name}: takes a list of shapes; received {input_shape!r}")
        self._check_number(input_shape)
        shape = tuple(input_shape[0])
        for other in input_shape[1:]:
            shape = self.merge_shapes(shape, tuple(other), input_shape)
        return shape

    def merge_shapes(
        self, a: OpenShape, b: OpenShape, all_shapes: Sequence[OpenShape]
    ) -> OpenShape:
        """The shape of two merged tensors; raises ValueError if they do not fit each other."""
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


class Subtract(Merge):
    """The first of two tensors of one shape minus the second.

    Examples
    --------
    >>> import numpy as np
    >>> Subtract()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[ -9., -18.]], dtype=float32)
    """

    at_most = 2

    def merge(self, graph: Graph, a: Value, b: Value) -> Value:
        return graph.subtract(a, b)


class Multiply(Merge):
    """The product of tensors of one shape, element by element.

    One of them may have a single pixel, (1, ..., 1, channels): a factor for each channel; or a
    single channel, (..., 1): a factor for each pixel.

    Examples
    --------
    >>> import numpy as np
    >>> Multiply()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])])
    array([[10., 40.]], dtype=float32)
    """

    def merge(self, graph: Graph, a: Value, b: Value) -> Value:
        return graph.multiply(a, b)

    def merge_shapes(
        self, a: OpenShape, b: OpenShape, all_shapes: Sequence[OpenShape]
    ) -> OpenShape:
        for x, factors in ((a, b), (b, a)):
            if len(x) == len(factors) and (
                factors == (*[1] * (len(x) - 1), *x[-1:]) or factors == (*x[:-1], *[1] * bool(x))
            ):
                return x
        return super().merge_shapes(a, b, all_shapes)


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


class Maximum(Merge):
    """The maximum of tensors of one shape, element by element.

    Among equal elements the first one gets the gradient.

    Examples
    --------
    >>> import numpy as np
    >>> Maximum()([np.array([[1.0, 5.0]]), np.array([[3.0, 2.0]])])
    array([[3., 5.]], dtype=float32)
    """

    def merge(self, graph: Graph, a: Value, b: Value) -> Value:
        return graph.maximum(a, b)


class Minimum(Merge):
    """The minimum of tensors of one shape, element by element.

    Among equal elements the first one gets the gradient.

    Examples
    --------
    >>> import numpy as np
    >>> Minimum()([np.array([[1.0, 5.0]]), np.array([[3.0, 2.0]])])
    array([[1., 2.]], dtype=float32)
    """

    def merge(self, graph: Graph, a: Value, b: Value) -> Value:
        return graph.minimum(a, b)


class Concatenate(Merge):
    """Concatenate tensors along an axis; they must agree in every other axis.

    Parameters
    ----------
    axis : int
        Counted with the batch axis, which is 0 and cannot be chosen; -1 is the last.

    Examples
    --------
    >>> import numpy as np
    >>> Concatenate()([np.array([[1.0, 2.0]]), np.array([[3.0]])])
    array([[1., 2., 3.]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not is_whole(axis):
            raise TypeError(f"Concatenate: axis must be a whole number; received {axis!r}")
        if axis == 0:
            raise ValueError("Concatenate: axis must not be that of the batch; received 0")
        self.axis = int(axis)

    def emit(self, graph: Graph, xs: Sequence[Value]) -> Value:  # type: ignore[override]
        self._check_number(xs)
        return graph.concat(list(xs), self._sample_axis(len(xs[0].shape), xs[0].shape))

    def merge_shapes(
        self, a: OpenShape, b: OpenShape, all_shapes: Sequence[OpenShape]
    ) -> OpenShape:
        axis = self._sample_axis(len(a), a)
        if len(a) != len(b) or any(
            m != n for k, (m, n) in enumerate(zip(a, b, strict=True)) if k != axis
        ):
            raise ValueError(
                f"{self.name}: all inputs must agree in every axis but axis {self.axis}; "
                f"received {_listed(all_shapes)}"
            )
        total = None if a[axis] is None or b[axis] is None else a[axis] + b[axis]  # type: ignore[operator]
        return (*a[:axis], total, *a[axis + 1 :])

    def _sample_axis(self, rank: int, shape: Sequence[int | None]) -> int:
        axis = self.axis - 1 if self.axis > 0 else rank + self.axis
        if not 0 <= axis < rank:
            raise ValueError(
                f"{self.name}: axis must be one of x behind the batch; received axis {self.axis}, "
                f"x {(None, *shape)}"
            )
        return axis

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def _listed(shapes: Sequence[OpenShape]) -> str:
    return ", ".join(str((None, *shape)) for shape in shapes)


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
    """The maximum of tensors of one shape, element by element; see `Maximum`."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The minimum of tensors of one shape, element by element; see `Minimum`."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """Concatenate tensors along an axis; see `Concatenate`."""
    return Concatenate(axis, **kwargs)(inputs)
