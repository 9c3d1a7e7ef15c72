"""From the bytes of image files to arrays of pixels: one file, or many with a team of threads.

For a small picture Pillow's own reader spends most of its time on markers that nobody asks for:
quantisation tables, comments, colour profiles. Of a plain JPEG file only the frame header is looked
at, and the file handed to the same decoder: the same pixels, about three times sooner at 32×32.

Pillow releases the GIL while it decompresses, so large photographs decode in parallel. Of a
32×32 picture's 0.2 ms most is Python code: there a second thread gains little.

Source of the markers: ITU-T T.81, annex B.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from fastconv.datasets._file_tree import FileTree
from fastconv.datasets._image_format import ImageFormat
from fastconv.utils.image_files import (
    FEW_PIXELS,
    MOST_PIXELS,
    UnreadableError,
    check_cost,
    open_image,
)

if TYPE_CHECKING:
    from PIL.Image import Image

_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")

_FRAMES = (0xC0, 0xC1, 0xC2)  # SOF0–SOF2: baseline, extended, progressive; Huffman-coded
_SCAN = 0xDA
_APP1, _APP14 = 0xE1, 0xEE  # Exif, which may turn the picture; Adobe, which names a colour space

_MOST_PADDED = 64  # times an image's pixels with its edges
_CHUNK_BYTES = 4 << 20
_CHUNK_IMAGES = 256

Skipped = tuple[str, str]  # the file's name, and why it is unreadable
_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


class OtherFormatError(Exception):
    """An image that is not of the expected size or has colour where grey was expected."""


def decode(content: bytes, target: ImageFormat) -> np.ndarray:
    """Return the pixels of an image file, uint8, of shape ``target.shape``.

    Raises
    ------
    UnreadableError
        When the content is no image of a known kind, is truncated or damaged, or would take more
        memory or time than `check_cost` allows.
    OtherFormatError
        See `ImageFormat`.
    """
    try:
        plain = decode_plain(content, *target.shape)
        if plain is not None:
            return plain
        image: Image = open_image(content)  # one name: of a large image no more than two copies
        if target.interpolation is not None and image.format == "JPEG":
            # Lets the decoder shrink by a power of two, never below twice the size.
            image.draft(None, (2 * target.width, 2 * target.height))
        image = _upright(image)
        if target.only_grey and image.mode not in _GREY:
            raise OtherFormatError
        image = _in_mode(image, _MODES[target.color_mode])
        size = (target.width, target.height)
        if image.size != size:
            if target.interpolation is None:
                raise OtherFormatError
            image = _in_proportion(image, size, target.keep)
            image = image.resize(size, _resampling(target.interpolation))
        return _pixels(image, target.shape)
    except OtherFormatError:
        raise
    except Exception as error:  # Pillow's readers fail in many ways on damaged files
        _raise_if_not_of_the_file(error)
        raise UnreadableError(str(error) or type(error).__name__) from error


def look(content: bytes) -> tuple[int, int, bool]:
    """Return height, width and whether the image is grey, reading little more than its header.

    Raises
    ------
    UnreadableError
        When the content is no image of a known kind, or announces too many pixels.
    """
    try:
        with open_image(content) as opened:
            width, height = opened.size
            if _turned(opened):
                width, height = height, width
            return height, width, opened.mode in _GREY
    except Exception as error:
        _raise_if_not_of_the_file(error)
        raise UnreadableError(str(error) or type(error).__name__) from error


def plain_frame(content: bytes) -> tuple[int, int, int] | None:
    """Return height, width and number of components of a plain JPEG file.

    None for everything that needs more than its frame header to be understood, and for other
    kinds of files.
    """
    if content[:2] != b"\xff\xd8":
        return None
    place, last = 2, len(content) - 10
    while place < last and content[place] == 0xFF:
        marker = content[place + 1]
        if marker in _FRAMES:
            if content[place + 4] != 8:
                return None
            return (
                content[place + 5] << 8 | content[place + 6],
                content[place + 7] << 8 | content[place + 8],
                content[place + 9],
            )
        if marker < 0xC0 or marker in (_SCAN, _APP1, _APP14):
            return None
        place += 2 + (content[place + 2] << 8 | content[place + 3])
    return None


def decode_plain(content: bytes, height: int, width: int, channels: int) -> np.ndarray | None:
    """Return the pixels of a plain JPEG file of exactly this size, or None for any other file.

    Raises
    ------
    UnreadableError
        See `check_cost`.
    ValueError
        When the file is truncated or damaged.
    """
    if channels not in (1, 3) or plain_frame(content) != (height, width, channels):
        return None
    check_cost(content, height, width)
    from PIL import Image

    mode = "RGB" if channels == 3 else "L"
    image = Image.frombytes(mode, (width, height), content, "jpeg", mode, "")
    return _pixels(image, (height, width, channels))


def _upright(image: Image) -> Image:
    """Turn a photograph the way its camera was held."""
    if "exif" not in image.info:
        return image
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def _turned(image: Image) -> bool:
    orientation = 0x0112
    return "exif" in image.info and image.getexif().get(orientation) in (5, 6, 7, 8)


def _in_mode(image: Image, mode: str) -> Image:
    if image.mode == mode:
        return image
    if image.mode.startswith("I"):  # 16 bits a pixel; Pillow itself would clip them at 255
        from PIL import Image

        wide = np.asarray(image)
        if wide.size and (wide.min() < 0 or wide.max() > 65535):
            raise UnreadableError("has pixels of more than 16 bits")
        high = np.empty(wide.shape, np.uint8)
        np.right_shift(wide, 8, out=high, casting="unsafe")
        image = Image.fromarray(high)
    elif image.mode == "F":
        raise UnreadableError("has floating-point pixels")
    elif image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert(mode)


def _in_proportion(image: Image, size: tuple[int, int], keep: str | None) -> Image:
    """The part of an image, or the image with its edges, that is resized."""
    if keep is None:
        return image
    from fastconv.plan.geometry.points import stretches

    (left, width), (top, height) = stretches(image.size, size, keep)
    most = min(MOST_PIXELS, max(FEW_PIXELS, _MOST_PADDED * image.width * image.height))
    if width * height > most:
        raise UnreadableError(
            f"would take {width}×{height} pixels with its edges; at most {most} are made"
        )
    return image.crop((left, top, left + width, top + height))  # beyond the edges: zeros


def _pixels(image: Image, shape: tuple[int, int, int]) -> np.ndarray:
    """The pixels as an array; of a large image in strips, as Pillow's copy takes twice its size."""
    height, width, channels = shape
    rows = max(1, _CHUNK_BYTES // (width * channels))
    if rows >= height:
        return np.frombuffer(image.tobytes(), np.uint8).reshape(shape)
    pixels = np.empty(shape, np.uint8)
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height))).tobytes()
        pixels[top : top + rows] = np.frombuffer(strip, np.uint8).reshape(-1, width, channels)
    return pixels


