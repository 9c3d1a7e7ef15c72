"""Depthwise and separable convolutions: separate filters for every channel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from fastconv import initializers
from fastconv._arguments import as_int
from fastconv.layers.convolution import Convolution
from fastconv.plan.geometry.shapes import conv2d_shape
from fastconv.plan.parameters import Parameter
from fastconv.utils.arrays import Shape
from fastconv.utils.configured import serialize

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class DepthwiseConvolution(Convolution, ABC):
    """The base of `DepthwiseConv2D` and `SeparableConv2D`."""

    def set_depthwise(self, depth_multiplier: Any, depthwise_initializer: Any) -> None:
        """Check and set the number of filters per channel and their initializer."""
        where = type(self).__name__
        self.depth_multiplier = as_int(depth_multiplier, "depth_multiplier", where=where)
        self.depthwise_initializer = initializers.get(depthwise_initializer)

    @abstractmethod
    def output_channels(self, channels: int) -> int:
        """The number of output channels."""

    def add_depthwise(self, name: str, channels: int) -> Parameter:
        """Add the kernel (height, width, channels, depth_multiplier)."""
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        return self.add_weight(name, shape, self.depthwise_initializer)

    def emit_depthwise(
        self, graph: Graph, x: Value, kernel: Parameter, bias: Parameter | None
    ) -> Value:
        """Record the convolution of each channel of `x` with its filters."""
        kh, kw, channels, multiplier = kernel.shape
        return graph.conv2d(
            self.emit_image(graph, x),
            kernel,
            bias,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation_rate,
            groups=channels,
            w_shape=(kh, kw, 1, channels * multiplier),
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        image = self.image_shape(input_shape)
        geometry = conv2d_shape(
            (1, *image),
            (*self.kernel_size, image[2], self.output_channels(image[2])),
            self.strides,
            self.padding,
            self.dilation_rate,
            where=self.name,
        )
        return self.shape_of_images(geometry.y_shape)


class DepthwiseConv2D(DepthwiseConvolution):
    """Convolve each channel with its own `depth_multiplier` filters, add a bias, activate.

    Parameters
    ----------
    kernel_size : int or pair
        Height and width of the window.
    strides : int or pair
    padding : "valid" or "same"
        Also numbers, as for `Conv2D`.
    depth_multiplier : int
        Number of filters per channel; the outputs of one channel are adjacent.
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
        super().__init__(**kwargs)
        self.set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.set_output(activation, use_bias, bias_initializer)
        self.set_depthwise(depth_multiplier, depthwise_initializer)

    def build(self, input_shape: Shape) -> None:
        channels = self.image_shape(input_shape)[2]
        self.kernel = self.add_depthwise("kernel", channels)
        self.add_bias(self.output_channels(channels))

    def emit(self, graph: Graph, x: Value) -> Value:
        return self.emit_activated(graph, self.emit_depthwise(graph, x, self.kernel, self.bias))

    def output_channels(self, channels: int) -> int:
        return channels * self.depth_multiplier

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "depth_multiplier": self.depth_multiplier,
            "depthwise_initializer": serialize(self.depthwise_initializer),
        }


class SeparableConv2D(DepthwiseConvolution):
    """A depthwise convolution without bias, then a 1x1 convolution with bias and activation.

    Parameters
    ----------
    filters : int
        Output channels.
    kernel_size, strides, padding, data_format, dilation_rate
        Of the depthwise convolution, as for `Conv2D`.
    depth_multiplier : int
        Number of filters per channel.
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
        super().__init__(**kwargs)
        self.set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.set_output(activation, use_bias, bias_initializer)
        self.filters = as_int(filters, "filters", where=type(self).__name__)
        self.set_depthwise(depth_multiplier, depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)

    def build(self, input_shape: Shape) -> None:
        channels = self.image_shape(input_shape)[2]
        self.depthwise_kernel = self.add_depthwise("depthwise_kernel", channels)
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel",
            (1, 1, channels * self.depth_multiplier, self.filters),
            self.pointwise_initializer,
        )
        self.add_bias(self.filters)

    def emit(self, graph: Graph, x: Value) -> Value:
        between = self.emit_depthwise(graph, x, self.depthwise_kernel, None)
        return self.emit_activated(graph, graph.conv2d(between, self.pointwise_kernel, self.bias))

    def output_channels(self, channels: int) -> int:
        return self.filters

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "depth_multiplier": self.depth_multiplier,
            "depthwise_initializer": serialize(self.depthwise_initializer),
            "pointwise_initializer": serialize(self.pointwise_initializer),
        }
