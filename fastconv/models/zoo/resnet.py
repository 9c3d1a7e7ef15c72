"""Residual networks (He et al. 2015), with the stride in the 3×3 convolution.

Trainable parameters with 1,000 classes: ResNet-18 11,689,512, ResNet-50 25,557,032. The CIFAR
variants begin with a 3×3 convolution of stride 1 and no pooling; with ten classes: 11,173,962 and
23,520,842.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastconv.layers import (
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    ReLU,
    Rescaling,
)
from fastconv.models.model import Model
from fastconv.models.zoo.hyperparameters import Hyperparameters, cosine
from fastconv.optimizers import SGD

WIDTHS = (64, 128, 256, 512)


def convolution(x: Any, filters: int, size: int, strides: int = 1, relu: bool = True) -> Any:
    """Convolution without bias, batch normalization, and ReLU if `relu`."""
    x = Conv2D(
        filters,
        size,
        strides,
        padding=size // 2,
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)
    x = BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return ReLU()(x) if relu else x


def basic(x: Any, width: int, strides: int) -> Any:
    """Two 3×3 convolutions beside the shortcut."""
    y = convolution(convolution(x, width, 3, strides), width, 3, relu=False)
    return ReLU()(Add()([y, _shortcut(x, width, strides)]))


def bottleneck(x: Any, width: int, strides: int) -> Any:
    """1×1, 3×3 and 1×1 convolutions, the last one four times as wide, beside the shortcut."""
    y = convolution(convolution(x, width, 1), width, 3, strides)
    y = convolution(y, 4 * width, 1, relu=False)
    return ReLU()(Add()([y, _shortcut(x, 4 * width, strides)]))


def _shortcut(x: Any, filters: int, strides: int) -> Any:
    same = strides == 1 and x.shape[-1] == filters
    return x if same else convolution(x, filters, 1, strides, relu=False)


STAGES: dict[int, tuple[Callable[[Any, int, int], Any], tuple[int, ...]]] = {
    18: (basic, (2, 2, 2, 2)),
    50: (bottleneck, (3, 4, 6, 3)),
}
"""Kind of block and number of blocks in each stage, by depth."""


def network(
    input_shape: Sequence[int],
    classes: int,
    seed: int | None = None,
    *,
    depth: int = 18,
    cifar: bool = False,
) -> Model:
    """Four stages of residual blocks, for pixels from 0 to 255; `depth` is 18 or 50."""
    block, counts = STAGES[depth]
    x = Input(input_shape)
    y = Rescaling(1 / 127.5, -1)(x)
    y = convolution(y, 64, 3) if cifar else convolution(y, 64, 7, 2)
    if not cifar:
        y = MaxPooling2D(3, 2, padding=1)(y)
    for stage, (width, count) in enumerate(zip(WIDTHS, counts, strict=True)):
        for number in range(count):
            y = block(y, width, 2 if stage and not number else 1)
    y = GlobalAveragePooling2D()(y)
    y = Dense(classes, activation="softmax")(y)
    return Model(x, y, name=f"{'cifar_' * cifar}resnet{depth}", seed=seed)


def recipe(cifar: bool) -> Hyperparameters:
    """SGD with Nesterov momentum and weight decay; a cosine schedule to 0."""
    epochs = 60 if cifar else 90
    return Hyperparameters(
        make_optimizer=lambda rate: SGD(rate, momentum=0.9, nesterov=True, weight_decay=5e-3),
        learning_rate=0.05 if cifar else 0.1,
        batch_size=128 if cifar else 256,
        epochs=epochs,
        schedule=cosine(epochs),
    )
