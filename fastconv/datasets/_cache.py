"""The user's cache: where it lies, and arrays kept in it.

Arrays are written beside, synchronised, renamed, and read back as one. An entry is a folder of
``.npy`` files and a ``manifest.json``. Its name is a digest of what was asked for; the manifest
holds the fingerprint of what it was made from, so that an entry whose source has changed is
replaced instead of lingering.

Nothing in an entry is believed. The manifest carries its own digest, and of every array the shape
and a checksum. From these follows the one header that the array's file can have, so that no header
is ever parsed.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from fastconv.utils.files import folder_beside, remove_leftover_folders
from fastconv.utils.json_bounds import check_json_memory

_MANIFEST = "manifest.json"
_VERSION = 2  # of the layout of an entry and of how images are decoded
_MAPPED = 1 << 30  # bytes; larger arrays are mapped into memory, copied where written to
_LARGEST_MANIFEST = 1 << 26  # bytes; the names of some 500,000 unreadable images
_HEADER = 128  # bytes of an .npy file before its elements
_DTYPES: dict[str, np.dtype[Any]] = {
    "x": np.dtype(np.uint8),
    "y": np.dtype(np.int64),
}  # of images and of labels

Loaded = tuple[dict[str, Any], dict[str, np.ndarray]]


def cache_dir() -> Path:
    """Return the folder for downloads and decoded images; it need not exist yet.

    ``FASTCONV_CACHE`` names another one than the operating system's usual place.
    """
    chosen = os.environ.get("FASTCONV_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "fastconv"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "fastconv"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "fastconv"


class ArrayWriter:
    """Appends rows to the ``.npy`` file of an entry, whose length is known only at the end."""

    def __init__(self, folder: Path, name: str, row_shape: tuple[int, ...]) -> None:
        self._row_shape = row_shape
        self._dtype = _DTYPES[name]
        self._count = 0
        self._checksum = 0
        self._file: BinaryIO = (folder / f"{name}.npy").open("wb")
        self._file.write(_header(self._shape, self._dtype))

    @property
    def _shape(self) -> tuple[int, ...]:
        return self._count, *self._row_shape

    def append(self, rows: np.ndarray) -> None:
        """Write `rows`, of shape ``(n, *row_shape)``."""
        if rows.shape[1:] != self._row_shape or rows.dtype != self._dtype:
            raise ValueError(
                f"ArrayWriter: rows must be {self._dtype} (n, {self._row_shape}); "
                f"received {rows.dtype} {rows.shape}"
            )
        content = np.ascontiguousarray(rows).data
        self._file.write(content)
        self._checksum = zlib.crc32(content, self._checksum)
        self._count += len(rows)

    def record(self) -> dict[str, Any]:
        """Return what the manifest says of the array."""
        return {"shape": list(self._shape), "crc32": self._checksum}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._file.seek(0)
                self._file.write(_header(self._shape, self._dtype))
                self._file.flush()
                os.fsync(self._file.fileno())
        finally:
            self._file.close()


def _header(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytes:
    """The header of an ``.npy`` file of version 1.0, always of the same length."""
    text = f"{{'descr': {dtype.str!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    magic = np.lib.format.magic(1, 0) + (_HEADER - 10).to_bytes(2, "little")
    header = magic + text.encode("ascii").ljust(_HEADER - 11) + b"\n"
    if len(header) != _HEADER:
        raise ValueError(f"shape {shape} is too large")
    return header


class MemoryWriter:
    """What `ArrayWriter` is for images, in memory."""

    def __init__(self, row_shape: tuple[int, ...]) -> None:
        self._parts = [np.empty((0, *row_shape), _DTYPES["x"])]

    def append(self, rows: np.ndarray) -> None:
        """Keep `rows`, of shape ``(n, *row_shape)``."""
        self._parts.append(rows)

    def array(self) -> np.ndarray:
        """Return all rows."""
        return np.concatenate(self._parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class CacheEntry:
    """One entry: arrays that were made from `source` under `options`.

    `check` raises an error of any kind when the information and the arrays do not go together.
    """

    def __init__(
        self,
        kind: str,
        source: str,
        options: Mapping[str, Any],
        check: Callable[[dict[str, Any], dict[str, np.ndarray]], None],
    ) -> None:
        asked = json.dumps([_VERSION, source, dict(options)], sort_keys=True)
        name = hashlib.sha256(asked.encode("ascii")).hexdigest()[:24]
        self._folder = cache_dir() / kind / name
        self._check = check

    def load(self, fingerprint: str) -> Loaded | None:
        """Return ``(information, arrays)``, or None when there is no entry for `fingerprint`.

        A damaged entry gives a warning and counts as none. What killed processes left beside it
        goes.
        """
        remove_leftover_folders(self._folder.parent)
        try:
            return self._load(fingerprint)
        except MemoryError:  # the entry may be right: nothing in it is larger than its files
            raise
        except Exception as error:  # a damaged entry can fail in any way
            self._warn_damaged(error)
            return None

    def _load(self, fingerprint: str) -> Loaded | None:
        path = self._folder / _MANIFEST
        try:
            size = _size(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if size > _LARGEST_MANIFEST:
            raise ValueError(f"{_MANIFEST} must take at most {_LARGEST_MANIFEST} bytes")
        text = path.read_bytes()
        check_json_memory(text, size + _size(self._folder / "x.npy"), _MANIFEST)
        manifest = json.loads(text)
        if manifest.pop("digest") != _digest(manifest):
            raise ValueError(f"{_MANIFEST} does not have its digest")
        if manifest["fingerprint"] != fingerprint:
            return None
        information = manifest["information"]
        arrays = {
            name: _read(self._folder / f"{name}.npy", dtype, **manifest["arrays"][name])
            for name, dtype in _DTYPES.items()
        }
        self._check(information, arrays)
        return information, arrays

    @contextmanager
    def replace(self) -> Iterator[Path]:
        """Give a new folder to write into; on success it becomes the entry, else it goes."""
        with folder_beside(self._folder.parent) as scratch:
            fresh = scratch / "fresh"
            fresh.mkdir(mode=0o700)
            yield fresh
            if self._folder.exists():
                os.replace(self._folder, scratch / "old")
            try:
                os.rename(fresh, self._folder)
            except OSError:
                # Another process was quicker, with the same content: its entry stays.
                if not self._folder.exists():
                    raise

    def _warn_damaged(self, error: Exception) -> None:
        warnings.warn(
            f"{self._folder}: this cache entry is damaged ({_reason(error)}); making it again",
            stacklevel=3,
        )


def write_manifest(
    folder: Path,
    fingerprint: str,
    information: Mapping[str, Any],
    arrays: Mapping[str, Mapping[str, Any]],
) -> None:
    """Finish an entry: note its fingerprint, and of each array what its writer recorded."""
    manifest: dict[str, Any] = {
        "fingerprint": fingerprint,
        "information": dict(information),
        "arrays": dict(arrays),
    }
    manifest["digest"] = _digest(manifest)
    with (folder / _MANIFEST).open("w", encoding="ascii") as file:
        json.dump(manifest, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _digest(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode("ascii")).hexdigest()


def _read(path: Path, dtype: np.dtype[Any], shape: list[int], crc32: int) -> np.ndarray:
    if not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"the shape of {path.name} must be integers")
    expected, size = _HEADER + prod(shape) * dtype.itemsize, _size(path)
    if size != expected:
        raise ValueError(f"{path.name} must have {expected} bytes; received {size}")
    with path.open("rb") as file:
        if file.read(_HEADER) != _header(tuple(shape), dtype):
            raise ValueError(f"{path.name} must begin as an array of {dtype} {tuple(shape)}")
        if size > _MAPPED:
            mapped = np.memmap(path, dtype, "c", _HEADER, tuple(shape))
            array = mapped.view(np.ndarray)
        else:
            array = np.fromfile(file, dtype).reshape(shape)
    if zlib.crc32(array.data) != crc32:
        raise ValueError(f"{path.name} does not have its checksum")
    return array


def _size(path: Path) -> int:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path.name} must be a file")
    return status.st_size


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, (OSError, ValueError)) else repr(error)
