"""Transposed convolutions: from small maps to large ones, from short series to long ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_pair, as_single
from fastconv.layers.convolution import FilterConvolution
from fastconv.layers.data_format import (
    emit_as_row,
    emit_to_last,
    from_last,
    image_shape,
    sequence_shape,
)
from fastconv.plan.geometry.shapes import Conv2DShape
from fastconv.plan.geometry.transposed import conv2d_transpose_shape
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Conv2DTranspose(FilterConvolution):
    """The gradient of a convolution's input, as a layer; a bias is added, then it activates.

    Parameters
    ----------
    filters : int
        Output channels.
    kernel_size, strides, dilation_rate : int or pair
        Of the convolution that it turns round: with strides of 2 the map grows twofold.
    padding : "valid" or "same"
        "same" gives size * strides, "valid" what all windows together cover. Also numbers: what is
        cut off at each side, as for `Conv2D`.
    output_padding : int or pair, optional
        Rows and columns to add below and to the right, fewer than the strides.
    data_format, activation, use_bias
        As for `Conv2D`.
    kernel_initializer, bias_initializer : str or Initializer
        Of the kernel (height, width, filters, channels) and the bias (filters,).
    kernel_regularizer, bias_regularizer, activity_regularizer
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
    >>> layer = Conv2DTranspose(4, 3, strides=2, padding="same")
    >>> layer(np.zeros((1, 8, 8, 5))).shape
    (1, 16, 16, 4)
    >>> [parameter.shape for parameter in layer.parameters]
    [(3, 3, 4, 5), (4,)]
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: Any = "valid",
        output_padding: int | Sequence[int] | None = None,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            **kwargs,
        )
        where = type(self).__name__
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = as_pair(output_padding, "output_padding", where=where, minimum=0)

    def emit(self, graph: Graph, x: Value) -> Value:
        y = graph.conv2d_transpose(
            emit_to_last(graph, x, self.data_format),
            self.kernel,
            self.bias,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation_rate,
            output_padding=self.output_padding,
        )
        return self.emit_activated(graph, y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return from_last(self._geometry(input_shape).x_shape[1:], self.data_format)

    def _geometry(self, input_shape: Shape) -> Conv2DShape:
        image = image_shape(input_shape, self.data_format, where=self.name)
        return conv2d_transpose_shape(
            (1, *image),
            (*self.kernel_size, self.filters, image[2]),
            self.strides,
            self.padding,
            self.dilation_rate,
            self.output_padding,
            where=self.name,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "output_padding": self.output_padding,
        }


class Conv1DTranspose(FilterConvolution):
    """The gradient of a `Conv1D`'s input, as a layer; a bias is added, then it activates.

    Parameters
    ----------
    filters : int
        Output channels.
    kernel_size, strides, dilation_rate : int
        Of the convolution that it turns round: with strides of 2 the series grows twofold.
    padding : "valid" or "same"
        "same" gives steps * strides, "valid" what all windows together cover.
    output_padding : int, optional
        Steps to add at the end, fewer than the strides.
    data_format, activation, use_bias
        As for `Conv1D`.
    kernel_initializer, bias_initializer : str or Initializer
        Of the kernel (kernel_size, filters, channels) and the bias (filters,).
    kernel_regularizer, bias_regularizer, activity_regularizer
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
    >>> layer = Conv1DTranspose(4, 3, strides=2, padding="same")
    >>> layer(np.zeros((1, 8, 5))).shape
    (1, 16, 4)
    >>> [parameter.shape for parameter in layer.parameters]
    [(3, 4, 5), (4,)]
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        output_padding: int | Sequence[int] | None = None,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        where = type(self).__name__
        super().__init__(
            filters,
            kernel_size=(1, as_single(kernel_size, "kernel_size", where=where)),
            strides=(1, as_single(strides, "strides", where=where)),
            padding=padding,
            data_format=data_format,
            dilation_rate=(1, as_single(dilation_rate, "dilation_rate", where=where)),
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            **kwargs,
        )
        if not isinstance(padding, str):
            raise TypeError(f"{where}: padding must be 'valid' or 'same'; received {padding!r}")
        self.output_padding = None
        if output_padding is not None:
            more = as_single(output_padding, "output_padding", where=where, minimum=0)
            self.output_padding = (0, more)

    def emit(self, graph: Graph, x: Value) -> Value:
        y = graph.conv2d_transpose(
            emit_as_row(graph, x, self.data_format),
            self.kernel,
            self.bias,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation_rate,
            output_padding=self.output_padding,
            w_shape=(1, *self.kernel.shape),
        )
        return self.emit_activated(graph, graph.reshape(y, y.shape[1:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return from_last(self._geometry(input_shape).x_shape[2:], self.data_format)

    def _geometry(self, input_shape: Shape) -> Conv2DShape:
        steps, channels = sequence_shape(input_shape, self.data_format, where=self.name)
        return conv2d_transpose_shape(
            (1, 1, steps, channels),
            (*self.kernel_size, self.filters, channels),
            self.strides,
            self.padding,
            self.dilation_rate,
            self.output_padding,
            where=self.name,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size[1],
            "strides": self.strides[1],
            "dilation_rate": self.dilation_rate[1],
            "output_padding": None if self.output_padding is None else self.output_padding[1],
        }
