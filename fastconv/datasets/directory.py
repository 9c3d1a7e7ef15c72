"""`image_dataset_from_directory`: Keras's name and arguments, returning arrays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fastconv.datasets._split import stratified_split
from fastconv.datasets.images import ImageSet, load_images

_LABEL_MODES = ("int", "categorical", None)
_SUBSETS = ("training", "validation", "both", None)


class LabelledImages(NamedTuple):
    """Images, their labels, and the classes' names."""

    images: np.ndarray
    labels: np.ndarray | None
    class_names: tuple[str, ...]


def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    *,
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    image_size: int | tuple[int, int] | None = None,
    shuffle: bool = True,
    seed: int = 0,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    strict: bool = False,
    cache: bool = True,
    verbose: bool = True,
) -> LabelledImages | tuple[LabelledImages, LabelledImages]:
    """Read a folder with one folder of images per class, or a ``.zip`` of such folders.

    As in Keras, except that whole arrays come back instead of batches (`Sequential.fit` cuts
    them), that `image_size` may be left open, and that the split draws from every class alike.
    See `load_images` for what is read and how it is cached.

    Parameters
    ----------
    directory
        A folder, or a ``.zip`` archive, which is read in place.
    label_mode
        ``"int"``: int64 ``(n,)``; ``"categorical"``: one-hot float32 ``(n, classes)``; None: none.
    class_names
        The folders' names in the order in which to number them; by default sorted.
    color_mode, image_size, interpolation, strict, cache, verbose
        As in `load_images`.
    shuffle
        Whether to mix the classes, by `seed`; otherwise sorted by class, then by file name.
    seed
        Of the shuffle and of the split.
    validation_split
        Fraction of the images, between 0 and 1, to hold out for validation.
    subset
        ``"training"``, ``"validation"`` or ``"both"`` (a pair) of a split. Where the directory
        has a training and a test folder, these are the two subsets.

    Raises
    ------
    FileNotFoundError
        When `directory` does not exist.
    ValueError
        When an argument is wrong, and as in `load_images`.

    Examples
    --------
    >>> images, labels, class_names = image_dataset_from_directory("pets.zip")  # doctest: +SKIP
    >>> training, validation = image_dataset_from_directory(
    ...     "pets.zip", image_size=(128, 128), validation_split=0.3, subset="both"
    ... )  # doctest: +SKIP
    """
    where = "image_dataset_from_directory"
    if label_mode not in _LABEL_MODES:
        raise ValueError(
            f"{where}: label_mode must be one of {_LABEL_MODES}; received {label_mode!r}"
        )
    if subset not in _SUBSETS:
        raise ValueError(f"{where}: subset must be one of {_SUBSETS}; received {subset!r}")
    if validation_split is not None and not 0 < validation_split < 1:
        raise ValueError(
            f"{where}: validation_split must be between 0 and 1; received {validation_split!r}"
        )
    data = load_images(
        directory,
        image_size=image_size,
        color_mode=color_mode,
        interpolation=interpolation,
        strict=strict,
        cache=cache,
        verbose=verbose,
    )
    parts = _parts(where, data, validation_split, subset, seed)
    order = _numbering(where, data.class_names, class_names)
    finished = [
        _finish(x, order[y], tuple(class_names or data.class_names), label_mode, shuffle, seed)
        for x, y in parts
    ]
    return finished[0] if len(finished) == 1 else (finished[0], finished[1])


def _parts(
    where: str, data: ImageSet, validation_split: float | None, subset: str | None, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    if data.x_test is not None and data.y_test is not None:
        if subset is None or validation_split is not None:
            raise ValueError(
                f"{where}: the directory has a training and a test part; choose one with "
                "subset='training' or 'validation', or 'both', and no validation_split; received "
                f"subset={subset!r}, validation_split={validation_split!r}"
            )
        both = [(data.x_train, data.y_train), (data.x_test, data.y_test)]
    elif (validation_split is None) != (subset is None):
        raise ValueError(
            f"{where}: validation_split and subset must be given together; received "
            f"validation_split={validation_split!r}, subset={subset!r}"
        )
    elif validation_split is None:
        return [(data.x_train, data.y_train)]
    else:
        rows = stratified_split(data.y_train, validation_split, seed)
        both = [(data.x_train[part], data.y_train[part]) for part in rows]
    return both if subset == "both" else [both[subset == "validation"]]


def _numbering(where: str, found: tuple[str, ...], wanted: Sequence[str] | None) -> np.ndarray:
    """Return the new number of each class."""
    if wanted is None:
        return np.arange(len(found))
    if sorted(wanted) != list(found):
        raise ValueError(
            f"{where}: class_names must be the folders' names {', '.join(found)}; "
            f"received {', '.join(map(str, wanted))}"
        )
    return np.array([list(wanted).index(name) for name in found])


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
    return LabelledImages(x, y, class_names)
