"""CIFAR-10: 50,000 training and 10,000 test photographs, 32×32, in ten classes."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

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

_LARGEST_BATCH = 1 << 27  # bytes; protocol 0 of Python 2 writes a byte as up to four
_LARGEST_ARCHIVE = 1 << 30  # bytes, inflated: six such batches and what lies beside them
_MOST_HEADERS = 1 << 22  # bytes of names, sizes and times: 8,192 files

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
    names = [name + suffix for name in (*_BATCHES, "test_batch")]
    train, test = _empty(len(_BATCHES)), _empty(1)
    for name, content in _contents(source, names):
        (images, labels), k = (test, 0) if name == names[-1] else (train, names.index(name))
        part = slice(k * _PER_BATCH, (k + 1) * _PER_BATCH)
        _fill(images[part], labels[part], read(content, f"{source}/{name}"), f"{source}/{name}")
    return train, test


def _empty(batches: int) -> Arrays:
    count = batches * _PER_BATCH
    return np.empty((count, 32, 32, 3), np.uint8), np.empty((count, 1), np.uint8)


def _fill(images: np.ndarray, labels: np.ndarray, batch: Arrays, where: str) -> None:
    pixels, numbers = batch
    if len(pixels) != len(images):
        raise ValueError(f"{where}: must hold {len(images)} images; received {len(pixels)}")
    images[:] = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    labels[:, 0] = numbers


def _read_binary(content: bytes, where: str) -> Arrays:
    if len(content) % _RECORD:
        raise ValueError(
            f"{where}: is truncated; must be a multiple of {_RECORD} bytes; received {len(content)}"
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD)
    if len(records) and records[:, 0].max() > 9:
        raise ValueError(f"{where}: labels must be 0..9; received {records[:, 0].max()}")
    return records[:, 1:], records[:, 0]


def _contents(source: Path, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Give name and content of each of the files `names` in a folder or tar archive."""
    return _in_folder(source, names) if source.is_dir() else _in_archive(source, names)


def _in_folder(folder: Path, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for name in names:
        if not (folder / name).is_file():
            raise FileNotFoundError(f"cifar10: {folder} must hold {name}, which is missing")
    for name in names:
        _check_size((folder / name).stat().st_size, f"{folder}/{name}")
        yield name, (folder / name).read_bytes()


def _in_archive(archive: Path, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    missing = set(names)
    with archive.open("rb") as raw:
        compressed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        file = _Forward(gzip.GzipFile(fileobj=raw) if compressed else raw, archive)
        try:
            # A damaged archive fails in many ways, and a chain of headers by its depth.
            for name, size in _members(file, names):
                _check_size(size, f"{archive}/{name}")
                content = file.content(size)
                missing.discard(name)
                yield name, content
            file.finish()
        except _TooLargeError:
            raise
        except Exception as error:
            raise ValueError(f"{archive}: is truncated or damaged ({error})") from error
    for name in names:
        if name in missing:
            raise ValueError(f"{archive}: must hold {name}, which is missing")


def _members(file: _Forward, names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Give name and size of the members `names`; the content of each comes next in `file`."""
    with tarfile.open(fileobj=cast(BinaryIO, file), mode="r:") as archive:
        for member in archive:
            name = PurePosixPath(member.name).name
            if name in names and member.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
                yield name, member.size


class _Forward:
    """A tar archive's content, which is read once, from front to back, and within limits.

    What `tarfile` itself reads are headers; it is never asked for the content of a member.
    """

    def __init__(self, file: BinaryIO | gzip.GzipFile, archive: Path) -> None:
        self._file = file
        self._archive = archive
        self._at = 0
        self._headers = 0

    def tell(self) -> int:
        return self._at

    def seek(self, place: int) -> None:
        self._check(place)
        if place < self._at:
            raise tarfile.ReadError("a member begins before the one in front of it ends")
        while self._at < place and self._read(min(place - self._at, 1 << 20)):
            continue

    def read(self, size: int) -> bytes:
        self._headers += max(size, 0)
        if size < 0 or self._headers > _MOST_HEADERS:
            raise _TooLargeError(
                f"{self._archive}: must hold at most {_MOST_HEADERS} bytes of headers; "
                "received more"
            )
        return self._read(size)

    def content(self, size: int) -> bytes:
        content = self._read(size)
        if len(content) != size:
            raise EOFError(f"{size} bytes announced, {len(content)} there")
        return content

    def finish(self) -> None:
        """Go to the end, where gzip's checksum is."""
        while self._read(1 << 20):
            self._check(self._at)

    def _check(self, place: int) -> None:
        if place > _LARGEST_ARCHIVE:
            raise _TooLargeError(
                f"{self._archive}: must hold at most {_LARGEST_ARCHIVE} bytes; received more"
            )

    def _read(self, size: int) -> bytes:
        content = self._file.read(size)
        self._at += len(content)
        return content


class _TooLargeError(ValueError):
    """More than any of CIFAR-10's archives holds."""


def _check_size(size: int, where: str) -> None:
    if not 0 <= size <= _LARGEST_BATCH:
        raise _TooLargeError(f"{where}: must take at most {_LARGEST_BATCH} bytes; received {size}")
