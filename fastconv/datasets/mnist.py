"""MNIST: 60,000 training and 10,000 test images of handwritten digits, 28×28, grey."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fastconv.datasets._downloads import RemoteFile, fetch, find_local
from fastconv.datasets._idx import idx_shape, read_idx

CLASSES = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")

_BASE = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_FILES = {
    name: RemoteFile(f"{name}-ubyte.gz", f"{_BASE}{name}-ubyte.gz", f"md5:{md5}")
    for name, md5 in {
        "train-images-idx3": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1": "ec29112dd5afa0611ce80d1b7f02629c",
    }.items()
}

Arrays = tuple[np.ndarray, np.ndarray]


def load_data() -> tuple[Arrays, Arrays]:
    """Return ``(x_train, y_train), (x_test, y_test)``; downloads the files the first time.

    Returns
    -------
    x_train, x_test
        uint8, ``(60000, 28, 28)`` and ``(10000, 28, 28)``; 0 is the background.
    y_train, y_test
        uint8, ``(60000,)`` and ``(10000,)``: the digits.

    Raises
    ------
    FileNotFoundError
        When a file is neither in the folder that ``FASTCONV_DATA`` names nor in the cache and
        cannot be downloaded; says which file to put where.
    ValueError
        When a file is truncated or damaged; names it.
    """
    return _part("train", 60_000), _part("t10k", 10_000)


def _part(part: str, count: int) -> Arrays:
    images_path = _path(f"{part}-images-idx3")
    labels_path = _path(f"{part}-labels-idx1")
    shape = idx_shape(images_path, 3)  # before a byte of something else is inflated
    if shape != (count, 28, 28):
        raise ValueError(f"{images_path}: must hold MNIST's ({count}, 28, 28); received {shape}")
    shape = idx_shape(labels_path, 1)
    if shape != (count,):
        raise ValueError(f"{labels_path}: must hold {count} labels; received {shape}")
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if labels.max() > 9:
        raise ValueError(f"{labels_path}: labels must be 0..9; received {labels.max()}")
    return images, labels


def _path(name: str) -> Path:
    remote = _FILES[name]
    plain = remote.name.removesuffix(".gz")
    return find_local("mnist", (remote.name, plain)) or fetch("mnist", remote)
