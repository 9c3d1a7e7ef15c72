"""Batch, layer and group normalization, with a trained scale gamma and offset beta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv import initializers
from fastconv._arguments import as_float, as_int, is_whole, items_of
from fastconv._old_paths import module_hooks
from fastconv.layers.base import Layer
from fastconv.layers.data_format import check_axis, emit_along, sample_axis
from fastconv.plan.parameters import Parameter
from fastconv.utils.arrays import Shape
from fastconv.utils.configured import serialize

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value
else:
    __getattr__, __dir__ = module_hooks(__name__)  # Keras's older programs find all layers here


class ScaledNormalization(Layer):
    """The base of the normalization layers: epsilon, gamma and beta."""

    gamma: Parameter | None
    beta: Parameter | None

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        where = type(self).__name__
        self.epsilon = as_float(epsilon, "epsilon", where=where)
        if self.epsilon < 0:
            raise ValueError(f"{where}: epsilon must be at least 0; received {epsilon!r}")
        for what, value in (("center", center), ("scale", scale)):
            if not isinstance(value, bool):
                raise TypeError(f"{where}: {what} must be True or False; received {value!r}")
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)

    def add_scale(self, shape: Sequence[int]) -> None:
        """Add gamma if `scale` and beta if `center` is set, else None."""
        self.gamma = self.add_weight("gamma", shape, self.gamma_initializer) if self.scale else None
        self.beta = self.add_weight("beta", shape, self.beta_initializer) if self.center else None

    def scale_config(self) -> dict[str, Any]:
        """The arguments that all normalization layers share."""
        return {
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": serialize(self.beta_initializer),
            "gamma_initializer": serialize(self.gamma_initializer),
        }


class BatchNormalization(ScaledNormalization):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, for each channel.

    In training, mean and variance are those of the batch, and the moving averages are updated:
    moving = momentum * moving + (1 - momentum) * batch. Inference uses the moving averages, and so
    does training while ``trainable`` is False, as in Keras.

    Parameters
    ----------
    axis : int
        The axis of the channels; other axes than the last are transposed to the end and back.
    momentum : float
        From 0 to 1.
    epsilon : float
    center, scale : bool
        Whether there is a trained beta, and a trained gamma.
    beta_initializer, gamma_initializer : str or Initializer
    moving_mean_initializer, moving_variance_initializer : str or Initializer
    name, trainable, input_shape
        As for every `Layer`.

    Notes
    -----
    The weights are gamma, beta, moving_mean, moving_variance; variances are population variances
    (divided by the number of elements).

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
        shape = (input_shape[sample_axis(self.axis, input_shape, where=self.name)],)
        self.add_scale(shape)
        self.moving_mean = self.add_weight(
            "moving_mean", shape, self.moving_mean_initializer, trainable=False
        )
        self.moving_variance = self.add_weight(
            "moving_variance", shape, self.moving_variance_initializer, trainable=False
        )

    def emit(self, graph: Graph, x: Value) -> Value:
        inference = graph.in_inference

        def record(y: Value) -> Value:
            return graph.batch_norm(
                y,
                self.gamma,
                self.beta,
                self.moving_mean,
                self.moving_variance,
                momentum=self.momentum,
                epsilon=self.epsilon,
                adapts=lambda: self.trainable and not inference,
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


class LayerNormalization(ScaledNormalization):
    """Normalize each sample to mean 0 and variance 1 over its last axes; times gamma, plus beta.

    Parameters
    ----------
    axis : int or sequence of int
        The axes that are normalized together: the last one, or several up to the last one. gamma
        and beta have their shape.
    epsilon, center, scale, beta_initializer, gamma_initializer, name, trainable, input_shape
        As for `BatchNormalization`.

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
        """The number of axes that are normalized together."""
        axes = sorted(sample_axis(axis, shape, where=self.name) for axis in self.axis)
        if axes != list(range(len(shape) - len(axes), len(shape))):
            raise ValueError(
                f"{self.name}: axis must be the last axis of x, or several up to the last one; "
                f"received axis {self.axis}, x {(None, *shape)}"
            )
        return len(axes)

    def get_config(self) -> dict[str, Any]:
        axis = self.axis[0] if len(self.axis) == 1 else self.axis
        return {**Layer.get_config(self), "axis": axis, **self.scale_config()}


class GroupNormalization(ScaledNormalization):
    """Normalize each sample's groups of adjacent channels to mean 0 and variance 1 over all pixels.

    Parameters
    ----------
    groups : int
        Must divide the number of channels; 1 is one group of all channels, -1 one group for each
        channel (instance normalization).
    axis : int
        The axis of the channels; other axes than the last are transposed to the end and back.
    epsilon, center, scale, beta_initializer, gamma_initializer, name, trainable, input_shape
        As for `BatchNormalization`.

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
        channels = shape[sample_axis(self.axis, shape, where=self.name)]
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
