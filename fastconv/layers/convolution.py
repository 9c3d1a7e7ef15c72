"""Convolutions over images and sequences, and the base classes of all convolution layers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastconv import initializers
from fastconv._arguments import as_flag, as_int
from fastconv.layers.activations import check_activation, emit_activation
from fastconv.layers.data_format import Spatial, check_data_format, emit_from_last
from fastconv.layers.regularization import Regularized
from fastconv.plan.geometry.padding import Pair, check_padding
from fastconv.plan.geometry.shapes import Conv2DShape, conv2d_shape
from fastconv.utils.arrays import Shape
from fastconv.utils.configured import serialize

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Convolution(Spatial, Regularized):
    """The base of layers that move a window over images or sequences.

    Subclasses have Keras's arguments in Keras's order, and pass them to the setters here.
    """

    def set_window(
        self, kernel_size: Any, strides: Any, padding: Any, data_format: Any, dilation_rate: Any
    ) -> None:
        """Check and set the arguments of the window."""
        where = type(self).__name__
        self.kernel_size = self.as_sizes(kernel_size, "kernel_size")
        self.strides = self.as_sizes(strides, "strides")
        self.padding = check_padding(padding, where=where)
        self.data_format = check_data_format(data_format, where=where)
        self.dilation_rate = self.as_sizes(dilation_rate, "dilation_rate")

    def set_output(self, activation: Any, use_bias: Any, bias_initializer: Any) -> None:
        """Check and set the arguments of bias and activation."""
        self.activation = check_activation(activation, where=type(self).__name__)
        self.use_bias = as_flag(use_bias, "use_bias", where=type(self).__name__)
        self.bias_initializer = initializers.get(bias_initializer)

    def add_bias(self, size: int) -> None:
        """Make the bias, if there is one: the last of the parameters."""
        self.bias = (
            self.add_weight("bias", (size,), self.bias_initializer) if self.use_bias else None
        )

    def emit_activated(self, graph: Graph, y: Value) -> Value:
        """Record the activation, the activity penalty, and the transposition to the data format."""
        if self.rank == 1:
            y = graph.reshape(y, y.shape[1:])
        if self.activation == "softmax":  # along the last axis of the data format, whatever it is
            y = emit_activation(graph, emit_from_last(graph, y, self.data_format), "softmax")
            return self.emit_penalty(graph, y)
        y = self.emit_penalty(graph, emit_activation(graph, y, self.activation))
        return emit_from_last(graph, y, self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_size": self.as_given(self.kernel_size),
            "strides": self.as_given(self.strides),
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.as_given(self.dilation_rate),
            "activation": self.activation,
            "use_bias": self.use_bias,
            "bias_initializer": serialize(self.bias_initializer),
        }


class FilterConvolution(Convolution, ABC):
    """A convolution whose filters each see all channels, or all of a group."""

    def set_filters(self, filters: Any, kernel_initializer: Any) -> None:
        """Check and set the number of filters and their initializer."""
        self.filters = as_int(filters, "filters", where=type(self).__name__)
        self.kernel_initializer = initializers.get(kernel_initializer)

    @abstractmethod
    def _geometry(self, input_shape: Shape) -> Conv2DShape:
        """The shapes for images (of height 1 for sequences); raises if they do not fit."""

    @property
    def _w_shape(self) -> Shape:
        """The kernel's shape for images."""
        return (*[1] * (2 - self.rank), *self.kernel.shape)

    def build(self, input_shape: Shape) -> None:
        shape = self._geometry(input_shape).w_shape[2 - self.rank :]
        self.kernel = self.add_weight("kernel", shape, self.kernel_initializer)
        self.add_bias(self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_initializer": serialize(self.kernel_initializer),
        }


class GroupedConvolution(FilterConvolution):
    """The base of `Conv2D` and `Conv1D`."""

    causal = False  # whether a sequence is padded at its beginning only

    def set_groups(self, groups: Any) -> None:
        """Check and set the number of groups, which must divide that of the filters."""
        where = type(self).__name__
        self.groups = as_int(groups, "groups", where=where)
        if self.filters % self.groups:
            raise ValueError(
                f"{where}: groups must divide filters; received groups {groups}, "
                f"filters {self.filters}"
            )

    def emit(self, graph: Graph, x: Value) -> Value:
        y = graph.conv2d(
            self.emit_image(graph, x),
            self.kernel,
            self.bias,
            strides=self.strides,
            padding=self._sides(),
            dilation=self.dilation_rate,
            groups=self.groups,
            w_shape=self._w_shape,
        )
        return self.emit_activated(graph, y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.shape_of_images(self._geometry(input_shape).y_shape)

    def _sides(self) -> str | tuple[Pair, Pair]:
        before = (self.kernel_size[1] - 1) * self.dilation_rate[1]
        return ((0, 0), (before, 0)) if self.causal else self.padding

    def _geometry(self, input_shape: Shape) -> Conv2DShape:
        image = self.image_shape(input_shape)
        return conv2d_shape(
            (1, *image),
            (*self.kernel_size, max(1, image[2] // self.groups), self.filters),
            self.strides,
            self._sides(),
            self.dilation_rate,
            self.groups,
            where=self.name,
        )

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "groups": self.groups}
        return {**config, "padding": "causal"} if self.causal else config


class Conv2D(GroupedConvolution):
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
        Must divide the number of input channels and `filters`.
    activation : str, optional
        A name or an instance, as for `Activation`; default: none.
    use_bias : bool
    kernel_initializer, bias_initializer : str or Initializer
        Of the kernel (height, width, channels / groups, filters) and the bias (filters,).
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
        Penalties added to the model's loss: "l1", "l2", or one of `fastconv.regularizers`.
    activity_regularizer : str or Regularizer, optional
        The same for the output, divided by the number of samples.
    name, trainable, input_shape
        As for every `Layer`.

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
        super().__init__(**kwargs)
        self.set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.set_output(activation, use_bias, bias_initializer)
        self.set_filters(filters, kernel_initializer)
        self.set_groups(groups)


class Conv1D(GroupedConvolution):
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

    Examples
    --------
    >>> import numpy as np
    >>> layer = Conv1D(10, 3, padding="causal")
    >>> layer(np.zeros((1, 32, 4))).shape
    (1, 32, 10)
    >>> [parameter.shape for parameter in layer.parameters]
    [(3, 4, 10), (10,)]
    """

    rank = 1

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
        super().__init__(**kwargs)
        self.causal = isinstance(padding, str) and padding.lower() == "causal"
        sides = "valid" if self.causal else padding
        self.set_window(kernel_size, strides, sides, data_format, dilation_rate)
        self.set_output(activation, use_bias, bias_initializer)
        self.set_filters(filters, kernel_initializer)
        if not isinstance(padding, str):
            raise TypeError(
                f"{type(self).__name__}: padding must be 'valid', 'same' or 'causal'; "
                f"received {padding!r}"
            )
        self.set_groups(groups)
