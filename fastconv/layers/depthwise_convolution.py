"""Depthwise and separable convolutions: filters of their own for every channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from fastconv import initializers
from fastconv._arguments import as_int
from fastconv.layers.convolution import Convolution
from fastconv.layers.data_format import emit_to_last, from_last, image_shape
from fastconv.plan.geometry.shapes import conv2d_shape
from fastconv.plan.parameters import Parameter
from fastconv.utils.arrays import Shape
from fastconv.utils.configured import serialize

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class DepthwiseConv2D(Convolution):
    """Convolve each channel with `depth_multiplier` filters of its own, add a bias, activate.

    Parameters
    ----------
    kernel_size : int or pair
        Height and width of the window.
    strides : int or pair
    padding : "valid" or "same"
        Also numbers, as for `Conv2D`.
    depth_multiplier : int
        Filters of each channel; those of one channel lie side by side in the output.
    data_format, dilation_rate, activation, use_bias
        As for `Conv2D`.
    depthwise_initializer, bias_initializer : str or Initializer
        Of the kernel (height, width, channels, depth_multiplier) and the bias.
    depthwise_regularizer, bias_regularizer : str or Regularizer, optional
        Of the same.
    activity_regularizer
        As for `Conv2D`.
    name, trainable, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range; with the nearest name if one is misspelt.

    Examples
    --------
    >>> import numpy as np
    >>> layer = DepthwiseConv2D(3, padding="same", depth_multiplier=2)
    >>> layer(np.zeros((1, 8, 8, 5))).shape
    (1, 8, 8, 10)
    >>> [parameter.shape for parameter in layer.parameters]
    [(3, 3, 5, 2), (10,)]
    """

    more_keywords: ClassVar = {"depthwise_regularizer": "kernel", "bias_regularizer": "bias"}

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: Any = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            **kwargs,
        )
        where = type(self).__name__
        self.depth_multiplier = as_int(depth_multiplier, "depth_multiplier", where=where)
        self.depthwise_initializer = initializers.get(depthwise_initializer)

    def build(self, input_shape: Shape) -> None:
        channels = image_shape(input_shape, self.data_format, where=self.name)[2]
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self.add_weight("kernel", shape, self.depthwise_initializer)
        self.add_bias(channels * self.depth_multiplier)

    def emit(self, graph: Graph, x: Value) -> Value:
        image = emit_to_last(graph, x, self.data_format)
        return self.emit_activated(
            graph, emit_depthwise(graph, image, self, self.kernel, self.bias)
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        height, width, channels = image_shape(input_shape, self.data_format, where=self.name)
        geometry = conv2d_shape(
            (1, height, width, channels),
            (*self.kernel_size, 1, channels * self.depth_multiplier),
            self.strides,
            self.padding,
            self.dilation_rate,
            channels,
            where=self.name,
        )
        return from_last(geometry.y_shape[1:], self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "depth_multiplier": self.depth_multiplier,
            "depthwise_initializer": serialize(self.depthwise_initializer),
        }


def emit_depthwise(
    graph: Graph, image: Value, layer: Convolution, kernel: Parameter, bias: Parameter | None
) -> Value:
    """Record the convolution of `image` with `kernel` (kh, kw, channels, multiplier)."""
    kh, kw, channels, multiplier = kernel.shape
    return graph.conv2d(
        image,
        kernel,
        bias,
        strides=layer.strides,
        padding=layer.padding,
        dilation=layer.dilation_rate,
        groups=channels,
        w_shape=(kh, kw, 1, channels * multiplier),
    )


class SeparableConv2D(Convolution):
    """A depthwise convolution without bias, then a 1x1 convolution with bias and activation.

    Parameters
    ----------
    filters : int
        Output channels.
    kernel_size, strides, padding, data_format, dilation_rate
        Of the depthwise convolution, as for `Conv2D`.
    depth_multiplier : int
        Filters of each channel.
    activation, use_bias
        As for `Conv2D`.
    depthwise_initializer, pointwise_initializer, bias_initializer : str or Initializer
        Of the kernels (height, width, channels, depth_multiplier) and (1, 1, channels *
        depth_multiplier, filters) and the bias (filters,).
    depthwise_regularizer, pointwise_regularizer, bias_regularizer : str or Regularizer, optional
        Of the same.
    activity_regularizer
        As for `Conv2D`.
    name, trainable, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range; with the nearest name if one is misspelt.

    Examples
    --------
    >>> import numpy as np
    >>> layer = SeparableConv2D(7, 3, padding="same")
    >>> layer(np.zeros((1, 8, 8, 5))).shape
    (1, 8, 8, 7)
    >>> [parameter.shape for parameter in layer.parameters]
    [(3, 3, 5, 1), (1, 1, 5, 7), (7,)]
    """

    more_keywords: ClassVar = {
        "depthwise_regularizer": "depthwise_kernel",
        "pointwise_regularizer": "pointwise_kernel",
        "bias_regularizer": "bias",
    }

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            **kwargs,
        )
        where = type(self).__name__
        self.filters = as_int(filters, "filters", where=where)
        self.depth_multiplier = as_int(depth_multiplier, "depth_multiplier", where=where)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)

    def build(self, input_shape: Shape) -> None:
        channels = image_shape(input_shape, self.data_format, where=self.name)[2]
        multiplier = self.depth_multiplier
        self.depthwise_kernel = self.add_weight(
            "depthwise_kernel",
            (*self.kernel_size, channels, multiplier),
            self.depthwise_initializer,
        )
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel", (1, 1, channels * multiplier, self.filters),
            self.pointwise_initializer,
        )  # fmt: skip
        self.add_bias(self.filters)

    def emit(self, graph: Graph, x: Value) -> Value:
        image = emit_to_last(graph, x, self.data_format)
        between = emit_depthwise(graph, image, self, self.depthwise_kernel, None)
        return self.emit_activated(graph, graph.conv2d(between, self.pointwise_kernel, self.bias))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        height, width, channels = image_shape(input_shape, self.data_format, where=self.name)
        geometry = conv2d_shape(
            (1, height, width, channels),
            (*self.kernel_size, channels, self.filters),
            self.strides,
            self.padding,
            self.dilation_rate,
            where=self.name,
        )
        return from_last(geometry.y_shape[1:], self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "depth_multiplier": self.depth_multiplier,
            "depthwise_initializer": serialize(self.depthwise_initializer),
            "pointwise_initializer": serialize(self.pointwise_initializer),
        }
