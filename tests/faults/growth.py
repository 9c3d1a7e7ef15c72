"""Whether a process that works for long grows: ``python tests/faults/growth.py [NAME ...]``.

Each piece of work repeats something with random shapes. Ten times in it the process's resident
memory, Python's blocks of memory, and the open files and threads are counted.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from fastconv import Input, Sequential
from fastconv.callbacks import (
    BackupAndRestore,
    CSVLogger,
    EarlyStopping,
    ModelCheckpoint,
    ReduceLROnPlateau,
)
from fastconv.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
)
from fastconv.models import Model, load_model

SAMPLES = 10


@dataclass(frozen=True)
class Sample:
    """What a process holds."""

    kilobytes: int
    blocks: int
    files: int
    threads: int

    @classmethod
    def now(cls) -> Sample:
        """This process, after a collection of garbage."""
        gc.collect()
        status = Path("/proc/self/status").read_text()
        resident = int(status.split("VmRSS:")[1].split()[0])
        folders = (len(os.listdir(f"/proc/self/{name}")) for name in ("fd", "task"))
        return cls(resident, sys.getallocatedblocks(), *folders)


def classifier(seed: int = 1) -> Model:
    """A small network for images of 12×12."""
    model = Sequential(
        [
            Input((12, 12, 3)),
            Conv2D(8, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            BatchNormalization(),
            Conv2D(8, 3, activation="relu"),
            Flatten(),
            Dense(10, activation="softmax"),
        ],
        seed=seed,
    )
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return model


def batch(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.random((rows, 12, 12, 3), dtype=np.float32), rng.integers(0, 10, rows)


def steps(count: int) -> Iterator[int]:
    """Training with batches of 1 to 64, by `train_on_batch` and by `fit` with a ragged end."""
    model, rng, draw = classifier(), np.random.default_rng(0), random.Random(0)
    while model.optimizer.iterations < count:
        for _ in range(10):
            model.train_on_batch(*batch(rng, draw.randint(1, 64)))
        x, y = batch(rng, draw.randint(100, 300))
        model.fit(x, y, batch_size=draw.randint(20, 64), verbose=0)
        yield model.optimizer.iterations


def image_sizes(count: int) -> Iterator[int]:
    """Inference on images of random sizes by a network without a fixed one."""
    layers = [
        Input((None, None, 3)),
        Conv2D(16, 3, padding="same", activation="relu"),
        MaxPooling2D(),
        Conv2D(32, 3, padding="same", activation="relu"),
        GlobalAveragePooling2D(),
    ]
    model, rng, draw = Sequential(layers, seed=1), np.random.default_rng(0), random.Random(0)
    for number in range(count):
        shape = draw.randint(1, 3), draw.randint(16, 96), draw.randint(16, 96), 3
        model.predict(rng.random(shape, dtype=np.float32), verbose=0)
        yield number + 1


def models(count: int) -> Iterator[int]:
    """Models that are made, trained a little and dropped."""
    rng = np.random.default_rng(0)
    for number in range(count):
        model = classifier(number)
        model.train_on_batch(*batch(rng, 8))
        model.predict(batch(rng, 3)[0], verbose=0)
        yield number + 1


def files(count: int) -> Iterator[int]:
    """A model that is saved and loaded, with its optimizer."""
    rng, model = np.random.default_rng(0), classifier()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            model.train_on_batch(*batch(rng, 4))
            model.save(f"{folder}/model")
            model.save_weights(f"{folder}/weights")
            model = load_model(f"{folder}/model")
            model.load_weights(f"{folder}/weights")
            yield number + 1


def fits(count: int) -> Iterator[int]:
    """Calls of `fit` on one model: with callbacks, on arrays and on a stream read by a thread."""
    rng, model = np.random.default_rng(0), classifier()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            callbacks = [
                EarlyStopping("loss", restore_best_weights=True),
                ReduceLROnPlateau("loss"),
                CSVLogger(f"{folder}/log.csv"),
                ModelCheckpoint(f"{folder}/last", "loss", save_best_only=True),
                BackupAndRestore(f"{folder}/backup"),
            ]
            x, y = batch(rng, 16)
            data = [(x[:8], y[:8]), (x[8:], y[8:])]
            if number % 2:
                model.fit(x, y, batch_size=8, verbose=0, callbacks=callbacks)
            elif number % 4:
                model.fit(data, verbose=0, callbacks=callbacks)
            else:  # one that is given up before its end
                model.fit(iter(data * 3), steps_per_epoch=1, verbose=0, callbacks=callbacks)
            yield number + 1


WORK: dict[str, tuple[Callable[[int], Iterator[int]], int]] = {
    "steps": (steps, 5000),
    "image_sizes": (image_sizes, 2000),
    "models": (models, 200),
    "files": (files, 200),
    "fits": (fits, 500),
}
"""Every piece of work, and how often it is repeated."""


def samples(name: str) -> list[Sample]:
    """Do a piece of work; what the process held after each tenth of it."""
    work, count = WORK[name]
    found: list[Sample] = []
    for done in work(count):
        if done * SAMPLES >= count * (len(found) + 1):
            found.append(Sample.now())
    return found


def main(names: list[str]) -> None:
    """Print the samples of each piece of work, one per line."""
    for name in names or list(WORK):
        for number, sample in enumerate(samples(name), 1):
            print(name, number * WORK[name][1] // SAMPLES, *astuple(sample), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
