"""Which form the images of a set take, when the user leaves that open."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastconv.datasets._decode import CHANNELS, INTERPOLATIONS, Form, UnreadableError, look
from fastconv.datasets._decode_many import look_at_many, read
from fastconv.datasets._file_tree import Source

_LONGEST = 256  # pixels; limits the size chosen for images that differ


@dataclass(frozen=True)
class Wish:
    """What the user asked for: ``image_size=None`` and ``color_mode="auto"`` leave it open."""

    image_size: tuple[int, int] | None
    color_mode: str
    interpolation: str
    keep: str | None = None

    @property
    def automatic_color(self) -> bool:
        """Whether the images decide between grey and colour."""
        return self.color_mode == "auto"


def checked_wish(
    where: str,
    image_size: Any,
    color_mode: Any,
    interpolation: Any,
    crop: bool = False,
    pad: bool = False,
) -> Wish:
    """Return the arguments of `where` as a `Wish`; raise ValueError where they are wrong."""
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
    return Wish(_size(where, image_size), color_mode, interpolation, keep)


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
    return height, width


def first_form(source: Source, names: Sequence[str], wish: Wish) -> Form:
    """Return the form to try first: that of the first readable image.

    Raises
    ------
    UnreadableError
        When none is readable; says why the first is not.
    """
    reason = ""
    for name in names:
        try:
            height, width, grey = look(read(source, name))
        except UnreadableError as error:
            reason = reason or f"{name}: {error}"
            continue
        if wish.image_size is not None:
            height, width = wish.image_size
        automatic = wish.automatic_color
        return Form(
            height,
            width,
            color_mode=("grayscale" if grey else "rgb") if automatic else wish.color_mode,
            interpolation=None if wish.image_size is None else wish.interpolation,
            only_grey=automatic and grey,
            keep=wish.keep,
        )
    raise UnreadableError(reason)


def common_form(source: Source, names: Sequence[str], wish: Wish, threads: int) -> Form:
    """Return a form that all images can take, from a look at every one of them.

    Where their sizes differ it has the median height and the median width, shrunk alike to at
    most 256 pixels on the longer side; colour unless all are grey.
    """
    seen = look_at_many(source, names, threads)
    if wish.image_size is not None:
        height, width = wish.image_size
    else:
        height, width = _common_size([(h, w) for h, w, _ in seen])
    color_mode = wish.color_mode
    if wish.automatic_color:
        color_mode = "grayscale" if all(grey for _, _, grey in seen) else "rgb"
    return Form(height, width, color_mode, wish.interpolation, keep=wish.keep)


def _common_size(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    if len(set(sizes)) == 1:
        return sizes[0]
    height, width = np.median(np.array(sizes), axis=0)
    shrink = min(1.0, _LONGEST / max(height, width))
    return max(1, round(height * shrink)), max(1, round(width * shrink))
