"""Images of one's own: folders of class folders, or a zip archive of them.

`load_images` returns arrays; `image_dataset_from_directory` has Keras's name and arguments.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fastconv._arguments import as_int
from fastconv.datasets._cache import CacheEntry
from fastconv.datasets._decode import Skipped
from fastconv.datasets._decode_tree import DecodeTask, check_information
from fastconv.datasets._file_tree import open_file_tree
from fastconv.datasets._image_format import RequestedFormat, requested_format
from fastconv.datasets.labelled import ImageDataset, LabelledImages, stratified_split
from fastconv.utils.configured import checked_keywords

_LABEL_MODES = ("int", "categorical", "binary", None)
_SUBSETS = ("training", "validation", "both", None)


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

    Counted as unreadable, too: a file of more than 1 GiB, an image of more than 178,956,970
    pixels, and one of more than 4096×4096 that has over 8,256 pixels for each byte of its file.

    Parameters
    ----------
    path
        A folder, or a ``.zip`` archive, which is read in place.
    image_size
        ``(height, width)`` in pixels, or one number for both. By default images keep their size
        if all have the same, and otherwise take the median height and width, shrunk to at most
        256 pixels on the longer side. At most 178,956,970 pixels.
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
        when the archive is damaged or consists of names for the most part, or when images are
        unreadable: under `strict` any, otherwise all of one class, or more than 10,000 that are
        more than a tenth.
    """
    requested = requested_format("load_images", image_size, color_mode, interpolation)
    return _read_images(Path(path).expanduser(), requested, strict, cache, verbose)


@checked_keywords
def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: int | tuple[int, int] | None = None,
    shuffle: bool = True,
    seed: int = 0,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    *,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    strict: bool = False,
    cache: bool = True,
    verbose: bool = True,
) -> Any:
    """Read a folder with one folder of images per class, or a ``.zip`` of such folders.

    As in Keras, except that pixels stay bytes, that `image_size` may be left open, and that the
    split draws from every class alike. See `load_images` for what is read and how it is cached.

    Parameters
    ----------
    directory
        A folder, or a ``.zip`` archive, which is read in place.
    labels
        ``"inferred"`` from the folders' names; None, as ``label_mode=None``; or a list with a
        number for each image. Without ``"inferred"`` folders do not matter: all images are taken,
        wherever they lie, sorted by their folder's path, then by name.
    label_mode
        ``"int"``: int64 ``(n,)``; ``"categorical"``: one-hot float32 ``(n, classes)``;
        ``"binary"``: float32 ``(n, 1)``, 0 or 1; None: none.
    class_names
        The folders' names in the order in which to number them; by default sorted.
    batch_size
        None gives the arrays themselves: a tuple (images, labels, class_names).
    color_mode, image_size, interpolation, strict, cache, verbose
        As in `load_images`.
    crop_to_aspect_ratio, pad_to_aspect_ratio
        Keep the images' proportions: cut off what is too long, or add black edges.
    shuffle
        Whether to mix the classes, by `seed`; otherwise sorted by class, then by file name. What is
        no validation subset is mixed anew at every walk.
    seed
        Of the shuffle and of the split.
    validation_split
        Fraction of the images, between 0 and 1, to hold out for validation.
    subset
        ``"training"``, ``"validation"`` or ``"both"`` (a pair) of a split. Where the directory
        has a training and a test folder, these are the two subsets.

    Returns
    -------
    ImageDataset
        Batches (images, labels) for `fit`, `evaluate` and `predict`, with `class_names` and the
        whole `images` and `labels`; two of them for ``"both"``.

    Raises
    ------
    FileNotFoundError
        When `directory` does not exist.
    TypeError, ValueError
        When an argument is wrong, and as in `load_images`.

    Examples
    --------
    >>> training, validation = image_dataset_from_directory(
    ...     "pets.zip", image_size=(128, 128), validation_split=0.3, subset="both"
    ... )  # doctest: +SKIP
    >>> model.fit(training, validation_data=validation)  # doctest: +SKIP
    """
    where = "image_dataset_from_directory"
    if label_mode not in _LABEL_MODES:
        raise ValueError(
            f"{where}: label_mode must be one of {_LABEL_MODES}; received {label_mode!r}"
        )
    if batch_size is not None:
        as_int(batch_size, "batch_size", where=where)
    if subset not in _SUBSETS:
        raise ValueError(f"{where}: subset must be one of {_SUBSETS}; received {subset!r}")
    if validation_split is not None and not 0 < validation_split < 1:
        raise ValueError(
            f"{where}: validation_split must be between 0 and 1; received {validation_split!r}"
        )
    if isinstance(labels, str) and labels != "inferred":
        raise ValueError(
            f"{where}: labels must be 'inferred', None or a list of numbers; received {labels!r}"
        )
    if labels is None or label_mode is None:
        labels = label_mode = None
    flat = not isinstance(labels, str)
    if flat and class_names is not None:
        raise ValueError(
            f"{where}: class_names belong to labels='inferred' with a label_mode; received "
            f"{class_names!r}"
        )
    crop, pad = crop_to_aspect_ratio, pad_to_aspect_ratio
    requested = requested_format(where, image_size, color_mode, interpolation, crop, pad)
    data = _read_images(Path(directory).expanduser(), requested, strict, cache, verbose, flat)
    if flat:
        names, numbers = _given(where, data, labels)
    else:
        names, numbers = _inferred(where, data, class_names)
    parts = _parts(where, data, validation_split, subset, seed, numbers)
    if label_mode == "binary" and len(names) != 2:
        raise ValueError(
            f"{where}: label_mode 'binary' needs two classes; received {', '.join(names)}"
        )
    finished = [_finish(x, y, names, label_mode, shuffle, seed) for x, y in parts]
    if batch_size is None:
        return finished[0] if len(finished) == 1 else tuple(finished)
    made = [
        ImageDataset(*part, batch_size, shuffle and not held_out, seed)
        for part, held_out in zip(finished, (subset == "validation", True), strict=False)
    ]
    return made[0] if len(made) == 1 else tuple(made)


