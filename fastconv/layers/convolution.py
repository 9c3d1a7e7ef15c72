"""What the convolutional layers share: arguments, bias, activation, data format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv import initializers
from fastconv._arguments import as_int, as_pair
from fastconv.layers.activation import check_activation, emit_activation
from fastconv.layers.channels import check_data_format, emit_from_last
from fastconv.layers.padding import check_padding
from fastconv.layers.regularized import Regularized
from fastconv.plan.geometry.shapes import Conv2DShape
from fastconv.utils.arrays import Shape
from fastconv.utils.configured import serialize

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Convolution(Regularized):
    """A window that moves over images; a subclass says what it does there."""

    def __init__(
        self,
        *,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        where = type(self).__name__
        self.kernel_size = as_pair(kernel_size, "kernel_size", where=where)
        self.strides = as_pair(strides, "strides", where=where)
        self.padding = check_padding(padding, where=where)
        self.data_format = check_data_format(data_format, where=where)
        self.dilation_rate = as_pair(dilation_rate, "dilation_rate", where=where)
        self.activation = check_activation(activation, where=where)
        self.use_bias = bool(use_bias)
        self.bias_initializer = initializers.get(bias_initializer)

    def add_bias(self, size: int) -> None:
        """Make the bias, if there is one: the last of the parameters."""
        self.bias = (
            self.add_weight("bias", (size,), self.bias_initializer) if self.use_bias else None
        )

    def emit_activated(self, graph: Graph, y: Value) -> Value:
        """Record the activation, what it costs, and the way back to the data format."""
        if self.activation == "softmax":  # along the last axis, whatever the format calls it
            y = emit_activation(graph, emit_from_last(graph, y, self.data_format), "softmax")
            return self.emit_penalty(graph, y)
        y = self.emit_penalty(graph, emit_activation(graph, y, self.activation))
        return emit_from_last(graph, y, self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "bias_initializer": serialize(self.bias_initializer),
        }


class FilterConvolution(Convolution, ABC):
    """A convolution whose filters each see all channels, or those of a group."""

    def __init__(self, filters: int, *, kernel_initializer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = as_int(filters, "filters", where=type(self).__name__)
        self.kernel_initializer = initializers.get(kernel_initializer)

    @abstractmethod
    def _geometry(self, input_shape: Shape) -> Conv2DShape:
        """The convolution of images (of height 1 for sequences); refuses what does not fit."""

    def build(self, input_shape: Shape) -> None:
        shape = self._geometry(input_shape).w_shape[-len(input_shape) - 1 :]
        self.kernel = self.add_weight("kernel", shape, self.kernel_initializer)
        self.add_bias(self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_initializer": serialize(self.kernel_initializer),
        }
