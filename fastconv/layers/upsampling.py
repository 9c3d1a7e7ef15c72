"""Larger images and sequences, of repeated elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_pair, check_choice
from fastconv.layers.base import Layer
from fastconv.layers.channels import (
    check_data_format,
    emit_from_last,
    emit_to_last,
    from_last,
    image_shape,
    sequence_shape,
)
from fastconv.layers.single import as_single
from fastconv.plan.geometry.points import resized
from fastconv.plan.operations.sampling import INTERPOLATIONS
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class UpSampling2D(Layer):
    """Every pixel as a block, of equal ones or mixed with its neighbours.

    Parameters
    ----------
    size : int or pair
        Rows and columns of the block.
    data_format : "channels_last" or "channels_first", optional
    interpolation : "nearest" or "bilinear"
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> UpSampling2D((1, 2))(np.array([[1.0, 2.0]]).reshape(1, 1, 2, 1)).ravel()
    array([1., 1., 2., 2.], dtype=float32)
    >>> layer = UpSampling2D((1, 2), interpolation="bilinear")
    >>> layer(np.array([[1.0, 2.0]]).reshape(1, 1, 2, 1)).ravel()
    array([1.  , 1.25, 1.75, 2.  ], dtype=float32)
    """

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        where = type(self).__name__
        self.size = as_pair(size, "size", where=where)
        self.data_format = check_data_format(data_format, where=where)
        self.interpolation = check_choice(
            interpolation, INTERPOLATIONS, where=where, what="interpolation"
        )

    def emit(self, graph: Graph, x: Value) -> Value:
        x = emit_to_last(graph, x, self.data_format)
        if self.interpolation == "nearest":
            y = graph.upsample(x, self.size)
        else:
            height, width, _ = x.shape
            larger = (height * self.size[0], width * self.size[1])
            y = graph.resample(x, resized((height, width), larger))
        return emit_from_last(graph, y, self.data_format)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        height, width, channels = image_shape(input_shape, self.data_format, where=self.name)
        return from_last((height * self.size[0], width * self.size[1], channels), self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "size": self.size,
            "data_format": self.data_format,
            "interpolation": self.interpolation,
        }


class UpSampling1D(Layer):
    """Every step of a sequence several times.

    Parameters
    ----------
    size : int
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If `size` is no whole number of at least 1.

    Examples
    --------
    >>> import numpy as np
    >>> UpSampling1D(2)(np.array([1.0, 2.0]).reshape(1, 2, 1)).ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    def __init__(self, size: int | Sequence[int] = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = as_single(size, "size", where=type(self).__name__)

    def emit(self, graph: Graph, x: Value) -> Value:
        shape = self.compute_output_shape(x.shape)
        column = graph.reshape(x, (x.shape[0], 1, x.shape[1]))
        return graph.reshape(graph.upsample(column, (self.size, 1)), shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        steps, channels = sequence_shape(input_shape, "channels_last", where=self.name)
        return (steps * self.size, channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}
