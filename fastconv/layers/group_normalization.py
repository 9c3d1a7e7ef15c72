"""Group normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_int
from fastconv.layers.axes import check_axis, emit_along, place_of
from fastconv.layers.base import Layer
from fastconv.layers.scaled import ScaledNormalization
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class GroupNormalization(ScaledNormalization):
    """Each sample's groups of neighbouring channels at mean 0 and variance 1 over all places.

    Parameters
    ----------
    groups : int
        Divides the channels; 1 takes all of them together, -1 each one by itself (instance
        normalisation).
    axis : int
        Of the channels; another than the last one is turned to the end and back.
    epsilon : float
    center, scale : bool
        Whether each channel has a trained beta and gamma.
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
    >>> GroupNormalization(groups=2, epsilon=0)(np.array([[1.0, 3.0, 10.0, 40.0]]))
    array([[-1.,  1., -1.,  1.]], dtype=float32)

    References
    ----------
    Wu, He, "Group normalization" (2018).
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(epsilon, center, scale, beta_initializer, gamma_initializer, **kwargs)
        where = "GroupNormalization"
        self.groups = -1 if groups == -1 else as_int(groups, "groups", where=where)
        self.axis = check_axis(axis, where=where)

    def build(self, input_shape: Shape) -> None:
        channels = self._channels(input_shape)
        self.add_scale((channels,))

    def emit(self, graph: Graph, x: Value) -> Value:
        channels = self._channels(x.shape)
        groups = channels if self.groups == -1 else self.groups
        return emit_along(
            graph,
            x,
            self.axis,
            lambda y: graph.group_norm(y, self.gamma, self.beta, groups, epsilon=self.epsilon),
            self.name,
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self._channels(input_shape)
        return tuple(input_shape)

    def _channels(self, shape: Shape) -> int:
        channels = shape[place_of(self.axis, shape, where=self.name)]
        if self.groups != -1 and channels is not None and channels % self.groups:
            raise ValueError(
                f"{self.name}: groups must divide the channels of x; "
                f"received groups {self.groups}, x {(None, *shape)}"
            )
        return channels

    def get_config(self) -> dict[str, Any]:
        return {
            **Layer.get_config(self),
            "groups": self.groups,
            "axis": self.axis,
            **self.scale_config(),
        }
