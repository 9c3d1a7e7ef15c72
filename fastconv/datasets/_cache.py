"""The user's cache: where it lies, and arrays kept in it.

Arrays are written beside, synchronised, renamed, and read back as one. An entry is a folder of
``.npy`` files and a ``manifest.json``. Its name is a digest of what was asked for; the manifest
holds the fingerprint of what it was made from, so that an entry whose source has changed is
replaced instead of lingering.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

_MANIFEST = "manifest.json"
_VERSION = 1  # of the layout of an entry and of how images are decoded
_MAPPED = 1 << 30  # bytes; larger arrays are mapped into memory, copied where written to

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
    """Appends rows to an ``.npy`` file whose length is known only at the end."""

    def __init__(self, path: Path, row_shape: tuple[int, ...], dtype: Any) -> None:
        self._row_shape = row_shape
        self._dtype = np.dtype(dtype)
        self._count = 0
        self._file: BinaryIO = path.open("wb")
        self._write_header()
        self._data_start = self._file.tell()

    def append(self, rows: np.ndarray) -> None:
        """Write `rows`, of shape ``(n, *row_shape)``."""
        if rows.shape[1:] != self._row_shape or rows.dtype != self._dtype:
            raise ValueError(
                f"ArrayWriter: rows must be {self._dtype} (n, {self._row_shape}); "
                f"received {rows.dtype} {rows.shape}"
            )
        self._file.write(np.ascontiguousarray(rows).data)
        self._count += len(rows)

    def _write_header(self) -> None:
        # NumPy leaves room in the header for the first axis to grow.
        np.lib.format.write_array_header_1_0(
            self._file,
            {
                "descr": np.lib.format.dtype_to_descr(self._dtype),
                "fortran_order": False,
                "shape": (self._count, *self._row_shape),
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._file.seek(0)
                self._write_header()
                if self._file.tell() != self._data_start:
                    raise RuntimeError("ArrayWriter: the header must not change its length")
                self._file.flush()
                os.fsync(self._file.fileno())
        finally:
            self._file.close()


class MemoryWriter:
    """What `ArrayWriter` is, in memory."""

    def __init__(self, row_shape: tuple[int, ...], dtype: Any) -> None:
        self._parts = [np.empty((0, *row_shape), dtype)]

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
    """One entry: arrays that were made from `source` under `options`."""

    def __init__(self, kind: str, source: str, options: Mapping[str, Any]) -> None:
        asked = json.dumps([_VERSION, source, dict(options)], sort_keys=True)
        name = hashlib.sha256(asked.encode("ascii")).hexdigest()[:24]
        self._folder = cache_dir() / kind / name

    def load(self, fingerprint: str) -> Loaded | None:
        """Return ``(information, arrays)``, or None when there is no entry for `fingerprint`.

        A damaged entry gives a warning and counts as none.
        """
        try:
            manifest = json.loads((self._folder / _MANIFEST).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            self._warn_damaged(error)
            return None
        try:
            if manifest["fingerprint"] != fingerprint:
                return None
            arrays = {
                name: _read(self._folder / f"{name}.npy", shape)
                for name, shape in manifest["shapes"].items()
            }
            return manifest["information"], arrays
        except (KeyError, TypeError, AttributeError, ValueError, OSError, EOFError) as error:
            self._warn_damaged(error)
            return None

    @contextmanager
    def replace(self) -> Iterator[Path]:
        """Give a new folder to write into; on success it becomes the entry, else it goes."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=self._folder.parent))
        try:
            yield fresh
            self._swap_in(fresh)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _swap_in(self, fresh: Path) -> None:
        old = Path(tempfile.mkdtemp(prefix=".old-", dir=self._folder.parent))
        try:
            if self._folder.exists():
                os.replace(self._folder, old)
            try:
                os.rename(fresh, self._folder)
            except OSError:
                # Another process was quicker, with the same content: its entry stays.
                if not self._folder.exists():
                    raise
        finally:
            shutil.rmtree(old, ignore_errors=True)

    def _warn_damaged(self, error: Exception) -> None:
        warnings.warn(
            f"{self._folder}: this cache entry is damaged ({error}); making it again",
            stacklevel=3,
        )


def write_manifest(
    folder: Path, fingerprint: str, information: Mapping[str, Any], names: list[str]
) -> None:
    """Finish an entry: record its fingerprint, and the shapes of the arrays `names`."""
    shapes = {
        name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False).shape
        for name in names
    }
    manifest = {"fingerprint": fingerprint, "information": dict(information), "shapes": shapes}
    with (folder / _MANIFEST).open("w", encoding="ascii") as file:
        json.dump(manifest, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path, shape: list[int]) -> np.ndarray:
    large = path.stat().st_size > _MAPPED
    array = np.load(path, mmap_mode="c" if large else None, allow_pickle=False)
    if array.shape != tuple(shape):
        raise ValueError(f"{path.name} must be {tuple(shape)}; received {array.shape}")
    return array.view(np.ndarray)
