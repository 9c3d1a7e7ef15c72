"""Layers whose weights may cost something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from fastconv import regularizers
from fastconv.layers.base import Layer
from fastconv.plan.parameters import Parameter
from fastconv.utils.configured import serialize

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Regularized(Layer):
    """A layer whose weights and outputs regularizers may add to the model's loss.

    Parameters
    ----------
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
        "l1", "l2", "l1_l2", or an instance, of `fastconv.regularizers`. A subclass may have others,
        as its `more_keywords` say.
    activity_regularizer : str or Regularizer, optional
        For the layer's output; what it says of a batch is divided by the number of samples.
    **kwargs
        As for every `Layer`.
    """

    more_keywords: ClassVar[Mapping[str, str]] = {
        "kernel_regularizer": "kernel", "bias_regularizer": "bias",
    }  # fmt: skip
    """The arguments, and which weight each is for."""

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
        """Record what the output costs, if it has a regularizer."""
        cost = self.activity_regularizer
        return y if cost is None else graph.activity_penalty(y, cost.l1, cost.l2)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for argument in (*self.more_keywords, "activity_regularizer"):
            value = getattr(self, argument)
            if value is not None:
                config[argument] = serialize(value)
        return config
