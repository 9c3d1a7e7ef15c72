"""`data_format`: the engine works on channels_last; channels_first is transposed at the door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv._arguments import check_choice
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.values import Value

FIRST, LAST = "channels_first", "channels_last"


def check_data_format(value: Any, *, where: str) -> str:
    """The data format's name; None is "channels_last"."""
    if value is None:
        return LAST
    return check_choice(value, (LAST, FIRST), where=where, what="data_format")


def image_shape(input_shape: Shape, data_format: str, *, where: str) -> tuple[int, int, int]:
    """(height, width, channels) of an input shape in `data_format`."""
    if len(input_shape) != 3:
        axes = "channels, height, width" if data_format == FIRST else "height, width, channels"
        raise ValueError(
            f"{where}: x must have the axes (batch, {axes}); received {(None, *input_shape)}"
        )
    first, second, third = input_shape
    return (first, second, third) if data_format == LAST else (second, third, first)


def from_last(shape: Shape, data_format: str) -> Shape:
    """(h, w, c) as (c, h, w) if the format is channels_first."""
    return shape if data_format == LAST else (*shape[-1:], *shape[:-1])


def emit_to_last(graph: Graph, x: Value, data_format: str) -> Value:
    """Record the transposition from `data_format` to channels_last."""
    return x if data_format == LAST else graph.opaque(x, _MoveChannels(0, -1))


def emit_from_last(graph: Graph, x: Value, data_format: str) -> Value:
    """Record the transposition from channels_last to `data_format`."""
    return x if data_format == LAST else graph.opaque(x, _MoveChannels(-1, 0))


class _MoveChannels:
    """Moves one axis of every sample; its gradient moves it back."""

    def __init__(self, source: int, target: int) -> None:
        self.source, self.target = source, target

    def compute_output_shape(self, shape: Shape) -> Shape:
        sizes = list(shape)
        moved = sizes.pop(self.source)
        sizes.insert(len(sizes) if self.target == -1 else self.target, moved)
        return tuple(sizes)

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        return _moved(x, self.source, self.target)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        return _moved(dy, self.target, self.source)


def _moved(x: np.ndarray, source: int, target: int) -> np.ndarray:
    axes = [axis + 1 if axis >= 0 else axis for axis in (source, target)]
    return np.ascontiguousarray(np.moveaxis(x, *axes))
