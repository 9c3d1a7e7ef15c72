"""Dropout of single elements or whole channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv._arguments import shown
from fastconv.layers.base import Layer
from fastconv.layers.data_format import Spatial, check_data_format, emit_from_last, emit_to_last
from fastconv.utils.arrays import Shape
from fastconv.utils.random import check_seed

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Dropout(Layer):
    """In training, zero a fraction of the elements and scale the rest by 1 / (1 - rate).

    The mask depends on the seed, the training step and the element's index, never on the number of
    threads.

    Parameters
    ----------
    rate : float
        Fraction of the elements to zero, from 0 up to, but not including, 1.
    seed : int, optional
        Default: derived from the model's seed and the layer's index.
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If `rate` or `seed` is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> Dropout(0.5)(np.ones((1, 4)))
    array([[1., 1., 1., 1.]], dtype=float32)
    >>> sorted(set(Dropout(0.5, seed=1)(np.ones((4, 16)), training=True).ravel().tolist()))
    [0.0, 2.0]
    """

    uses_training = True

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, (int, float)):
            raise TypeError(f"Dropout: rate must be a number; received {rate!r}")
        if not 0 <= rate < 1:
            raise ValueError(
                f"Dropout: rate must be at least 0 and below 1; received {shown(rate)}"
            )
        self.rate = float(rate)
        self.given_seed = check_seed(seed, where="Dropout")

    def emit(self, graph: Graph, x: Value) -> Value:
        seed = self.seed if self.given_seed is None else self.given_seed
        return graph.dropout(x, self.rate, seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.given_seed}


class SpatialDropout(Spatial, Dropout):
    """The base of `SpatialDropout2D` and `SpatialDropout1D`."""

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
        seed = self.seed if self.given_seed is None else self.given_seed
        y = graph.spatial_dropout(emit_to_last(graph, x, self.data_format), self.rate, seed)
        return emit_from_last(graph, y, self.data_format)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.shape_as_last(input_shape)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class SpatialDropout2D(SpatialDropout):
    """In training, zero a fraction of an image's channels and scale the rest.

    Parameters
    ----------
    rate, seed
        As for `Dropout`.
    data_format : "channels_last" or "channels_first", optional
    name, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> y = SpatialDropout2D(0.5, seed=1)(np.ones((4, 2, 2, 8)), training=True)
    >>> bool((y == y[:, :1, :1]).all())
    True
    """


class SpatialDropout1D(SpatialDropout):
    """In training, zero a fraction of a sequence's channels and scale the rest.

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
