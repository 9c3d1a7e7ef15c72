"""Images of one's own: folders of class folders, or a zip archive of them, as arrays."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fastconv.datasets._cache import StoreEntry
from fastconv.datasets._decode_many import Skipped
from fastconv.datasets._decode_tree import DecodeTask
from fastconv.datasets._file_tree import open_source
from fastconv.datasets._image_format import Wish, checked_wish
from fastconv.utils.configured import checked_keywords


@dataclass(frozen=True)
class ImageSet:
    """Decoded images, in order of class, then of file name.

    Attributes
    ----------
    x_train, x_test
        uint8, ``(n, height, width, channels)``; `x_test` is None without a test folder.
    y_train, y_test
        int64, ``(n,)``: indices into `class_names`.
    class_names
        The folders' names, sorted.
    skipped
        Of every unreadable file its name and the reason.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray | None
    y_test: np.ndarray | None
    class_names: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()


@checked_keywords
def load_images(
    path: str | os.PathLike[str],
    *,
    image_size: int | tuple[int, int] | None = None,
    color_mode: str = "auto",
    interpolation: str = "bilinear",
    strict: bool = False,
    cache: bool = True,
    verbose: bool = True,
) -> ImageSet:
    """Read ``<class>/…`` or ``train/<class>/…`` and ``test/<class>/…`` from a folder or a zip.

    A single folder around everything is looked through; an image may lie at any depth below its
    class's folder; hidden files, ``__MACOSX`` and files that are no images are left out. Files
    are decoded in parallel, and the pixels kept in the user's cache (``FASTCONV_CACHE`` names
    another folder) until the files change.

    Parameters
    ----------
    path
        A folder, or a ``.zip`` archive, which is read in place.
    image_size
        ``(height, width)`` in pixels, or one number for both. By default images keep their size
        if all have the same, and otherwise take the median height and width, shrunk to at most
        256 pixels on the longer side.
    color_mode
        ``"rgb"``, ``"grayscale"``, ``"rgba"``, or ``"auto"``: grey if all images are.
    interpolation
        ``"nearest"``, ``"bilinear"``, ``"bicubic"``, ``"lanczos"``, ``"box"``, ``"hamming"``.
    strict
        Stop at an unreadable image instead of skipping it with a warning.
    cache
        Whether to use the cache.
    verbose
        Show a progress bar when decoding takes more than a second.

    Raises
    ------
    FileNotFoundError
        When `path` does not exist.
    ValueError
        When an argument is wrong, when there are no class folders, only one, or an empty one,
        when the archive is damaged, or when images are unreadable: under `strict` any, otherwise
        all of one class.
    """
    wish = checked_wish("load_images", image_size, color_mode, interpolation)
    return read_images(Path(path).expanduser(), wish, strict, cache, verbose)


def read_images(
    place: Path, wish: Wish, strict: bool, cache: bool, verbose: bool, flat: bool = False
) -> ImageSet:
    """What `load_images` returns; with `flat`, all images, and in `y_train` their numbers.

    The numbers count all images by their folder's path, then by name, unreadable ones too.
    """
    with open_source(place) as source:
        options = vars(wish) | ({"flat": True} if flat else {})
        entry = StoreEntry("images", str(place.resolve()), options)
        stored = entry.load(source.fingerprint()) if cache else None
        if stored is None:
            task = DecodeTask(str(place), source, wish, strict, verbose, flat)
            information, arrays = task.run_cached(entry) if cache else task.run_in_memory()
        else:
            information, arrays = stored
    skipped = tuple((str(name), str(reason)) for name, reason in information["skipped"])
    if skipped:
        _report_skipped(str(place), skipped, len(arrays["x"]) + len(skipped), strict)
    n_train, has_test = information["n_train"], information["has_test"]
    x, y = arrays["x"], arrays["y"]
    return ImageSet(
        x[:n_train],
        y[:n_train],
        x[n_train:] if has_test else None,
        y[n_train:] if has_test else None,
        tuple(information["class_names"]),
        skipped,
    )


def _report_skipped(where: str, skipped: tuple[Skipped, ...], count: int, strict: bool) -> None:
    name, reason = skipped[0]
    if strict:
        raise ValueError(f"{where}/{name}: is an unreadable image ({reason})")
    shown = ", ".join(f"{name} ({reason})" for name, reason in skipped[:3])
    more = ", …" if len(skipped) > 3 else ""
    warnings.warn(
        f"{where}: skipped {len(skipped)} unreadable of {count} images: {shown}{more}",
        stacklevel=5,
    )
