"""A user's program that trains, is stopped anywhere, and is started again until its model is there.

``python user_program.py KIND FOLDER``; the kinds are the ways to resume that the manual describes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fastconv import Input, Sequential
from fastconv.callbacks import (
    BackupAndRestore,
    CSVLogger,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
)
from fastconv.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from fastconv.models import Model, load_model

EPOCHS = 6


def network() -> Model:
    """A few thousand weights, with dropout, and an optimizer with two slots and an average."""
    model = Sequential(
        [
            Input((8, 8, 2)),
            Conv2D(8, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            Dropout(0.3),
            Flatten(),
            Dense(24, activation="relu"),
            Dense(3, activation="softmax"),
        ],
        seed=21,
    )
    from fastconv.optimizers import Adam

    model.compile(Adam(0.01, use_ema=True), "sparse_categorical_crossentropy", ["accuracy"])
    return model


def data() -> tuple[np.ndarray, np.ndarray]:
    """Small images in three classes that can be told apart, most of the time."""
    rng = np.random.default_rng(3)
    y = np.arange(60) % 3
    x = rng.normal(size=(60, 8, 8, 2)) + (y - 1)[:, None, None, None] / 2
    return x.astype(np.float32), y


def checkpoint(folder: Path) -> None:
    """Resume by hand, from the last checkpoint."""
    last = folder / "last.safetensors"
    model = load_model(last) if last.exists() else network()
    x, y = data()
    model.fit(
        x,
        y,
        batch_size=8,
        epochs=EPOCHS,
        initial_epoch=model.epoch,
        validation_split=0.2,
        verbose=0,
        callbacks=[
            LearningRateScheduler(lambda epoch, rate: rate * 0.9),
            CSVLogger(folder / "history.csv", append=True),
            ModelCheckpoint(folder / "best.safetensors", "val_loss", save_best_only=True),
            ModelCheckpoint(last),
        ],
    )
    model.save(folder / "model.safetensors")


def backup(folder: Path, save_freq: int | str = "epoch") -> None:
    """Resume by `BackupAndRestore`; the training ends early, with the best epoch's weights."""
    model = network()
    x, y = data()
    model.fit(
        x,
        y,
        batch_size=8,
        epochs=50,
        validation_split=0.2,
        verbose=0,
        callbacks=[
            ReduceLROnPlateau("val_loss", patience=1, factor=0.5),
            EarlyStopping("val_loss", patience=2, min_delta=0.02, restore_best_weights=True),
            CSVLogger(folder / "history.csv", append=True),
            ModelCheckpoint(folder / "best.safetensors", "val_loss", save_best_only=True),
            BackupAndRestore(folder / "backup", save_freq=save_freq),
        ],
    )
    model.save(folder / "model.safetensors")


def steps(folder: Path) -> None:
    """The same, with a backup after every fourth step, also within an epoch."""
    backup(folder, 4)


KINDS: dict[str, Callable[[Path], None]] = {
    "checkpoint": checkpoint,
    "backup": backup,
    "steps": steps,
}


def main(words: list[str]) -> int:
    """Run the program until its model is there; done before, it does nothing."""
    kind, folder = words[0], Path(words[1])
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "model.safetensors").exists():
        print("training", flush=True)
        KINDS[kind](folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
