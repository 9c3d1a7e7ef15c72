"""A small network for time series, (length, channels): convolutions along time.

An image can be used as a series, too: its rows, with pixels from 0 to 255, are the steps.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastconv.layers import (
    Conv1D,
    Dense,
    Dropout,
    GlobalAveragePooling1D,
    Input,
    Layer,
    MaxPooling1D,
    Rescaling,
    Reshape,
)
from fastconv.models.sequential import Sequential
from fastconv.models.zoo.hyperparameters import Hyperparameters
from fastconv.optimizers import Adam
from fastconv.utils.arrays import as_shape


def network(
    input_shape: Sequence[int | None] = (128, 1), classes: int = 2, seed: int | None = None
) -> Sequential:
    """Three convolutions and the mean over time; the length may be open."""
    rows: list[Layer] = []
    if len(input_shape) == 3:
        height, width, channels = as_shape(input_shape, "input_shape", where="time_series")
        rows = [Rescaling(1 / 255), Reshape((height, width * channels))]
    return Sequential(
        [
            Input(input_shape),
            *rows,
            Conv1D(32, 7, padding="same", activation="relu"),
            MaxPooling1D(2),
            Conv1D(64, 5, padding="same", activation="relu"),
            MaxPooling1D(2),
            Conv1D(128, 3, padding="same", activation="relu"),
            GlobalAveragePooling1D(),
            Dropout(0.25),
            Dense(classes, activation="softmax"),
        ],
        name="time_series",
        seed=seed,
    )


def recipe() -> Hyperparameters:
    """Adam, batches of 32, 30 epochs."""
    return Hyperparameters(make_optimizer=Adam, learning_rate=1e-3, batch_size=32, epochs=30)
