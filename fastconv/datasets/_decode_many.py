"""Decode many image files with a team of threads, in order.

Pillow releases the GIL while it decompresses, so large photographs decode in parallel. Of a
32×32 picture's 0.2 ms most is Python code: there a second thread gains little.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from fastconv.datasets._decode import Form, UnreadableError, decode, look
from fastconv.datasets._file_tree import Source

_CHUNK_BYTES = 4 << 20
_CHUNK_IMAGES = 256

Skipped = tuple[str, str]  # the file's name, and why it is unreadable
_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Chunk:
    """Consecutive images: `pixels` of those that are readable, `kept` says which these are."""

    pixels: np.ndarray
    kept: np.ndarray
    skipped: list[Skipped]


def default_threads() -> int:
    """Return the number of processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def decode_many(source: Source, names: Sequence[str], form: Form, threads: int) -> Iterator[Chunk]:
    """Yield the images `names` in chunks, in order.

    Raises
    ------
    OtherFormError
        When `form` resizes nothing and an image differs from it.
    """
    per_chunk = max(1, min(_CHUNK_IMAGES, _CHUNK_BYTES // int(np.prod(form.shape))))

    def decode_chunk(chunk: Sequence[str]) -> Chunk:
        pixels = np.empty((len(chunk), *form.shape), np.uint8)
        kept = np.zeros(len(chunk), bool)
        skipped: list[Skipped] = []
        for place, name in enumerate(chunk):
            try:
                pixels[place] = decode(read(source, name), form)
                kept[place] = True
            except UnreadableError as error:
                skipped.append((name, str(error)))
        return Chunk(pixels[kept] if skipped else pixels, kept, skipped)

    chunks = [names[i : i + per_chunk] for i in range(0, len(names), per_chunk)]
    return _in_order(decode_chunk, chunks, threads)


def look_at_many(source: Source, names: Sequence[str], threads: int) -> list[tuple[int, int, bool]]:
    """Return height, width and greyness of every readable image of `names`, in order."""

    def look_at_chunk(chunk: Sequence[str]) -> list[tuple[int, int, bool]]:
        seen = []
        for name in chunk:
            try:
                seen.append(look(read(source, name)))
            except UnreadableError:
                continue
        return seen

    chunks = [names[i : i + _CHUNK_IMAGES] for i in range(0, len(names), _CHUNK_IMAGES)]
    return [one for seen in _in_order(look_at_chunk, chunks, threads) for one in seen]


def read(source: Source, name: str) -> bytes:
    """Return a file's content; every failure is an `UnreadableError`."""
    try:
        return source.read(name)
    except Exception as error:  # a file that went away, a damaged member of an archive
        raise UnreadableError(str(error) or type(error).__name__) from error


def _in_order(
    work: Callable[[_Job], _Result], jobs: Sequence[_Job], threads: int
) -> Iterator[_Result]:
    """Yield ``work(job)`` in the order of `jobs`, a few ahead of the consumer."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="fastconv-decode")
    try:
        running: deque[Future[_Result]] = deque()
        for job in jobs:
            running.append(pool.submit(work, job))
            if len(running) > 2 * threads:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
