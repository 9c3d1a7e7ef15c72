"""The network of a well-known tutorial on cats and dogs: one convolution, at 300×300×3."""

from __future__ import annotations

from collections.abc import Sequence

from fastconv.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D, Rescaling
from fastconv.models.sequential import Sequential
from fastconv.models.zoo.hyperparameters import Hyperparameters
from fastconv.optimizers import Adam


def network(
    input_shape: Sequence[int] = (300, 300, 3), classes: int = 2, seed: int | None = None
) -> Sequential:
    """A convolution, a pooling and a dense layer, for pixels from 0 to 255."""
    return Sequential(
        [
            Input(input_shape),
            Rescaling(1 / 255),
            Conv2D(32, 5, activation="relu"),
            MaxPooling2D(2),
            Flatten(),
            Dense(classes, activation="softmax"),
        ],
        name="cats_dogs",
        seed=seed,
    )


def recipe() -> Hyperparameters:
    """Adam, batches of 32, 5 epochs."""
    return Hyperparameters(make_optimizer=Adam, learning_rate=1e-4, batch_size=32, epochs=5)
