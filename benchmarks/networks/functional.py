"""A graph in fastconv or in Keras, whose layers have the same names, arguments and weights."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from networks import description as d

LEARNING_RATE = 1e-5
"""Small, so that many steps on one batch leave the weights ordinary numbers."""


class Functional:
    """A compiled model of fastconv or Keras, and its steps."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """What the network computes in inference."""
        return np.asarray(self.model.predict_on_batch(x))

    def training(self, x: np.ndarray, y: np.ndarray) -> Callable[[], Any]:
        """A step of training on one batch, which returns the loss."""
        return lambda: self.model.train_on_batch(x, y)

    def inference(self, x: np.ndarray) -> Callable[[], Any]:
        """Inference on one batch."""
        return lambda: self.model.predict_on_batch(x)


def in_fastconv(graph: d.Graph, threads: int, rate: float = LEARNING_RATE) -> Functional:
    """The network in fastconv."""
    import fastconv
    from fastconv import layers, losses, optimizers

    fastconv.set_num_threads(threads)
    model = _model(graph, layers, fastconv.Model)
    model.compile(optimizers.Adam(rate, epsilon=1e-8), _loss(losses, graph.network.loss))
    return Functional(model)


def in_keras(graph: d.Graph, threads: int, rate: float = LEARNING_RATE) -> Functional:
    """The network in Keras on TensorFlow, whose threads are set once in a process."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import tensorflow

    config = tensorflow.config.threading
    if config.get_intra_op_parallelism_threads() != threads:
        config.set_intra_op_parallelism_threads(threads)
        config.set_inter_op_parallelism_threads(threads)
    return on_any_backend(graph, rate)


def on_any_backend(graph: d.Graph, rate: float = LEARNING_RATE) -> Functional:
    """The network in Keras, on the backend that it has in this process.

    Without XLA, whose convolutions are slower on CPUs than TensorFlow's own, which oneDNN computes.
    """
    import keras

    model = _model(graph, keras.layers, keras.Model)
    optimizer = keras.optimizers.Adam(rate, epsilon=1e-8)
    model.compile(optimizer, _loss(keras.losses, graph.network.loss), jit_compile=False)
    return Functional(model)


def _loss(losses: Any, kind: str) -> Any:
    if kind == d.SQUARES:
        return losses.MeanSquaredError()
    return losses.SparseCategoricalCrossentropy(from_logits=True)


def _model(graph: d.Graph, layers: Any, model: Any) -> Any:
    """The model, with the graph's weights."""
    values = [layers.Input(graph.network.shape)]
    for node in graph.nodes[1:]:
        inputs = [values[k] for k in node.inputs]
        if isinstance(node.layer, d.Branches):
            values.append(_merge(layers, node.layer)(inputs))
            continue
        (x,) = inputs
        rank = len(x.shape) - 2
        before, layer = _layer(layers, node.layer, rank)
        if before is not None:
            x = before(x)
        values.append(layer(x))
        if node.weights:
            layer.set_weights(list(node.weights))
    return model(values[0], values[-1])


def _merge(layers: Any, layer: d.Branches) -> Any:
    return layers.Concatenate() if isinstance(layer, d.Concat) else layers.Add()


def _layer(layers: Any, layer: Any, rank: int) -> tuple[Any, Any]:
    """What pads the input, or None, and the layer."""
    dimension = f"{rank}D"

    def kind(name: str) -> Any:
        return getattr(layers, name + dimension)

    match layer:
        case d.Conv():
            before, padding = _padding(kind, layer, rank)
            return before, kind("Conv")(
                layer.filters, layer.size, layer.stride, padding, use_bias=layer.bias
            )
        case d.Depthwise():
            before, padding = _padding(kind, layer, rank)
            return before, kind("DepthwiseConv")(
                layer.size, layer.stride, padding, use_bias=layer.bias
            )
        case d.Transposed():
            return None, layers.Conv2DTranspose(layer.filters, layer.size, layer.size)
        case d.MaxPool():
            before, padding = _padding(kind, layer, rank)
            return before, kind("MaxPooling")(layer.size, layer.stride, padding)
        case d.AveragePool():
            before, padding = _padding(kind, layer, rank)
            assert before is None, "its padding would count"
            return None, kind("AveragePooling")(layer.size, layer.stride, padding)
        case d.GlobalAverage():
            return None, kind("GlobalAveragePooling")()
        case d.BatchNorm():
            return None, layers.BatchNormalization(momentum=0.9, epsilon=layer.epsilon)
        case d.LayerNorm():
            return None, layers.LayerNormalization(epsilon=layer.epsilon)
        case d.Activate():
            return None, layers.Activation(layer.kind)
        case d.Flatten():
            return None, layers.Flatten()
        case d.Dense():
            return None, layers.Dense(layer.units)
        case d.Dropout():
            return None, layers.Dropout(layer.rate)
    raise TypeError(layer)


def _padding(kind: Callable[[str], Any], layer: d.Window, rank: int) -> tuple[Any, str]:
    """A layer of zeros for the border, or None, and the argument `padding`.

    With strides, "same" would put all of an odd number of zeros behind. Where poolings are padded,
    their input is an activation that has no negative values.
    """
    pads = layer.pads(rank)
    if not any(map(sum, pads)):
        return None, "valid"
    if layer.stride == 1:
        return None, "same"
    return kind("ZeroPadding")(pads if rank > 1 else pads[0]), "valid"
