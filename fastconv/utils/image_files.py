"""Image files that others have written: opened by Pillow within limits."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

# A header of a few bytes can announce any size, so pixels are counted before they are allocated.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # no others are handed a file
MOST_PIXELS = 178_956_970  # as in Pillow, which counts only where it is asked to identify a file
FEW_PIXELS = 4096 * 4096  # so many may come out of any file
_MOST_PER_BYTE = 8 * 1032  # black and white, and one byte of DEFLATE for 1,032
_MOST_SCANS = 500  # of a progressive JPEG file; each may go over all pixels


class UnreadableError(Exception):
    """An image file that cannot be decoded; the text says why."""


def open_image(content: bytes) -> Image:
    """Open the content of an image file; its pixels are not decoded yet.

    Raises
    ------
    UnreadableError
        When it is no image of a known kind; and see `check_cost`. Pillow raises others.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError:
        raise UnreadableError(f"is no image of a known kind: {', '.join(FORMATS)}") from None
    check_cost(content, image.height, image.width)
    return image


def check_cost(content: bytes, height: int, width: int) -> None:
    """Refuse what a file cannot hold, and what takes too much memory or time.

    Raises
    ------
    UnreadableError
        When it announces too many pixels, for any file or for its length, or too many scans.
    """
    count = height * width
    most = min(MOST_PIXELS, max(FEW_PIXELS, _MOST_PER_BYTE * len(content)))
    if count > most:
        raise UnreadableError(
            f"announces {width}×{height} pixels; from {len(content)} bytes at most {most} are read"
        )
    if content[:2] == b"\xff\xd8" and content.count(b"\xff\xda") > _MOST_SCANS:
        raise UnreadableError(f"has more than {_MOST_SCANS} scans")
