"""Penalties of weights and outputs that are added to the model's loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from fastconv import regularizers
from fastconv.layers.base import Layer
from fastconv.plan.parameters import Parameter
from fastconv.regularizers import L1L2
from fastconv.utils.configured import serialize

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Regularized(Layer):
    """A layer with regularizers of its weights and output, whose penalties join the model's loss.

    Parameters
    ----------
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
        "l1", "l2", "l1_l2", or an instance, of `fastconv.regularizers`. A subclass may have others,
        in its `more_keywords`.
    activity_regularizer : str or Regularizer, optional
        For the layer's output; the penalty of a batch is divided by its number of samples.
    **kwargs
        As for every `Layer`.
    """

    more_keywords: ClassVar[Mapping[str, str]] = {
        "kernel_regularizer": "kernel", "bias_regularizer": "bias",
    }  # fmt: skip
    """The regularizer arguments, and the weight each is for."""

    def __init__(self, *, activity_regularizer: Any = None, **kwargs: Any) -> None:
        given = {argument: kwargs.pop(argument, None) for argument in self.more_keywords}
        super().__init__(**kwargs)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        for argument, value in given.items():
            setattr(self, argument, regularizers.get(value))

    def add_weight(
        self,
        name: str | None = None,
        shape: Sequence[int] = (),
        initializer: Any = "glorot_uniform",
        trainable: bool = True,
    ) -> Parameter:
        parameter = super().add_weight(name, shape, initializer, trainable)
        known = {weight: getattr(self, argument) for argument, weight in self.more_keywords.items()}
        parameter.regularizer = known.get(name or "")
        return parameter

    def emit_penalty(self, graph: Graph, y: Value) -> Value:
        """Record the output's penalty, if it has a regularizer."""
        cost = self.activity_regularizer
        return y if cost is None else graph.activity_penalty(y, cost.l1, cost.l2)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for argument in (*self.more_keywords, "activity_regularizer"):
            value = getattr(self, argument)
            if value is not None:
                config[argument] = serialize(value)
        return config


class ActivityRegularization(Layer):
    """The identity; adds l1 · Σ|x| + l2 · Σx², divided by the number of samples, to the loss.

    Parameters
    ----------
    l1, l2 : float
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If a factor is below 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fastconv import Sequential
    >>> model = Sequential([ActivityRegularization(l1=0.5, input_shape=(2,))])
    >>> model.compile("sgd", "mse")
    >>> x = np.array([[1.0, -2.0], [3.0, 0.0]])
    >>> model.evaluate(x, x, verbose=0)  # 0.5 * (1 + 2 + 3) / 2
    1.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cost = L1L2(l1, l2)

    def emit(self, graph: Graph, x: Value) -> Value:
        return graph.activity_penalty(x, self.cost.l1, self.cost.l2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.cost.get_config()}
