"""The order of axes: primitives are channels_last and work along the last axis, so other formats
and axes are transposed before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_pair, as_single, check_choice, is_whole
from fastconv.plan.geometry.padding import Pair
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


FIRST, LAST = "channels_first", "channels_last"


def check_data_format(value: Any, *, where: str) -> str:
    """Return the data format; None is "channels_last"."""
    if value is None:
        return LAST
    return check_choice(value, (LAST, FIRST), where=where, what="data_format")


def image_shape(input_shape: Shape, data_format: str, *, where: str) -> tuple[int, int, int]:
    """(height, width, channels) of an input shape in `data_format`."""
    height, width, channels = shape_as_last(input_shape, data_format, 2, where=where)
    return height, width, channels


def sequence_shape(input_shape: Shape, data_format: str, *, where: str) -> tuple[int, int]:
    """(steps, channels) of an input shape in `data_format`."""
    steps, channels = shape_as_last(input_shape, data_format, 1, where=where)
    return steps, channels


def shape_as_last(input_shape: Shape, data_format: str, rank: int, *, where: str) -> Shape:
    """The shape of images (rank 2) or sequences (rank 1) in `data_format`, channels last."""
    if len(input_shape) != rank + 1:
        places = "height, width" if rank == 2 else "steps"
        axes = f"channels, {places}" if data_format == FIRST else f"{places}, channels"
        raise ValueError(
            f"{where}: x must have the axes (batch, {axes}); received {(None, *input_shape)}"
        )
    first, *rest = input_shape
    return tuple(input_shape) if data_format == LAST else (*rest, first)


def from_last(shape: Shape, data_format: str) -> Shape:
    """(h, w, c) or (steps, c) in `data_format`: (c, h, w) or (c, steps) if channels_first."""
    return shape if data_format == LAST else (*shape[-1:], *shape[:-1])


def emit_to_last(graph: Graph, x: Value, data_format: str) -> Value:
    """Record the transposition from `data_format` to channels_last."""
    axes = range(len(x.shape))
    return x if data_format == LAST else graph.transpose(x, (*axes[1:], 0))


def emit_from_last(graph: Graph, x: Value, data_format: str) -> Value:
    """Record the transposition from channels_last to `data_format`."""
    axes = range(len(x.shape))
    return x if data_format == LAST else graph.transpose(x, (axes[-1], *axes[:-1]))


def check_axis(axis: Any, *, where: str) -> int:
    """Return an axis, a whole number but not 0, the batch axis."""
    if not is_whole(axis):
        raise TypeError(f"{where}: axis must be a whole number; received {axis!r}")
    if axis == 0:
        raise ValueError(f"{where}: axis must not be 0, the batch axis; received 0")
    return int(axis)


def sample_axis(axis: int, shape: Shape, *, where: str) -> int:
    """The index in `shape`, without the batch axis, of `axis`, counted with it or from the end."""
    rank = len(shape) + 1
    if not -rank < axis < rank or axis == 0:
        raise ValueError(
            f"{where}: axis must be one of x, but not that of the batch: from 1 to {rank - 1}, or "
            f"negative from the end; received axis {axis}, x {(None, *shape)}"
        )
    return axis - 1 if axis > 0 else axis + len(shape)


def emit_along(
    graph: Graph, x: Value, axis: int, record: Callable[[Value], Value], where: str
) -> Value:
    """Record along `axis` what `record` does along the last axis."""
    index, last = sample_axis(axis, x.shape, where=where), len(x.shape) - 1
    if index == last:
        return record(x)
    axes = [i for i in range(last + 1) if i != index]
    transposed = record(graph.transpose(x, [*axes, index]))
    return graph.transpose(transposed, [*range(index), last, *range(index, last)])


class Spatial:
    """The base of layers over images (rank 2) or sequences (rank 1).

    Primitives take a sequence as an image of height 1, with window sizes (1, size).
    """

    rank = 2
    data_format: str
    name: str

    def as_sizes(self, value: Any, what: str, minimum: int = 1) -> Pair:
        """Check an argument for (rows, columns) or steps; return a pair."""
        where = type(self).__name__
        if self.rank == 2:
            return as_pair(value, what, where=where, minimum=minimum)
        return (min(1, minimum), as_single(value, what, where=where, minimum=minimum))

    def as_given(self, sizes: Pair) -> int | Pair:
        """Sizes in the form of the argument: one number for sequences."""
        return sizes if self.rank == 2 else sizes[1]

    def as_pair(self, given: int | Pair) -> Pair:
        """The inverse of `as_given`."""
        return given if isinstance(given, tuple) else (1, given)

    def shape_as_last(self, input_shape: Shape) -> Shape:
        """The input's shape with the channels last; raises ValueError for another rank."""
        return shape_as_last(input_shape, self.data_format, self.rank, where=self.name)

    def image_shape(self, input_shape: Shape) -> Shape:
        """(height, width, channels) of the input; the height of a sequence is 1."""
        return (*[1] * (2 - self.rank), *self.shape_as_last(input_shape))

    def shape_of_images(self, images: Shape) -> Shape:
        """The layer's output shape for a batch of images (n, height, width, channels)."""
        return from_last(images[3 - self.rank :], self.data_format)

    def emit_image(self, graph: Graph, x: Value) -> Value:
        """Record the conversion of the input to an image (height, width, channels)."""
        x = emit_to_last(graph, x, self.data_format)
        return x if self.rank == 2 else graph.reshape(x, (1, *x.shape))

    def emit_from_image(self, graph: Graph, y: Value) -> Value:
        """Record the conversion of an image to the output's rank and data format."""
        y = y if self.rank == 2 else graph.reshape(y, y.shape[1:])
        return emit_from_last(graph, y, self.data_format)
