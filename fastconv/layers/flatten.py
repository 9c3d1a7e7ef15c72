"""From images to rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from fastconv.layers.base import Layer
from fastconv.layers.channels import LAST, check_data_format, emit_to_last
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Flatten(Layer):
    """All elements of a sample in one row.

    Parameters
    ----------
    data_format : "channels_last" or "channels_first", optional
        With channels_first the row is nevertheless ordered by height, width, channel, as Keras's.
    name, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> Flatten()(np.zeros((8, 4, 4, 16))).shape
    (8, 256)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = check_data_format(data_format, where="Flatten")

    def emit(self, graph: Graph, x: Value) -> Value:
        data_format = self.data_format if len(x.shape) > 1 else LAST
        return graph.reshape(emit_to_last(graph, x, data_format), (x.size,))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (math.prod(input_shape),)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}
