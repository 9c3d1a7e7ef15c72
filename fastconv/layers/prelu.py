"""Parametric ReLU: a trained slope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv import initializers
from fastconv._arguments import is_whole, items_of
from fastconv.layers.axes import check_axis, place_of
from fastconv.layers.base import Layer
from fastconv.utils.arrays import Shape
from fastconv.utils.configured import serialize

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class PReLU(Layer):
    """x, or alpha * x where x <= 0, with a trained alpha for each element of a sample.

    Parameters
    ----------
    alpha_initializer : str or Initializer
    shared_axes : int or sequence of int, optional
        Axes (1 is the first after the batch) along which one alpha serves all: ``[1, 2]`` gives
        images one alpha per channel.
    name, trainable, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> layer = PReLU(alpha_initializer="ones", shared_axes=[1, 2])
    >>> layer(np.full((1, 4, 4, 3), -2.0))[0, 0, 0]
    array([-2., -2., -2.], dtype=float32)
    >>> layer.alpha.shape
    (1, 1, 3)

    References
    ----------
    He et al., "Delving deep into rectifiers" (2015).
    """

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        given = [shared_axes] if is_whole(shared_axes) else items_of(shared_axes or [])
        if given is None:
            raise TypeError(
                f"PReLU: shared_axes must be a sequence of axes; received {shared_axes!r}"
            )
        self.shared_axes = [check_axis(axis, where="PReLU") for axis in given]

    def build(self, input_shape: Shape) -> None:
        shared = {place_of(axis, input_shape, where=self.name) for axis in self.shared_axes}
        shape = [1 if i in shared else size for i, size in enumerate(input_shape)]
        self.alpha = self.add_weight("alpha", shape, self.alpha_initializer)

    def emit(self, graph: Graph, x: Value) -> Value:
        return graph.prelu(x, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha_initializer": serialize(self.alpha_initializer),
            "shared_axes": self.shared_axes or None,
        }
