"""The files of a folder or of a zip archive, listed and read in one way."""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from fastconv.datasets._zip_directory import MEMBER, Member, read_directory

_LARGEST_FILE = 1 << 30  # bytes; an image of as many pixels as are decoded takes 716 MB
_DEEPEST = 32  # folders around a file in an archive
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, …, length of name, length of extra field
_LZMA_HEADER = struct.Struct("<HHBI")  # version, length of the properties, lc lp pb, dictionary


class FileTree(Protocol):
    """Files below a root, addressed by their path relative to it, with ``/`` between parts."""

    def listing(self) -> tuple[list[str], list[str]]:
        """Return the relative paths of all files, and of all folders."""

    def fingerprint(self) -> str:
        """Return a text that changes when the files do."""

    def read(self, name: str) -> bytes:
        """Return one file's content; any number of threads may call this.

        Raises ValueError for a file that is, or says that it is, larger than 1 GiB.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def open_file_tree(path: Path) -> FileTree:
    """Return the files of an existing folder or zip archive.

    Raises
    ------
    FileNotFoundError
        When `path` does not exist.
    ValueError
        When it is neither a folder nor a zip archive.
    """
    if path.is_dir():
        return FolderTree(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such folder or zip archive")
    with path.open("rb") as file:
        signature = file.read(4)
    if path.suffix.lower() != ".zip" and signature[:2] != b"PK":
        raise ValueError(f"{path}: must be a folder or a .zip archive of images")
    return ZipTree(path)


class FolderTree:
    """A folder on disk."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[str, tuple[int, int]] | None = None
        self._folders: list[str] = []

    def listing(self) -> tuple[list[str], list[str]]:
        """Return the relative paths of all files, and of all folders."""
        return list(self._scan()), self._folders

    def fingerprint(self) -> str:
        """Return a digest of every file's name, size and time of change."""
        digest = hashlib.sha256()
        for name, (size, changed) in sorted(self._scan().items()):
            digest.update(f"{name}\0{size}\0{changed}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def read(self, name: str) -> bytes:
        """Return one file's content."""
        with (self._root / name).open("rb") as file:
            _check_size(os.fstat(file.fileno()).st_size)
            return file.read()

    def _scan(self) -> dict[str, tuple[int, int]]:
        if self._files is not None:
            return self._files
        self._files = {}
        seen = set()
        pending = [""]
        while pending:
            prefix = pending.pop()
            status = os.stat(self._root / prefix)
            if (status.st_dev, status.st_ino) in seen:
                continue  # a link back to a folder that contains it
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(self._root / prefix) as entries:
                for entry in entries:
                    name = prefix + entry.name
                    if entry.is_dir():
                        self._folders.append(name)
                        pending.append(name + "/")
                    elif entry.is_file():
                        status = entry.stat()
                        self._files[name] = (status.st_size, status.st_mtime_ns)
        return self._files

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class ZipTree:
    """A zip archive, read in place; nothing is extracted.

    Members are read with `os.pread` rather than through `zipfile`, whose lock and Python code
    take as long as the decoding of a small picture, and whose directory takes many times its
    length in memory: see `_zip_directory.py`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._members: dict[str, bytes] = {}

    def listing(self) -> tuple[list[str], list[str]]:
        """Return the relative paths of all files, and of all folders."""
        self._open()
        folders = {name.rstrip("/") for name in self._members if name.endswith("/")}
        files = [name for name in self._members if name and not name.endswith("/")]
        for name in files:
            if name.count("/") > _DEEPEST:
                raise ValueError(
                    f"{self._path}: must not nest folders deeper than {_DEEPEST}; received "
                    f"{name[:80]!r}"
                )
            while "/" in name:
                name = name.rpartition("/")[0]
                if name in folders:
                    break
                folders.add(name)
        return files, sorted(folders)

    def fingerprint(self) -> str:
        """Return the archive's size and time of change."""
        status = self._path.stat()
        return f"{status.st_size} {status.st_mtime_ns}"

    def read(self, name: str) -> bytes:
        """Return one member's content, its checksum verified."""
        file = self._open()
        member = Member._make(MEMBER.unpack(self._members[name]))
        if member.encrypted:
            raise ValueError("is encrypted")
        _check_size(max(member.size, member.stored))
        descriptor = file.fileno()
        header = os.pread(descriptor, _LOCAL_HEADER.size, member.start)
        if len(header) < _LOCAL_HEADER.size:
            raise ValueError("is truncated in the archive")
        signature, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        if signature != b"PK\3\4":
            raise ValueError("is damaged in the archive (no local header)")
        start = member.start + _LOCAL_HEADER.size + name_length + extra_length
        content = _inflate(os.pread(descriptor, member.stored, start), member)
        if len(content) > member.size:
            raise ValueError(
                f"is damaged in the archive (is larger than the {member.size} bytes announced)"
            )
        if len(content) < member.size or zlib.crc32(content) != member.checksum:
            raise ValueError("is damaged in the archive (wrong checksum)")
        return content

    def _open(self) -> BinaryIO:
        if self._file is None:
            file = self._path.open("rb")
            try:
                self._members = read_directory(file)
            except ValueError as error:
                file.close()
                raise ValueError(
                    f"{self._path}: is not a readable zip archive ({error})"
                ) from error
            self._file = file
        return self._file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def _check_size(size: int) -> None:
    if size > _LARGEST_FILE:
        raise ValueError(f"must take at most {_LARGEST_FILE} bytes; received {size}")


def _inflate(content: bytes, member: Member) -> bytes:
    """What the member holds, and at most a byte more than it announces."""
    most = member.size + 1
    if member.method == zipfile.ZIP_STORED:
        return content
    if member.method == zipfile.ZIP_DEFLATED:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, most)
    if member.method == zipfile.ZIP_BZIP2:
        import bz2

        return bz2.BZ2Decompressor().decompress(content, most)
    if member.method == zipfile.ZIP_LZMA:
        return _inflate_lzma(content, most)
    raise ValueError(f"is compressed by an unknown method ({member.method})")


def _inflate_lzma(content: bytes, most: int) -> bytes:
    """Read LZMA's two lengths and five bytes of properties, and then at most `most` bytes."""
    import lzma

    _, length, packed, dictionary = _LZMA_HEADER.unpack_from(content)
    if length != 5:
        raise ValueError("is damaged in the archive (no LZMA properties)")
    properties = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": min(dictionary, max(most, 1 << 12)),  # no more is ever looked back upon
        "lc": packed % 9,
        "lp": packed // 9 % 5,
        "pb": packed // 45,
    }
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[properties]).decompress(
        content[_LZMA_HEADER.size :], most
    )
