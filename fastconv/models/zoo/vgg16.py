"""VGG-16 (Simonyan and Zisserman 2014, configuration D): 138,357,544 parameters at 224×224×3."""

from __future__ import annotations

from collections.abc import Sequence

from fastconv.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D, Rescaling
from fastconv.models.sequential import Sequential
from fastconv.models.zoo.hyperparameters import Hyperparameters, tenth_every
from fastconv.optimizers import SGD

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and number of convolutions; a pooling ends each block."""


def network(
    input_shape: Sequence[int] = (224, 224, 3), classes: int = 1000, seed: int | None = None
) -> Sequential:
    """Thirteen convolutions and three dense layers, for pixels from 0 to 255."""
    model = Sequential([Input(input_shape), Rescaling(1 / 127.5, -1)], name="vgg16", seed=seed)
    for filters, count in BLOCKS:
        for _ in range(count):
            model.add(
                Conv2D(
                    filters,
                    3,
                    padding="same",
                    activation="relu",
                    kernel_initializer="he_normal",
                )
            )
        model.add(MaxPooling2D(2))
    model.add(Flatten())
    for _ in range(2):
        model.add(Dense(4096, activation="relu"))
        model.add(Dropout(0.5))
    model.add(Dense(classes, activation="softmax"))
    return model


def recipe() -> Hyperparameters:
    """SGD with momentum, batches of 256; the learning rate is divided by 10 every 25 epochs."""
    return Hyperparameters(
        make_optimizer=lambda rate: SGD(rate, momentum=0.9),
        learning_rate=0.01,
        batch_size=256,
        epochs=74,
        schedule=tenth_every(25),
    )
