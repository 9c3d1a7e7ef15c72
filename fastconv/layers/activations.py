"""Activations: by name as another layer's `activation`, or as separate layers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastconv import initializers
from fastconv._arguments import check_choice, is_whole, items_of
from fastconv.layers.base import Layer
from fastconv.layers.data_format import check_axis, emit_along, sample_axis
from fastconv.plan.operations.activations import check_attrs
from fastconv.utils.arrays import Shape
from fastconv.utils.configured import serialize

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


# The kind and the attributes of the activation primitive, by Keras's name.
ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("relu", {}),
    "softmax": ("softmax", {}),
    "relu6": ("clipped_relu", {"max_value": 6.0}),
    "leaky_relu": ("leaky_relu", {}),
    "elu": ("elu", {}),
    "selu": ("selu", {}),
    "gelu": ("gelu", {}),
    "silu": ("silu", {}),
    "swish": ("silu", {}),
    "hard_silu": ("hard_silu", {}),
    "hard_swish": ("hard_silu", {}),
    "sigmoid": ("sigmoid", {}),
    "hard_sigmoid": ("hard_sigmoid", {}),
    "tanh": ("tanh", {}),
    "softplus": ("softplus", {}),
    "softsign": ("softsign", {}),
    "exponential": ("exponential", {}),
}


class ActivationLayer(Layer):
    """An activation without weights, which other layers may take as their `activation`."""

    kind = ""
    own: tuple[str, ...] = ()
    """The names of the primitive's attributes, which are also arguments and configuration."""

    def keep(self, **given: Any) -> None:
        """Check the class's own arguments and set each as an attribute."""
        for name, value in check_attrs(self.kind, given, where=type(self).__name__).items():
            setattr(self, name, value)

    def attributes(self) -> dict[str, Any]:
        """The attributes of the activation primitive `kind`."""
        return {name: getattr(self, name) for name in self.own}

    def emit(self, graph: Graph, x: Value) -> Value:
        return graph.activation(x, self.kind, **self.attributes())

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **{name: getattr(self, name) for name in self.own}}


def check_activation(value: Any, *, where: str) -> Any:
    """A layer's `activation` argument in serializable form.

    A name stays a name, None becomes "linear", a function of `fastconv.activations` its name, and
    an activation layer, such as ``LeakyReLU(0.1)``, its serialized configuration.

    Raises
    ------
    TypeError, ValueError
        If it is none of these; the nearest name is proposed if one is misspelled.
    """
    if value is None:
        return "linear"
    if isinstance(value, Activation) or (callable(value) and hasattr(value, "activation")):
        return value.activation
    if isinstance(value, (ActivationLayer, Mapping)):
        return serialize(_described(value, where))
    return check_choice(value, ("linear", *ACTIVATIONS), where=where, what="activation")


def emit_activation(graph: Graph, x: Value, activation: Any) -> Value:
    """Record on `x` the activation that `check_activation` returned."""
    if activation == "linear":
        return x
    if isinstance(activation, Mapping):
        return _described(activation, "activation").emit(graph, x)
    kind, attrs = ACTIVATIONS[activation]
    return graph.activation(x, kind, **attrs)


def _described(value: ActivationLayer | Mapping[str, Any], where: str) -> ActivationLayer:
    """The activation layer of a serialized configuration; a layer is returned as it is."""
    if isinstance(value, ActivationLayer):
        return value
    classes = {cls.__name__: cls for cls in CLASSES}
    name = check_choice(value.get("class"), classes, where=where, what="activation")
    return classes[name].from_config(value.get("config", {}))


class Activation(Layer):
    """Apply an activation by name.

    Parameters
    ----------
    activation : str
        "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu" (or "swish"), "hard_silu" (or
        "hard_swish"), "sigmoid", "hard_sigmoid", "tanh", "softplus", "softsign", "exponential",
        "softmax" or "linear"; also an instance such as ``LeakyReLU(0.1)``.
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If it is none of these; the nearest name is proposed if one is misspelled.

    Examples
    --------
    >>> import numpy as np
    >>> Activation("relu")(np.array([[-1.0, 2.0]]))
    array([[0., 2.]], dtype=float32)
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = check_activation(activation, where="Activation")

    def emit(self, graph: Graph, x: Value) -> Value:
        return emit_activation(graph, x, self.activation)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": self.activation}


class ReLU(ActivationLayer):
    """min(x, max_value) where x > threshold, and a line of slope `negative_slope` elsewhere.

    The default is max(x, 0).

    Parameters
    ----------
    max_value : float, optional
        The largest output; default: no limit. None of the three arguments may be below 0.
    negative_slope : float
        The output is negative_slope * (x - threshold) where x <= threshold.
    threshold : float
    name, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> ReLU()(np.array([[-1.0, 8.0]]))
    array([[0., 8.]], dtype=float32)
    >>> ReLU(max_value=6, negative_slope=0.5)(np.array([[-1.0, 8.0]]))
    array([[-0.5,  6. ]], dtype=float32)
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        given = {"max_value": max_value, "negative_slope": negative_slope, "threshold": threshold}
        self._attrs = check_attrs("clipped_relu", given, where=type(self).__name__)
        plain = self._attrs == {"max_value": math.inf, "negative_slope": 0, "threshold": 0}
        self.kind = "relu" if plain else "clipped_relu"

    def attributes(self) -> dict[str, Any]:
        return {} if self.kind == "relu" else self._attrs

    def get_config(self) -> dict[str, Any]:
        top = self._attrs["max_value"]
        own = {**self._attrs, "max_value": None if top == math.inf else top}
        return {**super().get_config(), **own}


