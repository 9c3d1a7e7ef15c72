"""A network as a list of primitive steps, recorded in order and checked while it is recorded."""

from __future__ import annotations

from fastconv.plan.operations.activations import ActivationRecorder
from fastconv.plan.operations.adjusting import AdjustingRecorder
from fastconv.plan.operations.elementwise import ElementwiseRecorder
from fastconv.plan.operations.merging import MergingRecorder
from fastconv.plan.operations.movement import MovementRecorder
from fastconv.plan.operations.normalization import NormalizationRecorder
from fastconv.plan.operations.opaque import OpaqueRecorder
from fastconv.plan.operations.pooling import PoolingRecorder
from fastconv.plan.operations.products import ProductsRecorder


class Graph(
    ProductsRecorder,
    PoolingRecorder,
    NormalizationRecorder,
    ActivationRecorder,
    ElementwiseRecorder,
    MergingRecorder,
    MovementRecorder,
    AdjustingRecorder,
    OpaqueRecorder,
):
    """Records primitive steps; every method that records one returns its result as a `Value`.

    Shapes are inferred and checked here, so that an invalid network is rejected before anything is
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
