"""Two-dimensional convolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_int
from fastconv.layers.channels import emit_to_last, from_last, image_shape
from fastconv.layers.convolution import FilterConvolution
from fastconv.plan.geometry.shapes import Conv2DShape, conv2d_shape
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Conv2D(FilterConvolution):
    """Convolve images (height, width, channels) with `filters` windows, add a bias, activate.

    Parameters
    ----------
    filters : int
        Output channels.
    kernel_size : int or pair
        Height and width of the window.
    strides : int or pair
    padding : "valid" or "same"
        Also numbers, as in `fastconv.ops.conv2d`: ``1``, ``(1, 2)``, ``((1, 2), (0, 1))``.
    data_format : "channels_last" or "channels_first", optional
    dilation_rate : int or pair
    groups : int
        Divides the input channels and `filters`.
    activation : str, optional
        A name, or an instance, that `Activation` takes; default: none.
    use_bias : bool
    kernel_initializer, bias_initializer : str or Initializer
        Of the kernel (height, width, channels / groups, filters) and the bias (filters,).
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
        What they add to a model's loss: "l1", "l2", or one of `fastconv.regularizers`.
    activity_regularizer : str or Regularizer, optional
        The same for the output, divided by the number of samples.
    name, trainable, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range; with the nearest name if one is misspelt.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Conv2D(10, (3, 3), activation="relu")
    >>> layer(np.zeros((1, 32, 32, 3))).shape
    (1, 30, 30, 10)
    >>> [parameter.shape for parameter in layer.parameters]
    [(3, 3, 3, 10), (10,)]
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        groups: int = 1,
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
        self.groups = as_int(groups, "groups", where=where)
        if self.filters % self.groups:
            raise ValueError(
                f"{where}: groups must divide filters; received groups {groups}, filters {filters}"
            )

    def emit(self, graph: Graph, x: Value) -> Value:
        y = graph.conv2d(
            emit_to_last(graph, x, self.data_format),
            self.kernel,
            self.bias,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation_rate,
            groups=self.groups,
        )
        return self.emit_activated(graph, y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return from_last(self._geometry(input_shape).y_shape[1:], self.data_format)

    def _geometry(self, input_shape: Shape) -> Conv2DShape:
        image = image_shape(input_shape, self.data_format, where=self.name)
        channels = image[2] // self.groups
        return conv2d_shape(
            (1, *image),
            (*self.kernel_size, max(1, channels), self.filters),
            self.strides,
            self.padding,
            self.dilation_rate,
            self.groups,
            where=self.name,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "groups": self.groups,
        }