class LeakyReLU(ActivationLayer):
    """x, or negative_slope * x where x <= 0.

    Parameters
    ----------
    negative_slope : float
        At least 0. Its older name `alpha` is accepted as well.
    name, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> LeakyReLU(0.5)(np.array([[-1.0, 2.0]]))
    array([[-0.5,  2. ]], dtype=float32)
    """

    kind = "leaky_relu"
    own = ("negative_slope",)
    negative_slope: float

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
        super().__init__(**kwargs)
        self.keep(negative_slope=negative_slope)


class ELU(ActivationLayer):
    """x, or alpha * (exp(x) - 1) where x <= 0.

    Parameters
    ----------
    alpha : float
        At least 0.
    name, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> ELU()(np.array([[-1.0, 2.0]])).round(4)
    array([[-0.6321,  2.    ]], dtype=float32)
    """

    kind = "elu"
    own = ("alpha",)
    alpha: float

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(alpha=alpha)


class GELU(ActivationLayer):
    """x times the standard normal distribution function at x.

    Parameters
    ----------
    approximate : bool
        Whether to use the tanh approximation, as in `fastconv.ops.gelu`.
    name, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> GELU()(np.array([[-1.0, 1.0]])).round(4)
    array([[-0.1587,  0.8413]], dtype=float32)
    """

    kind = "gelu"
    own = ("approximate",)
    approximate: bool

    def __init__(self, approximate: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(approximate=approximate)


class SiLU(ActivationLayer):
    """x * sigmoid(x), also called swish.

    Examples
    --------
    >>> import numpy as np
    >>> SiLU()(np.array([[0.0, 1.0]])).round(4)
    array([[0.    , 0.7311]], dtype=float32)
    """

    kind = "silu"


class Sigmoid(ActivationLayer):
    """1 / (1 + exp(-x)).

    Examples
    --------
    >>> import numpy as np
    >>> Sigmoid()(np.zeros((1, 2)))
    array([[0.5, 0.5]], dtype=float32)
    """

    kind = "sigmoid"


class Tanh(ActivationLayer):
    """Hyperbolic tangent.

    Examples
    --------
    >>> import numpy as np
    >>> Tanh()(np.array([[0.0, 1.0]])).round(4)
    array([[0.    , 0.7616]], dtype=float32)
    """

    kind = "tanh"


class Softmax(ActivationLayer):
    """exp(x) / Σ exp(x) along an axis.

    Parameters
    ----------
    axis : int
        The axis of the classes; -1 is the last one. Another one is transposed to the end and back.
    name, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> Softmax()(np.zeros((1, 4)))
    array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """

    kind = "softmax"

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = check_axis(axis, where="Softmax")

    def emit(self, graph: Graph, x: Value) -> Value:
        return emit_along(graph, x, self.axis, lambda y: graph.activation(y, "softmax"), self.name)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sample_axis(self.axis, input_shape, where=self.name)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


CLASSES: tuple[type[ActivationLayer], ...] = (
    ReLU,
    LeakyReLU,
    ELU,
    GELU,
    SiLU,
    Sigmoid,
    Tanh,
    Softmax,
)


class PReLU(Layer):
    """x, or alpha * x where x <= 0, with a trained alpha for each element of a sample.

    Parameters
    ----------
    alpha_initializer : str or Initializer
    shared_axes : int or sequence of int, optional
        Axes (1 is the first after the batch axis) along which alpha is shared: with ``[1, 2]``,
        images have one alpha per channel.
    name, trainable, input_shape
        As for every `Layer`.

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
        axes = [] if shared_axes is None else shared_axes
        given = [axes] if is_whole(axes) else items_of(axes)
        if given is None:
            raise TypeError(
                f"PReLU: shared_axes must be a sequence of axes; received {shared_axes!r}"
            )
        self.shared_axes = [check_axis(axis, where="PReLU") for axis in given]

    def build(self, input_shape: Shape) -> None:
        shared = {sample_axis(axis, input_shape, where=self.name) for axis in self.shared_axes}
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
