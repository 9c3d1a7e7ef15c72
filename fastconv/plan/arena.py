"""Memory of a plan: buffers placed by lifetime into one aligned, pre-faulted block."""

from __future__ import annotations

import contextlib
import math
import mmap
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

ALIGNMENT = 64  # bytes: a cache line, and the widest vector
_HUGE_PAGE = 2 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """A buffer of `nbytes` that is live from time `first` to `last`, both included."""

    key: Hashable
    nbytes: int
    first: int
    last: int


def place(requests: Sequence[Request]) -> tuple[dict[Hashable, int], int]:
    """Give every buffer an offset such that buffers with overlapping lifetimes do not overlap.

    Largest first; each buffer goes into the lowest gap that is free during its whole lifetime, so
    that small buffers fill the gaps between large ones.

    Returns
    -------
    offsets : dict
        From each key to a multiple of `ALIGNMENT` bytes.
    total : int
        Bytes of the whole block.
    """
    placed: list[tuple[int, int, Request]] = []  # (start, end, request), by start
    offsets: dict[Hashable, int] = {}
    for request in sorted(requests, key=lambda r: (-r.nbytes, r.first)):
        size = _round_up(request.nbytes, ALIGNMENT)
        start = 0
        for other_start, other_end, other in placed:
            together = other.first <= request.last and request.first <= other.last
            if not together or other_end <= start:
                continue
            if other_start - start >= size:
                break
            start = other_end
        offsets[request.key] = start
        placed.append((start, start + size, request))
        placed.sort(key=lambda item: item[0])
    return offsets, max((end for _, end, _ in placed), default=0)


def aligned_zeros(shape: Sequence[int], dtype: DTypeLike) -> np.ndarray:
    """Zeros whose first element is aligned to `ALIGNMENT` bytes.

    From 2 MB on the array is a private memory mapping, in huge pages where the system provides
    them, and every page is touched, so that the first training step causes no page faults.
    """
    dtype = np.dtype(dtype)
    nbytes = math.prod(shape) * dtype.itemsize
    block = _map(nbytes) if nbytes >= _HUGE_PAGE else np.zeros(nbytes + ALIGNMENT, np.uint8)
    boundary = _HUGE_PAGE if nbytes >= _HUGE_PAGE else ALIGNMENT
    skip = -block.ctypes.data % boundary
    return block[skip : skip + nbytes].view(dtype).reshape(tuple(shape))


def _map(nbytes: int) -> np.ndarray:
    """Zeroed pages, enough for `nbytes` from a huge-page boundary on."""
    size = _round_up(nbytes, _HUGE_PAGE) + _HUGE_PAGE
    if not hasattr(mmap, "MAP_PRIVATE"):  # Windows has no flags and no advice
        return np.zeros(size, np.uint8)
    # Private: with Python's default, a shared mapping, a forked child would write into ours.
    try:
        pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (OSError, OverflowError) as error:  # what NumPy raises, too, where memory is missing
        raise MemoryError(f"Unable to allocate {nbytes:,} bytes for arrays ({error})") from error
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # no huge pages on this system: the pages stay small
            pages.madvise(mmap.MADV_HUGEPAGE)
    block = np.frombuffer(pages, np.uint8)
    skip = -block.ctypes.data % _HUGE_PAGE
    block[skip : skip + _round_up(nbytes, mmap.PAGESIZE) : mmap.PAGESIZE] = 0
    return block


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
