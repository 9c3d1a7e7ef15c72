"""Zero padding and cropping of images and sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_pair
from fastconv.layers.base import Layer
from fastconv.layers.data_format import FIRST, Spatial, check_data_format
from fastconv.plan.geometry.padding import Pair, resolve_padding
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


Sides = tuple[Pair, ...]


class PaddingOrCropping(Spatial, Layer):
    """The base of padding and cropping: (before, after) for each axis but the channels."""

    def check_sides(self, value: Any, data_format: str | None, what: str) -> Sides:
        """Set the data format; return the argument `what` as (before, after) for each axis."""
        where = type(self).__name__
        self.data_format = check_data_format(data_format, where=where)
        if self.rank == 1:
            return (as_pair(value, what, where=where, minimum=0),)
        if isinstance(value, str):
            raise TypeError(f"{where}: {what} must be numbers; received {value!r}")
        return resolve_padding(value, (1, 1), (1, 1), (1, 1), where=where)

    def all_sides(self, sides: Sides, x: Shape) -> Sides:
        """The sides of all axes of `x`; those of the channels are (0, 0)."""
        self.shape_as_last(x)
        return ((0, 0), *sides) if self.data_format == FIRST else (*sides, (0, 0))


class ZeroPadding(PaddingOrCropping):
    """The base of `ZeroPadding2D` and `ZeroPadding1D`."""

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = self.check_sides(padding, data_format, "padding")

    def emit(self, graph: Graph, x: Value) -> Value:
        return graph.pad(x, self.all_sides(self.padding, x.shape))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sides = self.all_sides(self.padding, input_shape)
        return tuple(a + n + b for (a, b), n in zip(sides, input_shape, strict=True))

    def get_config(self) -> dict[str, Any]:
        padding = self.padding if self.rank == 2 else self.padding[0]
        return {**super().get_config(), "padding": padding, "data_format": self.data_format}


class Cropping(PaddingOrCropping):
    """The base of `Cropping2D` and `Cropping1D`."""

    def __init__(self, cropping: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = self.check_sides(cropping, data_format, "cropping")

    def emit(self, graph: Graph, x: Value) -> Value:
        return graph.crop(x, self.all_sides(self.cropping, x.shape))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sides = self.all_sides(self.cropping, input_shape)
        shape = tuple(n - a - b for (a, b), n in zip(sides, input_shape, strict=True))
        if min(shape) < 1:
            raise ValueError(
                f"{self.name}: something of x must be left; received x {(None, *input_shape)}, "
                f"cropping {self.cropping}"
            )
        return shape

    def get_config(self) -> dict[str, Any]:
        cropping = self.cropping if self.rank == 2 else self.cropping[0]
        return {**super().get_config(), "cropping": cropping, "data_format": self.data_format}


class ZeroPadding2D(ZeroPadding):
    """Pad images with zeros.

    Parameters
    ----------
    padding : int, (rows, columns) or ((top, bottom), (left, right))
    data_format : "channels_last" or "channels_first", optional
    name, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> ZeroPadding2D(((0, 1), (2, 3)))(np.zeros((1, 4, 4, 5))).shape
    (1, 5, 9, 5)
    """


class ZeroPadding1D(ZeroPadding):
    """Pad sequences with zeros.

    Parameters
    ----------
    padding : int or (before, after)
    data_format, name, input_shape
        As for `ZeroPadding2D`.

    Examples
    --------
    >>> import numpy as np
    >>> ZeroPadding1D((0, 2))(np.zeros((1, 4, 5))).shape
    (1, 6, 5)
    """

    rank = 1


class Cropping2D(Cropping):
    """Crop images.

    Parameters
    ----------
    cropping : int, (rows, columns) or ((top, bottom), (left, right))
    data_format : "channels_last" or "channels_first", optional
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or nothing would be left.

    Examples
    --------
    >>> import numpy as np
    >>> Cropping2D(((0, 1), (2, 1)))(np.zeros((1, 4, 4, 5))).shape
    (1, 3, 1, 5)
    """

    def __init__(
        self,
        cropping: int | Sequence[Any] = ((0, 0), (0, 0)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping1D(Cropping):
    """Crop sequences.

    Parameters
    ----------
    cropping : int or (before, after)
    data_format, name, input_shape
        As for `Cropping2D`.

    Examples
    --------
    >>> import numpy as np
    >>> Cropping1D((0, 2))(np.zeros((1, 4, 5))).shape
    (1, 2, 5)
    """

    rank = 1
