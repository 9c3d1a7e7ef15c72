"""Batch normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv import initializers
from fastconv._arguments import as_float
from fastconv.layers.axes import check_axis, emit_along, place_of
from fastconv.layers.base import Layer
from fastconv.layers.scaled import ScaledNormalization
from fastconv.utils.arrays import Shape
from fastconv.utils.configured import serialize

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class BatchNormalization(ScaledNormalization):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, for each channel.

    While training, mean and variance are those of the batch, and the moving ones follow them:
    moving = momentum * moving + (1 - momentum) * batch. Inference uses the moving ones, and so does
    training while ``trainable`` is False, as in Keras.

    Parameters
    ----------
    axis : int
        Of the channels; another than the last one is turned to the end and back.
    momentum : float
        From 0 to 1.
    epsilon : float
    center, scale : bool
        Whether there is a trained beta and gamma.
    beta_initializer, gamma_initializer : str or Initializer
    moving_mean_initializer, moving_variance_initializer : str or Initializer
    name, trainable, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range; with the nearest name if one is misspelt.

    Notes
    -----
    The weights are gamma, beta, moving_mean, moving_variance; the variances are those of the batch
    itself (divided by the number of elements).

    Examples
    --------
    >>> import numpy as np
    >>> layer = BatchNormalization(epsilon=0)
    >>> layer(np.array([[0.0], [2.0]]), training=True)
    array([[-1.],
           [ 1.]], dtype=float32)
    >>> [parameter.name for parameter in layer.parameters][2:]
    ['batch_normalization/moving_mean', 'batch_normalization/moving_variance']

    References
    ----------
    Ioffe, Szegedy, "Batch normalization" (2015).
    """

    uses_training = True

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(epsilon, center, scale, beta_initializer, gamma_initializer, **kwargs)
        self.axis = check_axis(axis, where="BatchNormalization")
        self.momentum = as_float(momentum, "momentum", where="BatchNormalization")
        if not 0 <= self.momentum <= 1:
            raise ValueError(
                f"BatchNormalization: momentum must be from 0 to 1; received {momentum!r}"
            )
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: Shape) -> None:
        shape = (input_shape[place_of(self.axis, input_shape, where=self.name)],)
        self.add_scale(shape)
        self.moving_mean = self.add_weight(
            "moving_mean", shape, self.moving_mean_initializer, trainable=False
        )
        self.moving_variance = self.add_weight(
            "moving_variance", shape, self.moving_variance_initializer, trainable=False
        )

    def emit(self, graph: Graph, x: Value) -> Value:
        still = graph.in_inference

        def record(y: Value) -> Value:
            return graph.batch_norm(
                y,
                self.gamma,
                self.beta,
                self.moving_mean,
                self.moving_variance,
                momentum=self.momentum,
                epsilon=self.epsilon,
                adapts=lambda: self.trainable and not still,
            )

        return emit_along(graph, x, self.axis, record, self.name)

    def get_config(self) -> dict[str, Any]:
        return {
            **Layer.get_config(self),
            "axis": self.axis,
            "momentum": self.momentum,
            **self.scale_config(),
            "moving_mean_initializer": serialize(self.moving_mean_initializer),
            "moving_variance_initializer": serialize(self.moving_variance_initializer),
        }
