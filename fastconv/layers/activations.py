"""Activations as layers, with Keras's names and arguments."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from fastconv.layers.activation import ActivationLayer
from fastconv.layers.axes import check_axis, emit_along, place_of
from fastconv.plan.operations.activations import check_attrs
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class ReLU(ActivationLayer):
    """max(x, 0), or with the arguments min(x, max_value), and below the threshold a slope.

    Parameters
    ----------
    max_value : float, optional
        The largest output; default: none.
    negative_slope : float
        negative_slope * (x - threshold) where x <= threshold.
    threshold : float
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If a number is none, or below 0.

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
        self._attrs = check_attrs("clipped_relu", given, where="ReLU")
        plain = self._attrs == {"max_value": math.inf, "negative_slope": 0, "threshold": 0}
        self.kind = "relu" if plain else "clipped_relu"

    def attributes(self) -> dict[str, Any]:
        return {} if self.kind == "relu" else self._attrs

    def get_config(self) -> dict[str, Any]:
        top = self._attrs["max_value"]
        return {
            **super().get_config(),
            **self._attrs,
            "max_value": None if top == math.inf else top,
        }


class LeakyReLU(ActivationLayer):
    """x, or negative_slope * x where x <= 0.

    Parameters
    ----------
    negative_slope : float
        At least 0. Its old name, `alpha`, is understood as well.
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If it is no number, or below 0.

    Examples
    --------
    >>> import numpy as np
    >>> LeakyReLU(0.5)(np.array([[-1.0, 2.0]]))
    array([[-0.5,  2. ]], dtype=float32)
    """

    kind = "leaky_relu"

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
        super().__init__(**kwargs)
        given = {"negative_slope": negative_slope}
        self.negative_slope = check_attrs(self.kind, given, where="LeakyReLU")["negative_slope"]

    def attributes(self) -> dict[str, Any]:
        return {"negative_slope": self.negative_slope}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(ActivationLayer):
    """x, or alpha * (exp(x) - 1) where x <= 0.

    Parameters
    ----------
    alpha : float
        At least 0.
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If it is no number, or below 0.

    Examples
    --------
    >>> import numpy as np
    >>> ELU()(np.array([[-1.0, 2.0]])).round(4)
    array([[-0.6321,  2.    ]], dtype=float32)
    """

    kind = "elu"

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = check_attrs(self.kind, {"alpha": alpha}, where="ELU")["alpha"]

    def attributes(self) -> dict[str, Any]:
        return {"alpha": self.alpha}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class GELU(ActivationLayer):
    """x times the standard normal distribution function at x.

    Parameters
    ----------
    approximate : bool
        By tanh, as in `fastconv.ops.gelu`.
    name, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> GELU()(np.array([[-1.0, 1.0]])).round(4)
    array([[-0.1587,  0.8413]], dtype=float32)
    """

    kind = "gelu"

    def __init__(self, approximate: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = {"approximate": approximate}
        self.approximate = check_attrs(self.kind, given, where="GELU")["approximate"]

    def attributes(self) -> dict[str, Any]:
        return {"approximate": self.approximate}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "approximate": self.approximate}


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
        Of the classes; -1 is the last one. Another one is turned to the end and back.
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
        place_of(self.axis, input_shape, where=self.name)
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
