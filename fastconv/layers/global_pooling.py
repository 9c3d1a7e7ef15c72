"""Pooling over the whole of an image or a sequence: one number for each channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv.layers.base import Layer
from fastconv.layers.channels import (
    check_data_format,
    emit_to_last,
    from_last,
    image_shape,
    sequence_shape,
)
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class GlobalPooling(Layer):
    """What the global poolings share.

    Parameters
    ----------
    data_format : "channels_last" or "channels_first", optional
    keepdims : bool
        Whether the axes that were pooled stay, with size 1.
    name, trainable, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range; with the nearest name if one is misspelt.
    """

    kind: str
    rank: int  # axes that are pooled

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        where = type(self).__name__
        self.data_format = check_data_format(data_format, where=where)
        if not isinstance(keepdims, bool):
            raise TypeError(f"{where}: keepdims must be True or False; received {keepdims!r}")
        self.keepdims = keepdims

    def emit(self, graph: Graph, x: Value) -> Value:
        shape = self.compute_output_shape(x.shape)
        image = emit_to_last(graph, x, self.data_format)
        if self.rank == 1:
            image = graph.reshape(image, (1, *image.shape))
        pooled = graph.pool2d(image, self.kind, image.shape[:2])
        return graph.reshape(pooled, shape)  # a single pixel reads the same in either format

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sizes = image_shape if self.rank == 2 else sequence_shape
        channels = sizes(input_shape, self.data_format, where=self.name)[-1]
        return from_last((*[1] * self.rank * self.keepdims, channels), self.data_format)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {**config, "data_format": self.data_format, "keepdims": self.keepdims}


class GlobalMaxPooling2D(GlobalPooling):
    """The largest element of each channel of an image.

    Parameters
    ----------
    data_format, keepdims
        As for `GlobalPooling`.

    Examples
    --------
    >>> import numpy as np
    >>> GlobalMaxPooling2D()(np.arange(8).reshape(1, 2, 2, 2))
    array([[6., 7.]], dtype=float32)
    """

    kind, rank = "max", 2


class GlobalAveragePooling2D(GlobalPooling):
    """The mean of each channel of an image.

    Parameters
    ----------
    data_format, keepdims
        As for `GlobalPooling`.

    Examples
    --------
    >>> import numpy as np
    >>> GlobalAveragePooling2D()(np.arange(8).reshape(1, 2, 2, 2))
    array([[3., 4.]], dtype=float32)
    """

    kind, rank = "avg", 2


class GlobalMaxPooling1D(GlobalPooling):
    """The largest element of each channel of a sequence.

    Parameters
    ----------
    data_format, keepdims
        As for `GlobalPooling`.

    Examples
    --------
    >>> import numpy as np
    >>> GlobalMaxPooling1D()(np.arange(8).reshape(1, 4, 2))
    array([[6., 7.]], dtype=float32)
    """

    kind, rank = "max", 1


class GlobalAveragePooling1D(GlobalPooling):
    """The mean of each channel of a sequence.

    Parameters
    ----------
    data_format, keepdims
        As for `GlobalPooling`.

    Examples
    --------
    >>> import numpy as np
    >>> GlobalAveragePooling1D(keepdims=True)(np.arange(8).reshape(1, 4, 2))
    array([[[3., 4.]]], dtype=float32)
    """

    kind, rank = "avg", 1
