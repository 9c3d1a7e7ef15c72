"""One-dimensional convolution: over time series and other sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_int
from fastconv.layers.channels import emit_as_row, from_last, sequence_shape
from fastconv.layers.convolution import FilterConvolution
from fastconv.layers.single import as_single
from fastconv.plan.geometry.padding import Pair
from fastconv.plan.geometry.shapes import Conv2DShape, conv2d_shape
from fastconv.utils.arrays import Shape

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Conv1D(FilterConvolution):
    """Convolve sequences (steps, channels) with `filters` windows, add a bias, activate.

    Parameters
    ----------
    filters : int
        Output channels.
    kernel_size, strides, dilation_rate : int
    padding : "valid", "same" or "causal"
        "causal" pads the beginning only, so that no step sees a later one.
    data_format, groups, activation, use_bias
        As for `Conv2D`.
    kernel_initializer, bias_initializer : str or Initializer
        Of the kernel (kernel_size, channels / groups, filters) and the bias (filters,).
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
    >>> layer = Conv1D(10, 3, padding="causal")
    >>> layer(np.zeros((1, 32, 4))).shape
    (1, 32, 10)
    >>> [parameter.shape for parameter in layer.parameters]
    [(3, 4, 10), (10,)]
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        where = type(self).__name__
        causal = isinstance(padding, str) and padding.lower() == "causal"
        super().__init__(
            filters,
            kernel_size=(1, as_single(kernel_size, "kernel_size", where=where)),
            strides=(1, as_single(strides, "strides", where=where)),
            padding="valid" if causal else padding,
            data_format=data_format,
            dilation_rate=(1, as_single(dilation_rate, "dilation_rate", where=where)),
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            **kwargs,
        )
        if not isinstance(padding, str):
            raise TypeError(
                f"{where}: padding must be 'valid', 'same' or 'causal'; received {padding!r}"
            )
        self.causal = causal
        self.groups = as_int(groups, "groups", where=where)
        if self.filters % self.groups:
            raise ValueError(
                f"{where}: groups must divide filters; received groups {groups}, filters {filters}"
            )

    def emit(self, graph: Graph, x: Value) -> Value:
        y = graph.conv2d(
            emit_as_row(graph, x, self.data_format),
            self.kernel,
            self.bias,
            strides=self.strides,
            padding=self._sides(),
            dilation=self.dilation_rate,
            groups=self.groups,
            w_shape=(1, *self.kernel.shape),
        )
        # a sequence in front of the activation: its last axis holds the channels, or the steps
        return self.emit_activated(graph, graph.reshape(y, y.shape[1:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return from_last(self._geometry(input_shape).y_shape[2:], self.data_format)

    def _sides(self) -> str | tuple[Pair, Pair]:
        before = (self.kernel_size[1] - 1) * self.dilation_rate[1]
        return ((0, 0), (before, 0)) if self.causal else self.padding

    def _geometry(self, input_shape: Shape) -> Conv2DShape:
        steps, channels = sequence_shape(input_shape, self.data_format, where=self.name)
        return conv2d_shape(
            (1, 1, steps, channels),
            (*self.kernel_size, max(1, channels // self.groups), self.filters),
            self.strides,
            self._sides(),
            self.dilation_rate,
            self.groups,
            where=self.name,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size[1],
            "strides": self.strides[1],
            "dilation_rate": self.dilation_rate[1],
            "padding": "causal" if self.causal else self.padding,
            "groups": self.groups,
        }
