"""Layer normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import is_whole, items_of
from fastconv.layers.axes import check_axis, place_of
from fastconv.layers.base import Layer
from fastconv.layers.scaled import ScaledNormalization
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class LayerNormalization(ScaledNormalization):
    """Each sample at mean 0 and variance 1 over its last axes, times gamma, plus beta.

    Parameters
    ----------
    axis : int or sequence of int
        The axes that are normalised together: the last one, or several up to the last one. gamma
        and beta have their shape.
    epsilon : float
    center, scale : bool
        Whether there is a trained beta and gamma.
    beta_initializer, gamma_initializer : str or Initializer
    name, trainable, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range; with the nearest name if one is misspelt.

    Examples
    --------
    >>> import numpy as np
    >>> LayerNormalization(epsilon=0)(np.array([[1.0, 3.0], [10.0, 40.0]]))
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)

    References
    ----------
    Ba, Kiros, Hinton, "Layer normalization" (2016).
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(epsilon, center, scale, beta_initializer, gamma_initializer, **kwargs)
        given = [axis] if is_whole(axis) else items_of(axis)
        if not given:
            raise TypeError(
                f"LayerNormalization: axis must be an axis or a list of them; received {axis!r}"
            )
        self.axis = [check_axis(each, where="LayerNormalization") for each in given]

    def build(self, input_shape: Shape) -> None:
        self.add_scale(input_shape[len(input_shape) - self._count(input_shape) :])

    def emit(self, graph: Graph, x: Value) -> Value:
        axes = self._count(x.shape)
        return graph.layer_norm(x, self.gamma, self.beta, axes=axes, epsilon=self.epsilon)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self._count(input_shape)
        return tuple(input_shape)

    def _count(self, shape: Shape) -> int:
        """How many axes are normalised."""
        places = sorted(place_of(axis, shape, where=self.name) for axis in self.axis)
        if places != list(range(len(shape) - len(places), len(shape))):
            raise ValueError(
                f"{self.name}: axis must be the last axis of x, or several up to the last one; "
                f"received axis {self.axis}, x {(None, *shape)}"
            )
        return len(places)

    def get_config(self) -> dict[str, Any]:
        axis = self.axis[0] if len(self.axis) == 1 else self.axis
        return {**Layer.get_config(self), "axis": axis, **self.scale_config()}
