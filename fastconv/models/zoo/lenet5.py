"""LeNet-5 (LeCun et al. 1998): 61,706 parameters at 32×32×1, ten classes.

Digits of 28×28 pixels are padded by two, as by its authors. Pooling is average pooling, without
trained factors, and the output is a softmax, as is usual today.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastconv.layers import AveragePooling2D, Conv2D, Dense, Flatten, Input, Rescaling
from fastconv.models.sequential import Sequential
from fastconv.models.zoo.hyperparameters import Hyperparameters
from fastconv.optimizers import SGD


def network(
    input_shape: Sequence[int] = (28, 28, 1), classes: int = 10, seed: int | None = None
) -> Sequential:
    """Three convolutions, two poolings, two dense layers, for pixels from 0 to 255."""
    return Sequential(
        [
            Input(input_shape),
            Rescaling(1 / 255),
            Conv2D(6, 5, padding=2 if input_shape[0] < 32 else 0, activation="tanh"),
            AveragePooling2D(2),
            Conv2D(16, 5, activation="tanh"),
            AveragePooling2D(2),
            Conv2D(120, 5, activation="tanh"),
            Flatten(),
            Dense(84, activation="tanh"),
            Dense(classes, activation="softmax"),
        ],
        name="lenet5",
        seed=seed,
    )


def recipe() -> Hyperparameters:
    """SGD with momentum, batches of 32, 20 epochs."""
    return Hyperparameters(
        make_optimizer=lambda rate: SGD(rate, momentum=0.9),
        learning_rate=0.01,
        batch_size=32,
        epochs=20,
    )
