"""A run that is saved, loaded and gone on with ends in the same bits as one in a single piece."""

import numpy as np
import pytest

from fastconv.callbacks import CSVLogger, LearningRateScheduler, ModelCheckpoint
from fastconv.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D, Rescaling
from fastconv.models import Sequential, load_model
from fastconv.optimizers import SGD, Adam

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (45, 10, 10, 2), np.uint8)
Y = RNG.integers(0, 4, 45)


def network(optimizer):
    model = Sequential(
        [
            Input((10, 10, 2)),
            Rescaling(1 / 255),
            Conv2D(8, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            Dropout(0.3),
            Flatten(),
            Dense(16, activation="relu"),
            Dropout(0.5),
            Dense(4, activation="softmax"),
        ],
        seed=21,
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])
    return model


def run(model, folder, epochs):
    """Train from wherever the model is up to `epochs`."""
    return model.fit(
        X,
        Y,
        batch_size=16,
        epochs=epochs,
        initial_epoch=model.epoch,
        validation_split=0.2,
        verbose=0,
        callbacks=[
            LearningRateScheduler(lambda epoch, rate: rate * 0.8),
            CSVLogger(folder / "history.csv", append=True),
            ModelCheckpoint(folder / "last"),
            ModelCheckpoint(folder / "best", "val_loss", save_best_only=True),
        ],
    )


@pytest.mark.parametrize(
    "optimizer", [lambda: Adam(0.01), lambda: SGD(0.1, momentum=0.9, nesterov=True)]
)
def test_same_bits(tmp_path, optimizer):
    (tmp_path / "one").mkdir()
    (tmp_path / "parts").mkdir()
    whole = network(optimizer())
    run(whole, tmp_path / "one", epochs=5)
    run(network(optimizer()), tmp_path / "parts", epochs=2)
    model = load_model(tmp_path / "parts" / "last")
    assert model.epoch == 2
    run(model, tmp_path / "parts", epochs=3)
    model = load_model(tmp_path / "parts" / "last")
    run(model, tmp_path / "parts", epochs=5)
    for a, b in zip(whole.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.history.history == whole.history.history
    assert model.history.epoch == [0, 1, 2, 3, 4]
    for name in ("history.csv", "last", "best"):
        one, parts = (tmp_path / folder / name for folder in ("one", "parts"))
        assert one.read_bytes() == parts.read_bytes()


def test_going_on_in_the_same_process_is_the_same():
    whole, parts = network(Adam(0.01)), network(Adam(0.01))
    whole.fit(X, Y, epochs=3, verbose=0)
    for epochs in (1, 2, 3):
        parts.predict(X[:7])
        parts.fit(X, Y, epochs=epochs, initial_epoch=parts.epoch, verbose=0)
    for a, b in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_best_value_so_far_is_kept(tmp_path):
    model = network(Adam(0.01))
    model.fit(X, Y, epochs=3, validation_split=0.2, verbose=0, callbacks=[
        ModelCheckpoint(tmp_path / "last"),
    ])  # fmt: skip
    best = min(model.history.history["val_loss"])
    again = load_model(tmp_path / "last")
    keeper = ModelCheckpoint(tmp_path / "best", "val_loss", save_best_only=True)
    again.optimizer.learning_rate = 100.0  # from here on it only gets worse
    again.fit(X, Y, epochs=4, initial_epoch=3, validation_split=0.2, verbose=0, callbacks=[keeper])
    assert keeper.best == best
    assert not (tmp_path / "best").exists()
    fresh = network(Adam(0.01))
    fresh.fit(X, Y, epochs=1, validation_split=0.2, verbose=0, callbacks=[keeper])
    assert keeper.best == fresh.history.history["val_loss"][0]
    assert (tmp_path / "best").exists()
