"""The IDX format: big-endian header (zero, zero, type, rank, dimensions), then the elements.

Source of the format: the description on the MNIST database's page.
"""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path

import numpy as np

_UINT8 = 0x08


def read_idx(path: Path, rank: int) -> np.ndarray:
    """Return the uint8 array of `rank` dimensions in an IDX file, gzip-compressed or plain.

    Raises
    ------
    ValueError
        When the file is truncated or damaged, or holds something else; names the file.
    """
    content = _content(path)
    if content[:4] != bytes((0, 0, _UINT8, rank)):
        raise ValueError(
            f"{path}: must be an IDX file of unsigned bytes in {rank} dimensions, which begins "
            f"with {bytes((0, 0, _UINT8, rank)).hex(' ')}; received {content[:4].hex(' ')}"
        )
    start = 4 + 4 * rank
    if len(content) < start:
        raise ValueError(f"{path}: is truncated in its header; received {len(content)} bytes")
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", count=rank, offset=4))
    expected = start + prod(shape)
    if len(content) != expected:
        state = "truncated" if len(content) < expected else "damaged"
        raise ValueError(
            f"{path}: is {state}; its header announces {shape}, which takes {expected} bytes; "
            f"received {len(content)}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()


def _content(path: Path) -> bytes:
    raw = path.read_bytes()
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        return gzip.decompress(raw)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: is truncated or damaged ({error})") from error
