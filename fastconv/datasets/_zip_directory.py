"""The directory of a zip archive: where its members lie, in a few times its own memory.

`zipfile` makes an object of half a kilobyte for every member, whose entry takes as little as 47
bytes, and believes the sizes that the archive announces. Here an entry becomes `MEMBER`'s 31
bytes, the directory may be no larger than a quarter of the archive, and members may not overlap.

Source of the format: PKWARE's APPNOTE.TXT, sections 4.3 (structures) and 4.5.3 (ZIP64).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_ENTRY = struct.Struct("<4s4xHH4xLLLHHH8xL")  # without date, versions, disk and attributes
_END = struct.Struct("<4sHHHHLLH")
_END_64 = struct.Struct("<4s12xLLQQQQ")
_LOCATOR_64 = struct.Struct("<4sLQL")
_LOCAL_HEADER = 30  # bytes, and the name and the extra field behind them
_LONGEST_COMMENT = 0xFFFF
_SMALL = 1 << 20  # bytes: a smaller directory may lie in any archive
_LEAST_ARCHIVE = 4  # times the directory
_UTF8, _ENCRYPTED = 0x800, 1


class Member(NamedTuple):
    """A member: where its local header begins, and what the directory says of its content."""

    start: int
    stored: int
    """Bytes in the archive."""
    size: int
    """Bytes inflated."""
    checksum: int
    method: int
    encrypted: bool


MEMBER = struct.Struct("<QQQLH?")
"""A `Member`'s numbers, packed."""


def read_directory(file: BinaryIO) -> dict[str, bytes]:
    """By its name, with ``/`` between parts, each member of an archive as `MEMBER` packs it.

    Raises
    ------
    ValueError
        When it is no zip archive, damaged, or its directory is too large a part of it.
    """
    size = os.fstat(file.fileno()).st_size
    end, length, shift = _find(file, size)
    if length > max(_SMALL, size // _LEAST_ARCHIVE):
        raise ValueError(
            f"its directory must take at most a quarter of it; received {length} of {size} bytes"
        )
    file.seek(end - length)
    directory = file.read(length)
    members: dict[str, bytes] = {}
    places = bytearray()
    for name, member in _entries(directory, shift):
        packed = MEMBER.pack(*member)
        members[name] = packed
        places += packed[:16]
    _check_places(places, end - length)
    return members


def _find(file: BinaryIO, size: int) -> tuple[int, int, int]:
    """Where the directory ends, its length, and what to add to offsets.

    The last is above 0 where something was put in front of the archive.
    """
    tail_size = min(size, _END.size + _LONGEST_COMMENT)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    at = tail.rfind(b"PK\5\6")
    while at >= 0:
        if len(tail) - at >= _END.size:
            _, disk, first, _, _, length, offset, _ = _END.unpack_from(tail, at)
            break
        at = tail.rfind(b"PK\5\6", 0, at)
    else:
        raise ValueError("it has no end of a directory")
    end = size - tail_size + at
    if end >= _LOCATOR_64.size:
        file.seek(end - _LOCATOR_64.size)
        mark, _, place, _ = _LOCATOR_64.unpack(file.read(_LOCATOR_64.size))
        if mark == b"PK\6\7":
            # What was put in front has moved the record, which lies before its locator.
            place = end - _LOCATOR_64.size - _END_64.size
            file.seek(max(place, 0))
            record = file.read(_END_64.size)
            if place < 0 or record[:4] != b"PK\6\6":
                raise ValueError("the end of its directory is damaged")
            _, disk, first, _, _, length, offset = _END_64.unpack(record)
            end = place
    if disk or first:
        raise ValueError("it must not be one of several parts")
    shift = end - length - offset
    if length > end or shift < 0:
        raise ValueError("its directory does not lie where it says")
    return end, length, shift


def _entries(directory: bytes, shift: int) -> Iterator[tuple[str, Member]]:
    at = 0
    while at < len(directory):
        if at + _ENTRY.size > len(directory):
            raise ValueError("its directory is truncated")
        (
            mark, flags, method, checksum, stored, size, of_name, of_extra, of_comment, start,
        ) = _ENTRY.unpack_from(directory, at)  # fmt: skip
        if mark != b"PK\1\2":
            raise ValueError("its directory is damaged")
        at += _ENTRY.size
        following = at + of_name + of_extra + of_comment
        if following > len(directory):
            raise ValueError("its directory is truncated")
        name = directory[at : at + of_name].decode("utf-8" if flags & _UTF8 else "cp437")
        if 0xFFFFFFFF in (size, stored, start):
            extra = directory[at + of_name : at + of_name + of_extra]
            size, stored, start = _large(extra, size, stored, start)
        start += shift
        at = following
        member = Member(start, stored, size, checksum, method, bool(flags & _ENCRYPTED))
        if max(member[:3]) >= 1 << 62:
            raise ValueError("its directory is damaged")
        yield name.partition("\0")[0].replace("\\", "/"), member


def _large(extra: bytes, *numbers: int) -> Iterator[int]:
    """The numbers, those that stand in the extra field for ZIP64 in place of 2**32 - 1."""
    at, room = 0, b""
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            room = extra[at + 4 : at + 4 + length]
            break
        at += 4 + length
    for number in numbers:
        if number == 0xFFFFFFFF:
            if len(room) < 8:
                raise ValueError("its directory is damaged")
            number, room = int.from_bytes(room[:8], "little"), room[8:]
        yield number


def _check_places(places: bytearray, end: int) -> None:
    """Each member must have bytes of its own: a few shared by all would inflate to any amount."""
    import numpy as np

    found = np.frombuffer(places, "<u8").reshape(-1, 2)
    found = found[np.argsort(found[:, 0], kind="stable")]
    starts, ends = found[:, 0], found[:, 0] + np.uint64(_LOCAL_HEADER) + found[:, 1]
    following = np.append(starts[1:], np.uint64(end))
    wrong = np.flatnonzero(ends > following)
    if len(wrong):
        raise ValueError(f"the member at byte {starts[wrong[-1]]} overlaps what follows it")
