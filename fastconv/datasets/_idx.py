"""The IDX format: big-endian header (zero, zero, type, rank, dimensions), then the elements.

The header says how many bytes follow. No more are inflated, and none before the file is large
enough to hold them.

Source of the format: the description on the MNIST database's page.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

_UINT8 = 0x08
_MOST_INFLATED = 1032  # DEFLATE makes at most 1,032 bytes of one
_PIECE = 1 << 20  # bytes inflated at once


def idx_shape(path: Path, rank: int) -> tuple[int, ...]:
    """Return the shape that the header of an IDX file announces; see `read_idx`."""
    with _opened(path) as (file, _):
        return _shape(path, file, rank)


def read_idx(path: Path, rank: int) -> np.ndarray:
    """Return the uint8 array of `rank` dimensions in an IDX file, gzip-compressed or plain.

    Raises
    ------
    ValueError
        When the file is truncated or damaged, or holds something else; names the file.
    """
    with _opened(path) as (file, most):
        shape = _shape(path, file, rank)
        start, count = 4 + 4 * rank, prod(shape)
        announced = f"its header announces {shape}, which takes {start + count} bytes"
        if start + count > most:
            raise ValueError(f"{path}: is truncated; {announced}; it can hold no more than {most}")
        array = np.empty(count, np.uint8)
        received = _read_into(file, array.data)
        if received < count:
            raise ValueError(f"{path}: is truncated; {announced}; received {start + received}")
        if file.read(1):
            raise ValueError(f"{path}: is damaged; {announced}; more bytes follow")
    try:
        return array.reshape(shape)
    except ValueError as error:  # no elements, but dimensions beyond what NumPy counts
        raise ValueError(f"{path}: is damaged; {announced} ({error})") from error


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Give the content as a file, and the number of bytes that it can hold at most."""
    with path.open("rb") as raw:
        size = os.fstat(raw.fileno()).st_size
        compressed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if not compressed:
            yield raw, size
            return
        try:
            with gzip.open(raw) as inflating:
                yield cast(BinaryIO, inflating), _MOST_INFLATED * size
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path}: is truncated or damaged ({error})") from error


def _shape(path: Path, file: BinaryIO, rank: int) -> tuple[int, ...]:
    header = file.read(4 + 4 * rank)
    signature = bytes((0, 0, _UINT8, rank))
    if header[:4] != signature:
        raise ValueError(
            f"{path}: must be an IDX file of unsigned bytes in {rank} dimensions, which begins "
            f"with {signature.hex(' ')}; received {header[:4].hex(' ')}"
        )
    if len(header) < 4 + 4 * rank:
        raise ValueError(f"{path}: is truncated in its header; received {len(header)} bytes")
    return tuple(int(n) for n in np.frombuffer(header, ">u4", count=rank, offset=4))


def _read_into(file: BinaryIO, target: memoryview) -> int:
    """Fill `target` as far as the file goes and return how far that is."""
    done = 0
    while done < len(target):
        piece = file.read(min(_PIECE, len(target) - done))
        if not piece:
            break
        target[done : done + len(piece)] = piece
        done += len(piece)
    return done
