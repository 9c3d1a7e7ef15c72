"""A time series: which of three machines is running, by a stretch of sensor readings.

    python examples/time_series.py [EPOCHS]

Each sample is 128 readings of two channels. The machines hum with the same loudness but shake in
different forms (sine, square, saw tooth), at any speed and phase, under noise.
"""

import sys

import numpy as np

from fastconv import Input, Sequential
from fastconv.layers import Conv1D, Dense, GlobalAveragePooling1D, MaxPooling1D
from fastconv.optimizers import Adam

FORMS = ("sine", "square", "saw tooth")
LENGTH = 128


def record(n, seed, noise=0.3):
    """Readings (n, LENGTH, 2) and labels (n,)."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % len(FORMS)
    periods = rng.uniform(12, 32, (n, 1))
    turns = np.arange(LENGTH) / periods + rng.uniform(0, 1, (n, 1))
    sine = np.sin(2 * np.pi * turns)
    forms = np.stack([np.sqrt(2) * sine, np.sign(sine), np.sqrt(12) * (turns % 1 - 0.5)])
    first = forms[labels, np.arange(n)]
    second = np.roll(first, 5, axis=1)  # the signal reaches the other sensor later
    readings = np.stack([first, second], axis=-1) + rng.normal(0, noise, (n, LENGTH, 2))
    return readings.astype(np.float32), labels


epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
x_train, y_train = record(1500, seed=0)
x_test, y_test = record(300, seed=1)

model = Sequential(
    [
        Input((LENGTH, 2)),
        Conv1D(16, 7, padding="same", activation="relu"),
        MaxPooling1D(2),
        Conv1D(32, 5, padding="same", activation="relu"),
        MaxPooling1D(2),
        Conv1D(32, 3, padding="same", activation="relu"),
        GlobalAveragePooling1D(),
        Dense(len(FORMS), activation="softmax"),
    ],
    seed=21,
)
model.compile(Adam(3e-3), "sparse_categorical_crossentropy", ["accuracy"])
model.fit(x_train, y_train, epochs=epochs, validation_split=0.1)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"{accuracy:.1%} of {len(x_test)} new stretches are named correctly")
for form, row in zip(FORMS, model.predict(x_test[: len(FORMS)]), strict=True):
    shares = ", ".join(f"{name} {p:.2f}" for name, p in zip(FORMS, row, strict=True))
    print(f"a {form}: {shares}")
