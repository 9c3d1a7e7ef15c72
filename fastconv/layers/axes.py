"""Layers that work along one axis: the engine knows the last one, others are turned to the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastconv._arguments import is_whole
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


def check_axis(axis: Any, *, where: str) -> int:
    """A whole number, but not 0, the batch axis."""
    if not is_whole(axis):
        raise TypeError(f"{where}: axis must be a whole number; received {axis!r}")
    if axis == 0:
        raise ValueError(f"{where}: axis must not be 0, the batch axis; received 0")
    return int(axis)


def place_of(axis: int, shape: Shape, *, where: str) -> int:
    """Where `axis`, counted with the batch axis or from the end, lies in `shape`, without it."""
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
    """What `record` does along the last axis, along `axis`."""
    place, last = place_of(axis, x.shape, where=where), len(x.shape) - 1
    if place == last:
        return record(x)
    axes = [i for i in range(last + 1) if i != place]
    turned = record(graph.transpose(x, [*axes, place]))
    return graph.transpose(turned, [*range(place), last, *range(place, last)])
