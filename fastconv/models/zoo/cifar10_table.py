"""The network of the CIFAR-10 training-time table: 3,247,422 parameters at 32×32×3, ten classes.

The program behind the table never enabled its dropout, applied the softmax twice and did not
shuffle; ``as_published=True`` does the same. The default is what its author intended.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastconv.layers import (
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
    Rescaling,
    Softmax,
)
from fastconv.models.sequential import Sequential
from fastconv.models.zoo.hyperparameters import Hyperparameters
from fastconv.optimizers import Adam


def network(
    input_shape: Sequence[int] = (32, 32, 3),
    classes: int = 10,
    seed: int | None = None,
    as_published: bool = False,
) -> Sequential:
    """Four convolutions, three poolings and a wide dense layer, for pixels from 0 to 255."""

    def dropout(rate: float) -> list[Layer]:
        return [] if as_published else [Dropout(rate)]

    return Sequential(
        [
            Input(input_shape),
            Rescaling(1 / 255),
            Conv2D(32, 3, padding="same", activation="relu"),
            Conv2D(64, 3, padding="same", activation="relu"),
            MaxPooling2D(2),
            *dropout(0.25),
            Conv2D(128, 3, padding="same", activation="relu"),
            MaxPooling2D(2),
            Conv2D(128, 2, padding="same", activation="relu"),
            MaxPooling2D(2),
            *dropout(0.25),
            Flatten(),
            Dense(1500, activation="relu"),
            *dropout(0.5),
            Dense(classes, activation="softmax"),
            *([Softmax()] if as_published else []),
        ],
        name="cifar10_table",
        seed=seed,
    )


def schedule(epoch: int) -> float:
    """The full learning rate for 20 epochs, a tenth for 20 more, then a hundredth."""
    return 1.0 if epoch < 20 else 0.1 if epoch < 40 else 0.01


def recipe(as_published: bool = False) -> Hyperparameters:
    """Adam, batches of 128, 60 epochs."""
    return Hyperparameters(
        make_optimizer=lambda rate: Adam(rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8),
        learning_rate=1e-3,
        batch_size=128,
        epochs=60,
        schedule=schedule,
        shuffle=not as_published,
    )
