"""MobileNetV2 (Sandler et al. 2018): 3,504,872 trainable parameters with 1,000 classes.

The CIFAR variant halves the image three times instead of five; with ten classes it has 2,236,682.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastconv.layers import (
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    Input,
    ReLU,
    Rescaling,
)
from fastconv.models.model import Model
from fastconv.models.zoo.hyperparameters import Hyperparameters, cosine
from fastconv.optimizers import SGD

STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion factor, filters, number of blocks, stride of the first block."""


def normalized(x: Any, relu: bool = True) -> Any:
    """Batch normalization, and ReLU6 if `relu`."""
    x = BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return ReLU(max_value=6)(x) if relu else x


def pointwise(x: Any, filters: int, relu: bool = True) -> Any:
    """1×1 convolution without bias, batch normalization, and ReLU6 if `relu`."""
    return normalized(Conv2D(filters, 1, use_bias=False, kernel_initializer="he_normal")(x), relu)


def inverted_residual(x: Any, wider: int, filters: int, strides: int) -> Any:
    """Expansion, depthwise convolution, projection; the shortcut connects the narrow ends."""
    y = pointwise(x, wider * x.shape[-1]) if wider > 1 else x
    y = DepthwiseConv2D(3, strides, padding=1, use_bias=False)(y)
    y = pointwise(normalized(y), filters, relu=False)
    return Add()([x, y]) if strides == 1 and x.shape[-1] == filters else y


def network(
    input_shape: Sequence[int],
    classes: int,
    seed: int | None = None,
    *,
    cifar: bool = False,
) -> Model:
    """Seventeen inverted residual blocks, for pixels from 0 to 255."""
    x = Input(input_shape)
    y = Rescaling(1 / 127.5, -1)(x)
    y = normalized(Conv2D(32, 3, 1 if cifar else 2, padding=1, use_bias=False)(y))
    for stage, (wider, filters, count, strides) in enumerate(STAGES):
        for number in range(count):
            first = 1 if cifar and stage == 1 else strides
            y = inverted_residual(y, wider, filters, first if number == 0 else 1)
    y = pointwise(y, 1280)
    y = Dropout(0.2)(GlobalAveragePooling2D()(y))
    y = Dense(classes, activation="softmax")(y)
    return Model(x, y, name=f"{'cifar_' * cifar}mobilenet_v2", seed=seed)


def recipe(cifar: bool) -> Hyperparameters:
    """SGD with Nesterov momentum and weight decay; a cosine schedule to 0."""
    epochs = 60 if cifar else 150
    return Hyperparameters(
        make_optimizer=lambda rate: SGD(rate, momentum=0.9, nesterov=True, weight_decay=1e-3),
        learning_rate=0.05,
        batch_size=128 if cifar else 256,
        epochs=epochs,
        schedule=cosine(epochs),
    )
