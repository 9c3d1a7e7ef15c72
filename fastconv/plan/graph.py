"""A network as a list of primitive steps, recorded in order and checked while it is recorded."""

from __future__ import annotations

from fastconv.plan.recording.adjusting import Adjusting
from fastconv.plan.recording.elementwise import Elementwise
from fastconv.plan.recording.forms import Forms
from fastconv.plan.recording.merging import Merging
from fastconv.plan.recording.normalization import Normalizing
from fastconv.plan.recording.opaque import Opaques
from fastconv.plan.recording.pooling import Pooling
from fastconv.plan.recording.products import Products


class Graph(Products, Elementwise, Pooling, Merging, Forms, Normalizing, Adjusting, Opaques):
    """Records primitive steps; every method that records one returns its result as a `Value`.

    Shapes are checked here, so that a network that cannot be is refused before anything is
    computed: `ValueError` or `TypeError` with the rule and what was received.

    Examples
    --------
    >>> graph = Graph()
    >>> x = graph.input((32, 32, 3), dtype="uint8")
    >>> y = graph.pool2d(graph.affine(x, 1 / 255, 0), "max", 2)
    >>> graph.output(graph.reshape(y, (-1,)))
    >>> graph.outputs
    [Value((768,), float32)]
    """
