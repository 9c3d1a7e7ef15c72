"""Random zeros during training, whole channels at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv.layers.channels import (
    check_data_format,
    emit_from_last,
    emit_to_last,
    image_shape,
    sequence_shape,
)
from fastconv.layers.dropout import Dropout
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class SpatialDropout(Dropout):
    """What dropout of images' and of sequences' channels shares."""

    rank: int

    def __init__(
        self,
        rate: float,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(rate, seed, **kwargs)
        self.data_format = check_data_format(data_format, where=type(self).__name__)

    def emit(self, graph: Graph, x: Value) -> Value:
        self.compute_output_shape(x.shape)
        seed = self.seed if self.own_seed is None else self.own_seed
        y = graph.spatial_dropout(emit_to_last(graph, x, self.data_format), self.rate, seed)
        return emit_from_last(graph, y, self.data_format)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sizes = image_shape if self.rank == 2 else sequence_shape
        sizes(input_shape, self.data_format, where=self.name)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class SpatialDropout2D(SpatialDropout):
    """While training, zero a share of an image's channels and scale up the rest.

    Parameters
    ----------
    rate, seed
        As for `Dropout`.
    data_format : "channels_last" or "channels_first", optional
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> y = SpatialDropout2D(0.5, seed=1)(np.ones((4, 2, 2, 8)), training=True)
    >>> bool((y == y[:, :1, :1]).all())
    True
    """

    rank = 2


class SpatialDropout1D(SpatialDropout):
    """While training, zero a share of a sequence's channels and scale up the rest.

    Parameters
    ----------
    rate, seed, data_format, name, input_shape
        As for `SpatialDropout2D`.

    Examples
    --------
    >>> import numpy as np
    >>> y = SpatialDropout1D(0.5, seed=1)(np.ones((4, 2, 8)), training=True)
    >>> bool((y == y[:, :1]).all())
    True
    """

    rank = 1
