"""The format that images are brought to: size, colours, and how they get there."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

from fastconv.utils.image_files import MOST_PIXELS

CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")


@dataclass(frozen=True)
class ImageFormat:
    """What every image becomes: its size in pixels, its colours, and how it gets there.

    With ``keep="crop"`` the largest middle part of the new proportions is resized, with "pad" the
    image in the middle of black edges, with None the image, whatever that does to its proportions.

    With ``interpolation=None`` nothing is resized, and an image of another size (or, with
    ``only_grey``, one with colour) raises `OtherFormatError`.
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


@dataclass(frozen=True)
class RequestedFormat:
    """What the user asked for: ``image_size=None`` and ``color_mode="auto"`` leave it open."""

    image_size: tuple[int, int] | None
    color_mode: str
    interpolation: str
    keep: str | None = None

    @property
    def automatic_color(self) -> bool:
        """Whether the images decide between grey and colour."""
        return self.color_mode == "auto"


def requested_format(
    where: str,
    image_size: Any,
    color_mode: Any,
    interpolation: Any,
    crop: bool = False,
    pad: bool = False,
) -> RequestedFormat:
    """The arguments of `where` as one object; raise ValueError where they are wrong."""
    modes = ("auto", *CHANNELS)
    if color_mode not in modes:
        raise ValueError(
            f"{where}: color_mode must be one of {', '.join(modes)}; received {color_mode!r}"
        )
    if interpolation not in INTERPOLATIONS:
        raise ValueError(
            f"{where}: interpolation must be one of {', '.join(INTERPOLATIONS)}; "
            f"received {interpolation!r}"
        )
    if crop and pad:
        raise ValueError(
            f"{where}: at most one of crop_to_aspect_ratio and pad_to_aspect_ratio may be True; "
            "received both"
        )
    keep = "crop" if crop else "pad" if pad else None
    return RequestedFormat(_size(where, image_size), color_mode, interpolation, keep)


def _size(where: str, image_size: Any) -> tuple[int, int] | None:
    if image_size is None:
        return None
    try:
        if isinstance(image_size, (tuple, list)):
            height, width = (operator.index(n) for n in image_size)
        else:
            height = width = operator.index(image_size)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or width < 1:
        raise ValueError(
            f"{where}: image_size must be (height, width), both 1 or more, or one number for "
            f"both; received {image_size!r}"
        )
    if height * width > MOST_PIXELS:
        raise ValueError(
            f"{where}: image_size must have at most {MOST_PIXELS} pixels; received {image_size!r}"
        )
    return height, width
