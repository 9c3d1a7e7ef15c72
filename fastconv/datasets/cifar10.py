"""CIFAR-10: 50,000 training and 10,000 test photographs, 32×32, in ten classes."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np

from fastconv.datasets._cifar_pickle import read_batch
from fastconv.datasets._downloads import RemoteFile, fetch, find_local

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)

_ARCHIVE = RemoteFile(
    "cifar-10-python.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
)
_SOURCES = (
    "cifar-10-batches-py",
    "cifar-10-batches-bin",
    "cifar-10-python.tar.gz",
    "cifar-10-binary.tar.gz",
)
_BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")
_PER_BATCH = 10_000
_RECORD = 1 + 3072  # label, then 1024 red, green and blue bytes

Arrays = tuple[np.ndarray, np.ndarray]


def load_data() -> tuple[Arrays, Arrays]:
    """Return ``(x_train, y_train), (x_test, y_test)``; downloads the archive the first time.

    The folder that ``FASTCONV_DATA`` names may hold ``cifar-10-python.tar.gz``,
    ``cifar-10-binary.tar.gz``, or either of them extracted.

    Returns
    -------
    x_train, x_test
        uint8, ``(50000, 32, 32, 3)`` and ``(10000, 32, 32, 3)``.
    y_train, y_test
        uint8, ``(50000, 1)`` and ``(10000, 1)``: indices into `CLASSES`.

    Raises
    ------
    FileNotFoundError
        When the archive is not on this machine and cannot be downloaded; says which file to put
        where.
    ValueError
        When a file is truncated or damaged; names it.
    """
    source = find_local("cifar10", _SOURCES) or fetch("cifar10", _ARCHIVE)
    binary = source.name in ("cifar-10-batches-bin", "cifar-10-binary.tar.gz")
    suffix, read = (".bin", _read_binary) if binary else ("", read_batch)
    batches = _contents(source, [name + suffix for name in (*_BATCHES, "test_batch")])
    *train, test = (_arrays(read, content, where) for where, content in batches)
    x_train = np.concatenate([x for x, _ in train])
    y_train = np.concatenate([y for _, y in train])
    return (x_train, y_train), test


def _arrays(
    read: Callable[[bytes, str], Arrays], content: bytes, where: str
) -> tuple[np.ndarray, np.ndarray]:
    pixels, labels = read(content, where)
    if len(pixels) != _PER_BATCH:
        raise ValueError(f"{where}: must hold {_PER_BATCH} images; received {len(pixels)}")
    images = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), labels.reshape(-1, 1)


def _read_binary(content: bytes, where: str) -> Arrays:
    if len(content) % _RECORD:
        raise ValueError(
            f"{where}: is truncated; must be a multiple of {_RECORD} bytes; received {len(content)}"
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD)
    if len(records) and records[:, 0].max() > 9:
        raise ValueError(f"{where}: labels must be 0..9; received {records[:, 0].max()}")
    return records[:, 1:], records[:, 0].copy()


def _contents(source: Path, names: list[str]) -> list[tuple[str, bytes]]:
    """Return ``(where, content)`` of each of the files `names` in a folder or tar archive."""
    if source.is_dir():
        for name in names:
            if not (source / name).is_file():
                raise FileNotFoundError(f"cifar10: {source} must hold {name}, which is missing")
        return [(str(source / name), (source / name).read_bytes()) for name in names]
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(source, "r:*") as archive:
            for member in archive:  # one pass: seeking back would inflate everything again
                name = PurePosixPath(member.name).name
                if name in names and member.isfile():
                    found[name] = archive.extractfile(member).read()  # type: ignore[union-attr]
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{source}: is truncated or damaged ({error})") from error
    for name in names:
        if name not in found:
            raise ValueError(f"{source}: must hold {name}, which is missing")
    return [(f"{source}/{name}", found[name]) for name in names]