def _resampling(interpolation: str) -> int:
    from PIL import Image

    return Image.Resampling[interpolation.upper()]


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


def decode_many(
    tree: FileTree, names: Sequence[str], target: ImageFormat, threads: int
) -> Iterator[Chunk]:
    """Yield the images `names` in chunks, in order.

    Raises
    ------
    OtherFormatError
        When `target` resizes nothing and an image differs from it.
    """
    per_chunk = max(1, min(_CHUNK_IMAGES, _CHUNK_BYTES // int(np.prod(target.shape))))

    def decode_chunk(chunk: Sequence[str]) -> Chunk:
        pixels = np.empty((len(chunk), *target.shape), np.uint8)
        kept = np.zeros(len(chunk), bool)
        skipped: list[Skipped] = []
        for place, name in enumerate(chunk):
            try:
                pixels[place] = decode(read(tree, name), target)
                kept[place] = True
            except UnreadableError as error:
                skipped.append((name, str(error)))
        return Chunk(pixels[kept] if skipped else pixels, kept, skipped)

    chunks = [names[i : i + per_chunk] for i in range(0, len(names), per_chunk)]
    return _in_order(decode_chunk, chunks, threads)


def look_at_many(tree: FileTree, names: Sequence[str], threads: int) -> list[tuple[int, int, bool]]:
    """Return height, width and greyness of every readable image of `names`, in order."""

    def look_at_chunk(chunk: Sequence[str]) -> list[tuple[int, int, bool]]:
        seen = []
        for name in chunk:
            try:
                seen.append(look(read(tree, name)))
            except UnreadableError:
                continue
        return seen

    chunks = [names[i : i + _CHUNK_IMAGES] for i in range(0, len(names), _CHUNK_IMAGES)]
    return [one for seen in _in_order(look_at_chunk, chunks, threads) for one in seen]


def read(tree: FileTree, name: str) -> bytes:
    """Return a file's content; every failure of the file is an `UnreadableError`."""
    try:
        return tree.read(name)
    except Exception as error:  # a file that went away, a damaged member of an archive
        _raise_if_not_of_the_file(error)
        raise UnreadableError(str(error) or type(error).__name__) from error


def _raise_if_not_of_the_file(error: Exception) -> None:
    """Raise `error` if it says that the process lacks memory or may open no more files.

    Such an image would be left out, and also of all later runs, for the others are cached.
    """
    lacking = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
    if isinstance(error, (MemoryError, ImportError)) or getattr(error, "errno", None) in lacking:
        raise error


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
