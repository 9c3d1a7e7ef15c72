"""Pooling over windows, and over the whole of an image or a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_float, as_pair, as_single, check_choice
from fastconv._keras_paths import module_hooks
from fastconv.layers.base import Layer
from fastconv.layers.data_format import (
    check_data_format,
    emit_as_row,
    emit_from_last,
    emit_from_row,
    emit_to_last,
    from_last,
    image_shape,
    sequence_shape,
)
from fastconv.plan.geometry.padding import check_padding
from fastconv.plan.geometry.shapes import pool2d_shape
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value
else:
    __getattr__, __dir__ = module_hooks(__name__)  # Keras's older programs find all layers here


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
