"""From the bytes of an image file to an array of pixels."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fastconv.datasets._jpeg import decode_plain

if TYPE_CHECKING:
    from PIL.Image import Image

CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")

_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")


class UnreadableError(Exception):
    """An image file that cannot be decoded; the text says why."""


class OtherFormError(Exception):
    """An image that is not of the expected size or has colour where grey was expected."""


@dataclass(frozen=True)
class Form:
    """What every image becomes: its size in pixels, its colours, and how it gets there.

    With ``keep="crop"`` the largest middle part of the new proportions is resized, with "pad" the
    image in the middle of black edges, with None the image, whatever that does to its proportions.

    With ``interpolation=None`` nothing is resized, and an image of another size (or, with
    ``only_grey``, one with colour) raises `OtherFormError`.
    """

    height: int
    width: int
    color_mode: str
    interpolation: str | None = None
    only_grey: bool = False
    keep: str | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.height, self.width, CHANNELS[self.color_mode]


def decode(content: bytes, form: Form) -> np.ndarray:
    """Return the pixels of an image file, uint8, of shape ``form.shape``.

    Raises
    ------
    UnreadableError
        When the content is no image that Pillow reads, or is truncated.
    OtherFormError
        See `Form`.
    """
    try:
        plain = decode_plain(content, *form.shape)
        if plain is not None:
            return np.frombuffer(plain, np.uint8).reshape(form.shape)
        with _open(content) as opened:
            if form.interpolation is not None and opened.format == "JPEG":
                # Lets the decoder shrink by a power of two, never below twice the size.
                opened.draft(None, (2 * form.width, 2 * form.height))
            image = _upright(opened)
            if form.only_grey and image.mode not in _GREY:
                raise OtherFormError
            image = _in_mode(image, _MODES[form.color_mode])
            size = (form.width, form.height)
            if image.size != size:
                if form.interpolation is None:
                    raise OtherFormError
                image = _in_proportion(image, size, form.keep)
                image = image.resize(size, _resampling(form.interpolation))
            return np.frombuffer(image.tobytes(), np.uint8).reshape(form.shape)
    except OtherFormError:
        raise
    except Exception as error:  # Pillow's readers fail in many ways on damaged files
        raise UnreadableError(str(error) or type(error).__name__) from error


def look(content: bytes) -> tuple[int, int, bool]:
    """Return height, width and whether the image is grey, reading little more than its header.

    Raises
    ------
    UnreadableError
        When the content is no image that Pillow reads.
    """
    try:
        with _open(content) as opened:
            width, height = opened.size
            if _turned(opened):
                width, height = height, width
            return height, width, opened.mode in _GREY
    except Exception as error:
        raise UnreadableError(str(error) or type(error).__name__) from error


def _open(content: bytes) -> Image:
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(io.BytesIO(content))
    except UnidentifiedImageError:
        raise UnreadableError("is no image that Pillow reads") from None


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
        image = Image.fromarray((wide >> 8).astype(np.uint8))
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
    return image.crop((left, top, left + width, top + height))  # beyond the edges: zeros


def _resampling(interpolation: str) -> int:
    from PIL import Image

    return Image.Resampling[interpolation.upper()]
