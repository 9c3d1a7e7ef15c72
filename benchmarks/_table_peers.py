"""The table's network in PyTorch and in Keras, as peers of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import _peers
import numpy as np

if _peers.torch is not None:
    from torch import nn


def pytorch_network(
    image_shape: Sequence[int], classes: int, layout: str, as_published: bool
) -> Any:
    """The layers up to the logits; weights are Glorot-uniform, biases zero.

    Parameters
    ----------
    image_shape : (height, width, channels)
    classes : int
    layout : str
        One of `_peers.LAYOUTS`.
    as_published : bool
        Without dropout.
    """
    height, width, channels = image_shape

    def dropout(rate: float) -> list[Any]:
        return [] if as_published else [nn.Dropout(rate)]

    model = nn.Sequential(
        *(nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), *dropout(0.25)),
        *(nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(128, 128, 2), nn.ReLU(), nn.MaxPool2d(2)),
        *(*dropout(0.25), nn.Flatten(), nn.Linear((height // 8) * (width // 8) * 128, 1500)),
        *(nn.ReLU(), *dropout(0.5), nn.Linear(1500, classes)),
    )
    with _peers.torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)
            else:
                parameter.zero_()
    return model.to(memory_format=_peers.memory_format(layout))


def set_pytorch_weights(
    model: Any, weights: Sequence[np.ndarray], image_shape: Sequence[int]
) -> None:
    """Copy our network's weights, in the order of `Model.get_weights`, into PyTorch's."""
    height, width = image_shape[0] // 8, image_shape[1] // 8
    with _peers.torch.no_grad():
        for parameter, array in zip(model.parameters(), weights, strict=True):
            if array.ndim == 2 and array.shape[0] == height * width * 128:
                # Its input is flattened channels last in ours, and channels first in PyTorch.
                array = array.reshape(height, width, 128, -1).transpose(2, 0, 1, 3)
                array = array.reshape(-1, array.shape[-1])
            parameter.copy_(_peers.torch_weights(array))


def pytorch_images(x: np.ndarray, layout: str) -> Any:
    """uint8 images (mb, ih, iw, ic) as inputs of PyTorch's network: scaled, in its layout."""
    return _peers.torch_image(x, layout).div_(255)


def pytorch_loss(sums: Any, labels: Any, as_published: bool) -> Any:
    """The mean cross-entropy; as published, the softmax is taken twice."""
    return nn.functional.cross_entropy(sums.softmax(1) if as_published else sums, labels)


def keras_network(image_shape: Sequence[int], classes: int, seed: int, as_published: bool) -> Any:
    """The network, compiled as the table's recipe says, for pixels from 0 to 255.

    Its weights have the shapes and the order of ours: `set_weights` takes `Model.get_weights`.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)

    def convolution(filters: int, size: int) -> Any:
        return layers.Conv2D(filters, size, padding="same", activation="relu")

    def dropout(rate: float) -> list[Any]:
        # On PyTorch, a dropout without a seed draws from a generator that Keras cannot save.
        return [] if as_published else [layers.Dropout(rate, seed=seed)]

    model = keras.Sequential(
        [
            layers.Input(tuple(image_shape)),
            layers.Rescaling(1 / 255),
            convolution(32, 3),
            convolution(64, 3),
            layers.MaxPooling2D(2),
            *dropout(0.25),
            convolution(128, 3),
            layers.MaxPooling2D(2),
            convolution(128, 2),
            layers.MaxPooling2D(2),
            *dropout(0.25),
            layers.Flatten(),
            layers.Dense(1500, activation="relu"),
            *dropout(0.5),
            layers.Dense(classes, activation="softmax"),
            *([layers.Softmax()] if as_published else []),
        ]
    )
    optimizer = keras.optimizers.Adam(1e-3, epsilon=1e-8)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
