"""One-dimensional pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import check_choice
from fastconv.layers.base import Layer
from fastconv.layers.channels import (
    check_data_format,
    emit_as_row,
    emit_from_row,
    from_last,
    sequence_shape,
)
from fastconv.layers.single import as_single
from fastconv.plan.geometry.shapes import pool2d_shape
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Pooling1D(Layer):
    """What the poolings share: a window that moves over the steps, channel by channel.

    Parameters
    ----------
    pool_size : int
        Steps in the window.
    strides : int, optional
        Default: `pool_size`.
    padding : "valid" or "same"
        Padding is never counted as an element.
    data_format : "channels_last" or "channels_first", optional
    name, trainable, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range; with the nearest name if one is misspelt.
    """

    kind: str

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        where = type(self).__name__
        self.pool_size = as_single(pool_size, "pool_size", where=where)
        self.strides = (
            self.pool_size if strides is None else as_single(strides, "strides", where=where)
        )
        name = padding.lower() if isinstance(padding, str) else padding
        self.padding = check_choice(name, ("valid", "same"), where=where, what="padding")
        self.data_format = check_data_format(data_format, where=where)

    def emit(self, graph: Graph, x: Value) -> Value:
        row = emit_as_row(graph, x, self.data_format)
        window, strides = (1, self.pool_size), (1, self.strides)
        y = graph.pool2d(row, self.kind, window, strides, self.padding)
        return emit_from_row(graph, y, self.data_format)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        steps, channels = sequence_shape(input_shape, self.data_format, where=self.name)
        geometry = pool2d_shape(
            (1, 1, steps, channels),
            (1, self.pool_size),
            (1, self.strides),
            self.padding,
            where=self.name,
        )
        return from_last(geometry.y_shape[2:], self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
        }


class MaxPooling1D(Pooling1D):
    """The largest element of each window.

    Parameters
    ----------
    pool_size, strides, padding, data_format
        As for `Pooling1D`.

    Examples
    --------
    >>> import numpy as np
    >>> MaxPooling1D(2)(np.array([3.0, 5.0, 4.0, 1.0]).reshape(1, 4, 1)).ravel()
    array([5., 4.], dtype=float32)
    """

    kind = "max"


class AveragePooling1D(Pooling1D):
    """The mean of each window; where it hangs over the end, of what is inside.

    Parameters
    ----------
    pool_size, strides, padding, data_format
        As for `Pooling1D`.

    Examples
    --------
    >>> import numpy as np
    >>> AveragePooling1D(2)(np.array([3.0, 5.0, 4.0, 1.0]).reshape(1, 4, 1)).ravel()
    array([4. , 2.5], dtype=float32)
    """

    kind = "avg"
