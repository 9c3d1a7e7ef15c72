"""Transposed convolutions, which upsample images and sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv.layers.convolution import FilterConvolution
from fastconv.plan.geometry.padding import Pair
from fastconv.plan.geometry.shapes import Conv2DShape
from fastconv.plan.geometry.transposed import conv2d_transpose_shape
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class TransposedConvolution(FilterConvolution):
    """The base of `Conv2DTranspose` and `Conv1DTranspose`."""

    output_padding: Pair | None

    def set_output_padding(self, output_padding: Any) -> None:
        """Check and set the sizes added at the end of each axis."""
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = self.as_sizes(output_padding, "output_padding", minimum=0)

    def emit(self, graph: Graph, x: Value) -> Value:
        y = graph.conv2d_transpose(
            self.emit_image(graph, x),
            self.kernel,
            self.bias,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation_rate,
            output_padding=self.output_padding,
            w_shape=self._w_shape,
        )
        return self.emit_activated(graph, y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.shape_of_images(self._geometry(input_shape).x_shape)

    def _geometry(self, input_shape: Shape) -> Conv2DShape:
        image = self.image_shape(input_shape)
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
        more = None if self.output_padding is None else self.as_given(self.output_padding)
        return {**super().get_config(), "output_padding": more}


class Conv2DTranspose(TransposedConvolution):
    """The transpose of a convolution, the gradient of its input; adds a bias, then activates.

    Parameters
    ----------
    filters : int
        Output channels.
    kernel_size, strides, dilation_rate : int or pair
        Of the convolution that is transposed: with strides of 2 the image grows twofold.
    padding : "valid" or "same"
        The output's size is size * strides for "same", and all that the windows cover for "valid".
        Also numbers, as for `Conv2D`: what is cut off at each side.
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
        super().__init__(**kwargs)
        self.set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.set_output(activation, use_bias, bias_initializer)
        self.set_filters(filters, kernel_initializer)
        self.set_output_padding(output_padding)


class Conv1DTranspose(TransposedConvolution):
    """The transpose of a `Conv1D`, the gradient of its input; adds a bias, then activates.

    Parameters
    ----------
    filters : int
        Output channels.
    kernel_size, strides, dilation_rate : int
        Of the convolution that is transposed: with strides of 2 the sequence grows twofold.
    padding : "valid" or "same"
        The output has steps * strides for "same", and all steps that the windows cover for "valid".
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

    Examples
    --------
    >>> import numpy as np
    >>> layer = Conv1DTranspose(4, 3, strides=2, padding="same")
    >>> layer(np.zeros((1, 8, 5))).shape
    (1, 16, 4)
    >>> [parameter.shape for parameter in layer.parameters]
    [(3, 4, 5), (4,)]
    """

    rank = 1

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
        super().__init__(**kwargs)
        self.set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.set_output(activation, use_bias, bias_initializer)
        self.set_filters(filters, kernel_initializer)
        if not isinstance(padding, str):
            raise TypeError(
                f"{type(self).__name__}: padding must be 'valid' or 'same'; received {padding!r}"
            )
        self.set_output_padding(output_padding)