def _parts(
    where: str,
    data: ImageSet,
    validation_split: float | None,
    subset: str | None,
    seed: int,
    numbers: np.ndarray,
) -> list[tuple[np.ndarray, np.ndarray]]:
    trained = numbers[: len(data.x_train)]
    if data.x_test is not None and data.y_test is not None:
        if subset is None or validation_split is not None:
            raise ValueError(
                f"{where}: the directory has a training and a test part; choose one with "
                "subset='training' or 'validation', or 'both', and no validation_split; received "
                f"subset={subset!r}, validation_split={validation_split!r}"
            )
        both = [(data.x_train, trained), (data.x_test, numbers[len(trained) :])]
    elif (validation_split is None) != (subset is None):
        raise ValueError(
            f"{where}: validation_split and subset must be given together; received "
            f"validation_split={validation_split!r}, subset={subset!r}"
        )
    elif validation_split is None:
        return [(data.x_train, trained)]
    else:
        rows = stratified_split(trained, validation_split, seed)
        both = [(data.x_train[part], trained[part]) for part in rows]
    return both if subset == "both" else [both[subset == "validation"]]


def _given(where: str, data: ImageSet, labels: Any) -> tuple[tuple[str, ...], np.ndarray]:
    """The classes' names, and the number of every image's class, which unreadable ones have too."""
    if labels is None:
        return (), np.zeros(len(data.y_train), np.int64)
    count, given = len(data.y_train) + len(data.skipped), np.asarray(labels)
    if given.dtype.kind not in "iu" or given.shape != (count,) or given.min(initial=0) < 0:
        raise ValueError(
            f"{where}: labels must be a whole number of at least 0 for each of the "
            f"{count} images; received {given.dtype} {given.shape}"
        )
    return tuple(str(n) for n in range(given.max() + 1)), given.astype(np.int64)[data.y_train]


def _inferred(
    where: str, data: ImageSet, wanted: Sequence[str] | None
) -> tuple[tuple[str, ...], np.ndarray]:
    """The classes' names in the wanted order, and the number of every image's class."""
    found, folders = data.class_names, data.y_train
    if data.y_test is not None:
        folders = np.concatenate([folders, data.y_test])
    if wanted is None:
        return found, folders
    if sorted(wanted) != list(found):
        raise ValueError(
            f"{where}: class_names must be the folders' names {', '.join(found)}; "
            f"received {', '.join(map(str, wanted))}"
        )
    return tuple(wanted), np.array([list(wanted).index(name) for name in found])[folders]


def _finish(
    x: np.ndarray,
    y: np.ndarray,
    class_names: tuple[str, ...],
    label_mode: str | None,
    shuffle: bool,
    seed: int,
) -> LabelledImages:
    if shuffle:
        order = np.random.default_rng(seed).permutation(len(x))
        x, y = x[order], y[order]
    if label_mode is None:
        return LabelledImages(x, None, class_names)
    if label_mode == "categorical":
        y = np.eye(len(class_names), dtype=np.float32)[y]
    elif label_mode == "binary":
        y = y.astype(np.float32)[:, None]
    return LabelledImages(x, y, class_names)


def _read_images(
    place: Path,
    requested: RequestedFormat,
    strict: bool,
    cache: bool,
    verbose: bool,
    flat: bool = False,
) -> ImageSet:
    """What `load_images` returns; with `flat`, all images, and in `y_train` their numbers.

    The numbers count all images by their folder's path, then by name, unreadable ones too.
    """
    with open_file_tree(place) as tree:
        options = vars(requested) | ({"flat": True} if flat else {})
        entry = CacheEntry("images", str(place.resolve()), options, check_information)
        stored = entry.load(tree.fingerprint()) if cache else None
        if stored is None:
            task = DecodeTask(str(place), tree, requested, strict, verbose, flat)
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
