"""Fully connected layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv import initializers
from fastconv._arguments import as_flag, as_int
from fastconv.layers.activations import check_activation, emit_activation
from fastconv.layers.regularization import Regularized
from fastconv.utils.arrays import Shape
from fastconv.utils.configured import serialize

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Dense(Regularized):
    """y = activation(x @ kernel + bias), along the last axis.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str, optional
        A name or an instance, as for `Activation`; default: none.
    use_bias : bool
    kernel_initializer, bias_initializer : str or Initializer
        Of the kernel (inputs, units) and the bias (units,).
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
        Penalties added to the model's loss: "l1", "l2", or one of `fastconv.regularizers`.
    activity_regularizer : str or Regularizer, optional
        The same for the output, divided by the number of samples.
    name, trainable, input_shape
        As for every `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Dense(2, kernel_initializer="ones", bias_initializer="ones")
    >>> layer(np.array([[1.0, 2.0, 3.0]]))
    array([[7., 7.]], dtype=float32)
    >>> layer.backward(np.array([[1.0, 0.5]]))
    array([[1.5, 1.5, 1.5]], dtype=float32)
    """

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = as_int(units, "units", where="Dense")
        self.activation = check_activation(activation, where="Dense")
        self.use_bias = as_flag(use_bias, "use_bias", where=type(self).__name__)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    def build(self, input_shape: Shape) -> None:
        if not input_shape:
            raise ValueError("Dense: x must have a last axis of features; received shape (None,)")
        shape = (input_shape[-1], self.units)
        self.kernel = self.add_weight("kernel", shape, self.kernel_initializer)
        self.bias = (
            self.add_weight("bias", (self.units,), self.bias_initializer) if self.use_bias else None
        )

    def emit(self, graph: Graph, x: Value) -> Value:
        y = emit_activation(graph, graph.dense(x, self.kernel, self.bias), self.activation)
        return self.emit_penalty(graph, y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "kernel_initializer": serialize(self.kernel_initializer),
            "bias_initializer": serialize(self.bias_initializer),
        }
