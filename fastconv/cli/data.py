"""The argument DATA of commands: from a name or a path to images and labels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fastconv._arguments import as_int, as_name, as_pair
from fastconv.cli.errors import CommandError
from fastconv.cli.parser import did_you_mean

NAMES = ("shapes", "cifar10", "mnist")
HELP = "shapes, cifar10, mnist, or a folder or .zip of images in one folder per class"
HELD_OUT = 0.2  # share of each class that is for testing if the data has no test part


@dataclass(frozen=True)
class Source:
    """Where images come from, and which are taken: all that `load` depends on."""

    place: str  # one of NAMES, or an absolute path
    limit: int | None = None
    image_size: tuple[int, int] | None = None
    color_mode: str = "auto"

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Source:
        """Make one from what `get_config` returned."""
        where, size, limit = "training run", config["image_size"], config["limit"]
        return cls(
            as_name(config["place"], where=where),
            None if limit is None else as_int(limit, "limit", where=where),
            None if size is None else as_pair(size, "image_size", where=where),
            as_name(config["color_mode"], where=where),
        )

    def get_config(self) -> dict[str, Any]:
        """JSON values."""
        return vars(self).copy()

    @property
    def name(self) -> str:
        """A short name, for folders."""
        return self.place if self.place in NAMES else Path(self.place).stem


@dataclass(frozen=True)
class Data:
    """Images (with a channel axis) and integer labels, ``(n,)``, for training and testing."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]
    held_out: bool = False

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height, width, channels."""
        return self.x_train.shape[1:]


def find_place(word: str) -> str:
    """Return the name of a set, or an existing path made absolute."""
    if word in NAMES:
        return word
    path = Path(word).expanduser()
    if path.exists():
        return str(path.resolve())
    if os.sep in word or path.suffix.lower() == ".zip":
        raise CommandError(f"DATA: there is no folder or archive {word!r}")
    raise CommandError(
        f"DATA must be {', '.join(NAMES)}, or an existing folder or .zip; received {word!r}"
        f"{did_you_mean(word, NAMES)}"
    )


def load(source: Source, *, strict: bool = False, whole: bool = False) -> Data:
    """Load `source`; raises as `fastconv.datasets` does.

    With `whole`, data without a test part is used for testing as a whole.
    """
    if source.place == "shapes":
        return _load_shapes(source.limit)
    data = _load_named(source.place) if source.place in NAMES else _load_path(source, strict, whole)
    x_train, y_train = _limited(data.x_train, data.y_train, source.limit)
    x_test, y_test = _limited(data.x_test, data.y_test, source.limit)
    return replace(data, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def _load_named(name: str) -> Data:
    from fastconv import datasets

    module = getattr(datasets, name)
    (x_train, y_train), (x_test, y_test) = module.load_data()
    if x_train.ndim == 3:
        x_train, x_test = x_train[..., None], x_test[..., None]
    return Data(x_train, y_train.reshape(-1), x_test, y_test.reshape(-1), module.CLASSES)


def _load_shapes(limit: int | None) -> Data:
    from fastconv.datasets import shapes

    counts = [10_000, 2_000] if limit is None else [min(limit, n) for n in (10_000, 2_000)]
    (x_train, y_train), (x_test, y_test) = shapes.load_data(*counts)
    return Data(x_train, y_train, x_test, y_test, shapes.CLASSES)


def _load_path(source: Source, strict: bool, whole: bool) -> Data:
    from fastconv.datasets import load_images
    from fastconv.datasets.labelled import stratified_split

    found = load_images(
        source.place, image_size=source.image_size, color_mode=source.color_mode, strict=strict
    )
    x, y = found.x_train, found.y_train
    if found.x_test is not None and found.y_test is not None:
        return Data(x, y, found.x_test, found.y_test, found.class_names)
    if whole:
        return Data(x[:0], y[:0], x, y, found.class_names)
    keep, out = stratified_split(y, HELD_OUT)
    if not len(out):
        raise ValueError(
            f"{source.place}: needs test images: a test folder, or two or more images in a class"
        )
    return Data(x[keep], y[keep], x[out], y[out], found.class_names, held_out=True)


def _limited(x: np.ndarray, y: np.ndarray, limit: int | None) -> tuple[np.ndarray, np.ndarray]:
    """At most `limit` images, drawn at random, always the same ones, in their order."""
    if limit is None or limit >= len(x):
        return x, y
    rows = np.sort(np.random.default_rng(0).permutation(len(x))[:limit])
    return x[rows], y[rows]
