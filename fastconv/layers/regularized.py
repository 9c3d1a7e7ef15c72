"""Layers whose kernel and bias may cost something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastconv import regularizers
from fastconv.layers.base import Layer
from fastconv.plan.parameters import Parameter
from fastconv.utils.configured import serialize


class Regularized(Layer):
    """A layer with a kernel and a bias, which a regularizer may add to the model's loss.

    Parameters
    ----------
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
        "l1", "l2", "l1_l2", or an instance, of `fastconv.regularizers`.
    **kwargs
        As for every `Layer`.
    """

    def __init__(
        self, *, kernel_regularizer: Any = None, bias_regularizer: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)

    def add_weight(
        self, name: str, shape: Sequence[int], initializer: Any, trainable: bool = True
    ) -> Parameter:
        parameter = super().add_weight(name, shape, initializer, trainable)
        known = {"kernel": self.kernel_regularizer, "bias": self.bias_regularizer}
        parameter.regularizer = known.get(name)
        return parameter

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in ("kernel_regularizer", "bias_regularizer"):
            value = getattr(self, name)
            if value is not None:
                config[name] = serialize(value)
        return config
