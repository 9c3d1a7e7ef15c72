"""Single images, from files to arrays and back, with Keras's names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv._arguments import as_pair, as_path, check_choice
from fastconv.utils.arrays import as_numbers
from fastconv.utils.image_files import MOST_PIXELS, open_image

if TYPE_CHECKING:
    from PIL.Image import Image

_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")


def load_img(
    path: str | os.PathLike[str],
    color_mode: str = "rgb",
    target_size: Sequence[int] | None = None,
    interpolation: str = "nearest",
) -> Image:
    """Read an image file as a Pillow image.

    Parameters
    ----------
    path : path
    color_mode : "rgb", "rgba" or "grayscale"
    target_size : (height, width), optional
        Of at most 178,956,970 pixels. Default: the size in the file.
    interpolation : str
        "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError, ValueError
        If the file is no image of a known kind, is damaged, or would take more memory than
        `fastconv.datasets` gives an image, or an argument is out of its range.
    """
    from PIL import Image as pillow

    where = "load_img"
    name = as_path(path, "path", where=where)
    mode = _MODES[check_choice(color_mode, _MODES, where=where, what="color_mode")]
    how = check_choice(interpolation, _INTERPOLATIONS, where=where, what="interpolation")
    size = None if target_size is None else as_pair(target_size, "target_size", where=where)
    if size is not None and size[0] * size[1] > MOST_PIXELS:
        raise ValueError(
            f"{where}: target_size must have at most {MOST_PIXELS} pixels; received {target_size!r}"
        )
    with open(name, "rb") as file:
        content = file.read()
    try:
        image = open_image(content).convert(mode)
    except Exception as error:  # Pillow's readers fail in many ways on damaged files
        said = str(error) or type(error).__name__
        raise ValueError(f"{where}: {name}: is an unreadable image ({said})") from error
    if size is not None and (image.height, image.width) != size:
        image = image.resize((size[1], size[0]), pillow.Resampling[how.upper()])
    return image


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = np.float32) -> np.ndarray:
    """The pixels of a Pillow image, or of an array of two or three axes: (height, width, channels).

    Parameters
    ----------
    img : Pillow image or array_like
    data_format : "channels_last" or "channels_first"
        Of the result.
    dtype : NumPy dtype

    Examples
    --------
    >>> img_to_array(np.zeros((4, 6))).shape
    (4, 6, 1)
    """
    where = "img_to_array"
    pixels = as_numbers(img, "img", where=where)
    if pixels.ndim not in (2, 3):
        raise ValueError(f"{where}: img must have two or three axes; received {pixels.shape}")
    if pixels.ndim == 2:
        pixels = pixels[:, :, np.newaxis]
    if _channels_first(data_format, where):
        pixels = pixels.transpose(2, 0, 1)
    return np.array(pixels, dtype or np.float32)


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True) -> Image:
    """A Pillow image of an array (height, width, channels) with 1, 3 or 4 channels.

    Parameters
    ----------
    x : array_like
    data_format : "channels_last" or "channels_first"
    scale : bool
        Whether the values are stretched to run from 0 to 255; otherwise they are clipped.

    Examples
    --------
    >>> array_to_img(np.zeros((4, 6, 3))).size
    (6, 4)
    """
    from PIL import Image as pillow

    where = "array_to_img"
    pixels = as_numbers(x, "x", where=where).astype(np.float32)
    if pixels.ndim == 3 and _channels_first(data_format, where):
        pixels = pixels.transpose(1, 2, 0)
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4):
        raise ValueError(
            f"{where}: x must have three axes, one of them of 1, 3 or 4 channels; received "
            f"{np.shape(x)}"
        )
    if scale:
        pixels = pixels - pixels.min()
        pixels *= 255 / (float(pixels.max()) or 255.0)
    kept = np.clip(pixels, 0, 255).astype(np.uint8)
    return pillow.fromarray(kept[:, :, 0] if kept.shape[2] == 1 else kept)


def save_img(
    path: str | os.PathLike[str], x: Any, data_format: str | None = None, scale: bool = True
) -> None:
    """Write an array as an image file, in its suffix's format. Arguments as for `array_to_img`."""
    array_to_img(x, data_format, scale).save(as_path(path, "path", where="save_img"))


def _channels_first(data_format: str | None, where: str) -> bool:
    names = ("channels_last", "channels_first")
    return data_format is not None and names[1] == check_choice(
        data_format, names, where=where, what="data_format"
    )
