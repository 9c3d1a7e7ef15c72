"""Two-dimensional pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_float, as_pair
from fastconv.layers.base import Layer
from fastconv.layers.channels import (
    check_data_format,
    emit_from_last,
    emit_to_last,
    from_last,
    image_shape,
)
from fastconv.layers.padding import check_padding
from fastconv.plan.geometry.shapes import pool2d_shape
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Pooling2D(Layer):
    """What the poolings share: a window that moves over the image, channel by channel.

    Parameters
    ----------
    pool_size : int or pair
        Height and width of the window.
    strides : int or pair, optional
        Default: `pool_size`.
    padding : "valid" or "same"
        Also numbers, as in `fastconv.ops.max_pool2d`. Padding is never counted as an element.
    data_format : "channels_last" or "channels_first", optional
    name, trainable, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range; with the nearest name if one is misspelt.
    """

    kind: str

    def attributes(self) -> dict[str, Any]:
        """What else the engine's pooling `kind` is told."""
        return {}

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2),
        strides: int | Sequence[int] | None = None,
        padding: Any = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        where = type(self).__name__
        self.pool_size = as_pair(pool_size, "pool_size", where=where)
        self.strides = (
            self.pool_size if strides is None else as_pair(strides, "strides", where=where)
        )
        self.padding = check_padding(padding, where=where)
        self.data_format = check_data_format(data_format, where=where)

    def emit(self, graph: Graph, x: Value) -> Value:
        image = emit_to_last(graph, x, self.data_format)
        y = graph.pool2d(
            image, self.kind, self.pool_size, self.strides, self.padding, **self.attributes()
        )
        return emit_from_last(graph, y, self.data_format)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        image = image_shape(input_shape, self.data_format, where=self.name)
        geometry = pool2d_shape(
            (1, *image), self.pool_size, self.strides, self.padding, where=self.name
        )
        return from_last(geometry.y_shape[1:], self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
        }


class MaxPooling2D(Pooling2D):
    """The largest element of each window.

    Parameters
    ----------
    pool_size, strides, padding, data_format
        As for `Pooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]])
    >>> MaxPooling2D(2)(x.reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[5., 6.],
           [4., 5.]], dtype=float32)
    """

    kind = "max"


class AveragePooling2D(Pooling2D):
    """The mean of each window; where it hangs over the edge, of what is inside.

    Parameters
    ----------
    pool_size, strides, padding, data_format
        As for `Pooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]])
    >>> AveragePooling2D(2)(x.reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[3., 4.],
           [3., 4.]], dtype=float32)
    """

    kind = "avg"


class MinPooling2D(Pooling2D):
    """The smallest element of each window.

    Parameters
    ----------
    pool_size, strides, padding, data_format
        As for `Pooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]])
    >>> MinPooling2D(2)(x.reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[2., 1.],
           [1., 2.]], dtype=float32)
    """

    kind = "min"


class LPPooling2D(Pooling2D):
    """The p-norm of each window, (sum of abs(x)**p)**(1/p); p = 2 is L2-norm pooling.

    Parameters
    ----------
    pool_size, strides, padding, data_format
        As for `Pooling2D`.
    p : float
        At least 1.

    Examples
    --------
    >>> import numpy as np
    >>> LPPooling2D((1, 2))(np.array([3.0, 4.0, 0.0, -5.0]).reshape(1, 1, 4, 1)).ravel()
    array([5., 5.], dtype=float32)
    """

    kind = "lp"

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2),
        strides: int | Sequence[int] | None = None,
        padding: Any = "valid",
        data_format: str | None = None,
        p: float = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)
        self.p = as_float(p, "p", where=type(self).__name__)
        if self.p < 1:
            raise ValueError(f"{type(self).__name__}: p must be at least 1; received {p!r}")

    def attributes(self) -> dict[str, Any]:
        return {"p": self.p}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "p": self.p}
