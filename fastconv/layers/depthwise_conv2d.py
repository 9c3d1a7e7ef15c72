"""Depthwise convolution: filters of their own for every channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from fastconv import initializers
from fastconv._arguments import as_int
from fastconv.layers.channels import emit_to_last, from_last, image_shape
from fastconv.layers.convolution import Convolution
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
