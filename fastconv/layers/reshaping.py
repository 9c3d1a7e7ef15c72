"""Reshaping, permutation of axes, repetition and upsampling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_int, as_pair, as_single, check_choice, is_whole, items_of
from fastconv.layers.base import Layer
from fastconv.layers.data_format import (
    LAST,
    check_data_format,
    emit_from_last,
    emit_to_last,
    from_last,
    image_shape,
    sequence_shape,
)
from fastconv.plan.geometry.points import resized
from fastconv.plan.operations.sampling import INTERPOLATIONS
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Reshape(Layer):
    """Reshape each sample.

    Parameters
    ----------
    target_shape : tuple of int
        Without the batch axis; one size may be -1.
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If a size is not valid, or the number of elements would change.

    Examples
    --------
    >>> import numpy as np
    >>> Reshape((2, -1))(np.zeros((8, 12))).shape
    (8, 2, 6)
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sizes = items_of(target_shape)
        if sizes is None or not all(is_whole(size) for size in sizes):
            raise TypeError(
                f"Reshape: target_shape must be a sequence of sizes; received {target_shape!r}"
            )
        if any(size < 1 and size != -1 for size in sizes) or sizes.count(-1) > 1:
            raise ValueError(
                "Reshape: target_shape must hold sizes of at least 1, and -1 once at most; "
                f"received {tuple(sizes)}"
            )
        self.target_shape = tuple(int(size) for size in sizes)

    def emit(self, graph: Graph, x: Value) -> Value:
        return graph.reshape(x, self.compute_output_shape(x.shape))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        given, known = math.prod(input_shape), math.prod(n for n in self.target_shape if n != -1)
        rest = given // known
        shape = tuple(rest if n == -1 else n for n in self.target_shape)
        if math.prod(shape) != given:
            raise ValueError(
                f"{self.name}: the number of elements must stay {given}; received x "
                f"{(None, *input_shape)}, target_shape {self.target_shape}"
            )
        return shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


class Permute(Layer):
    """Permute the axes.

    Parameters
    ----------
    dims : tuple of int
        The axes of the input in the order of the output, without the batch axis; the first is 1.
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If `dims` does not name each axis once.

    Examples
    --------
    >>> import numpy as np
    >>> Permute((2, 1))(np.zeros((8, 3, 5))).shape
    (8, 5, 3)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        axes = items_of(dims)
        if axes is None or not all(is_whole(axis) for axis in axes):
            raise TypeError(f"Permute: dims must be a sequence of axes; received {dims!r}")
        if sorted(axes) != list(range(1, len(axes) + 1)):
            raise ValueError(
                f"Permute: dims must name each axis from 1 on, once; received {tuple(axes)}"
            )
        self.dims = tuple(int(axis) for axis in axes)

    def emit(self, graph: Graph, x: Value) -> Value:
        self.compute_output_shape(x.shape)
        return graph.transpose(x, [axis - 1 for axis in self.dims])

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != len(self.dims):
            raise ValueError(
                f"{self.name}: x must have {len(self.dims)} axes behind the batch, as dims says; "
                f"received {(None, *input_shape)}"
            )
        return tuple(input_shape[axis - 1] for axis in self.dims)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(Layer):
    """Repeat a vector (features,) n times, to (n, features).

    Parameters
    ----------
    n : int
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If `n` is not a whole number of at least 1, or x is not (batch, features).

    Examples
    --------
    >>> import numpy as np
    >>> RepeatVector(3)(np.zeros((8, 5))).shape
    (8, 3, 5)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = as_int(n, "n", where="RepeatVector")

    def emit(self, graph: Graph, x: Value) -> Value:
        shape = self.compute_output_shape(x.shape)
        rows = graph.upsample(graph.reshape(x, (1, 1, x.size)), (self.n, 1))
        return graph.reshape(rows, shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise ValueError(
                f"{self.name}: x must have the axes (batch, features); "
                f"received {(None, *input_shape)}"
            )
        return (self.n, *input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}


class Flatten(Layer):
    """Flatten each sample to a vector.

    Parameters
    ----------
    data_format : "channels_last" or "channels_first", optional
        With channels_first, too, the vector is in the order height, width, channel, as in Keras.
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


class UpSampling2D(Layer):
    """Upsample images, by repeating pixels or by bilinear interpolation.

    Parameters
    ----------
    size : int or pair
        Factors of the height and the width.
    data_format : "channels_last" or "channels_first", optional
    interpolation : "nearest" or "bilinear"
    name, input_shape
        As for every `Layer`.

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
        image_shape(x.shape, self.data_format, where=self.name)
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
    """Upsample sequences, by repeating each step.

    Parameters
    ----------
    size : int
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If `size` is not a whole number of at least 1.

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
