"""Pooling over windows, and global pooling over a whole image or sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_float, check_choice
from fastconv._old_paths import module_hooks
from fastconv.layers.base import Layer
from fastconv.layers.data_format import Spatial, check_data_format, from_last
from fastconv.plan.geometry.padding import Pair, check_padding
from fastconv.plan.geometry.shapes import pool2d_shape
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value
else:
    __getattr__, __dir__ = module_hooks(__name__)  # Keras's older programs find all layers here


class Pooling(Spatial, Layer):
    """The base of layers that pool windows of images or sequences, channel by channel."""

    kind: str
    padding: str | tuple[Pair, Pair]

    def set_window(self, pool_size: Any, strides: Any) -> None:
        """Check and set the window's size and strides."""
        window = self.as_sizes(pool_size, "pool_size")
        steps = window if strides is None else self.as_sizes(strides, "strides")
        self.pool_size, self.strides = self.as_given(window), self.as_given(steps)

    @property
    def _window(self) -> tuple[Pair, Pair]:
        """The window's size and strides as pairs."""
        return self.as_pair(self.pool_size), self.as_pair(self.strides)

    def attributes(self) -> dict[str, Any]:
        """Further attributes of the pooling primitive `kind`."""
        return {}

    def emit(self, graph: Graph, x: Value) -> Value:
        image, more = self.emit_image(graph, x), self.attributes()
        y = graph.pool2d(image, self.kind, *self._window, self.padding, **more)
        return self.emit_from_image(graph, y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        image = (1, *self.image_shape(input_shape))
        geometry = pool2d_shape(image, *self._window, self.padding, where=self.name)
        return self.shape_of_images(geometry.y_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
        }


class Pooling2D(Pooling):
    """The base of pooling over images; the arguments are explained in `MaxPooling2D`."""

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2),
        strides: int | Sequence[int] | None = None,
        padding: Any = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.set_window(pool_size, strides)
        self.padding = check_padding(padding, where=type(self).__name__)
        self.data_format = check_data_format(data_format, where=type(self).__name__)


class Pooling1D(Pooling):
    """The base of pooling over sequences; the arguments are explained in `MaxPooling1D`."""

    rank = 1

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
        self.set_window(pool_size, strides)
        name = padding.lower() if isinstance(padding, str) else padding
        self.padding = check_choice(name, ("valid", "same"), where=where, what="padding")
        self.data_format = check_data_format(data_format, where=where)


class MaxPooling2D(Pooling2D):
    """The maximum of each window.

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
    """The mean of each window; padding does not count.

    The arguments are those of `MaxPooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> AveragePooling2D((1, 2))(np.array([3.0, 5.0, 4.0, 1.0]).reshape(1, 1, 4, 1)).ravel()
    array([4. , 2.5], dtype=float32)
    """

    kind = "avg"


class MinPooling2D(Pooling2D):
    """The minimum of each window.

    The arguments are those of `MaxPooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> MinPooling2D((1, 2))(np.array([3.0, 5.0, 4.0, 1.0]).reshape(1, 1, 4, 1)).ravel()
    array([3., 1.], dtype=float32)
    """

    kind = "min"


class LPPooling2D(Pooling2D):
    """The p-norm of each window, (sum of abs(x)**p)**(1/p); p = 2 is L2-norm pooling.

    Parameters
    ----------
    pool_size, strides, padding, data_format
        As for `MaxPooling2D`.
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


class MaxPooling1D(Pooling1D):
    """The maximum of each window.

    Parameters
    ----------
    pool_size : int
        Number of steps in the window.
    strides : int, optional
        Default: `pool_size`.
    padding : "valid" or "same"
    data_format, name, trainable, input_shape
        As for `MaxPooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> MaxPooling1D(2)(np.array([3.0, 5.0, 4.0, 1.0]).reshape(1, 4, 1)).ravel()
    array([5., 4.], dtype=float32)
    """

    kind = "max"


class AveragePooling1D(Pooling1D):
    """The mean of each window; padding does not count.

    The arguments are those of `MaxPooling1D`.

    Examples
    --------
    >>> import numpy as np
    >>> AveragePooling1D(2)(np.array([3.0, 5.0, 4.0, 1.0]).reshape(1, 4, 1)).ravel()
    array([4. , 2.5], dtype=float32)
    """

    kind = "avg"


class GlobalPooling(Spatial, Layer):
    """The base of the global pooling layers."""

    kind: str

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
        image = self.emit_image(graph, x)
        pooled = graph.pool2d(image, self.kind, image.shape[:2])
        return graph.reshape(pooled, shape)  # a single pixel is the same in either data format

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        channels = self.image_shape(input_shape)[2]
        return from_last((*[1] * self.rank * self.keepdims, channels), self.data_format)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {**config, "data_format": self.data_format, "keepdims": self.keepdims}


class GlobalMaxPooling2D(GlobalPooling):
    """The maximum of each channel of an image.

    Parameters
    ----------
    data_format : "channels_last" or "channels_first", optional
    keepdims : bool
        Whether the pooled axes are kept, with size 1.
    name, trainable, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> GlobalMaxPooling2D()(np.arange(8).reshape(1, 2, 2, 2))
    array([[6., 7.]], dtype=float32)
    """

    kind = "max"


class GlobalAveragePooling2D(GlobalPooling):
    """The mean of each channel of an image.

    The arguments are those of `GlobalMaxPooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> GlobalAveragePooling2D()(np.arange(8).reshape(1, 2, 2, 2))
    array([[3., 4.]], dtype=float32)
    """

    kind = "avg"


class GlobalMaxPooling1D(GlobalPooling):
    """The maximum of each channel of a sequence.

    The arguments are those of `GlobalMaxPooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> GlobalMaxPooling1D()(np.arange(8).reshape(1, 4, 2))
    array([[6., 7.]], dtype=float32)
    """

    kind = "max"
    rank = 1


class GlobalAveragePooling1D(GlobalPooling):
    """The mean of each channel of a sequence.

    The arguments are those of `GlobalMaxPooling2D`.

    Examples
    --------
    >>> import numpy as np
    >>> GlobalAveragePooling1D(keepdims=True)(np.arange(8).reshape(1, 4, 2))
    array([[[3., 4.]]], dtype=float32)
    """

    kind = "avg"
    rank = 1
