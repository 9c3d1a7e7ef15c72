"""Which files are images of which class: arithmetic on relative paths, no file is touched."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")

_TRAIN = ("train", "training")
_TEST = ("test", "testing", "val", "valid", "validation")  # the first one present is taken

Parts = tuple[str, ...]  # a relative path
Labelled = list[tuple[str, int]]  # relative paths and their classes


@dataclass(frozen=True)
class LabelledFiles:
    """Images in order of class, then of name; `test` is None without a test folder.

    `class_names` is empty where the classes are the images' numbers.
    """

    class_names: tuple[str, ...]
    train: Labelled
    test: Labelled | None


def label_by_folder(where: str, files: Iterable[str], folders: Iterable[str]) -> LabelledFiles:
    """Sort a listing into ``<class>/…``, or ``train/<class>/…`` and ``test/<class>/…``.

    A class is a folder; its images may lie at any depth. A single folder around everything is
    looked through. Hidden files, ``__MACOSX`` and files that are no images are left out.

    Parameters
    ----------
    where
        The name of the folder or archive, with which every error begins.
    files, folders
        Relative paths, ``/`` between parts.

    Raises
    ------
    ValueError
        When there is no class, only one, or one without images, or when the test part has a
        class that the training part lacks.
    """
    images, shown = _images(where, files), _visible(folders)
    root = _root(images, shown)
    top = {parts[-1].lower(): parts for parts in shown if parts[:-1] == root}
    train = next((top[name] for name in _TRAIN if name in top), None)
    test = next((top[name] for name in _TEST if name in top), None)
    if train is None or test is None:
        class_names = _class_names(where, images, shown, root)
        return LabelledFiles(class_names, _labelled(where, images, root, class_names), None)
    others = sorted(parts[-1] for parts in top.values() if parts not in (train, test))
    if others:
        warnings.warn(
            f"{where}: takes {train[-1]}/ and {test[-1]}/ and leaves out {', '.join(others)}",
            stacklevel=2,
        )
    class_names = _class_names(where, images, shown, train)
    unknown = sorted(set(_class_names(where, images, shown, test, least=1)) - set(class_names))
    if unknown:
        raise ValueError(
            f"{where}: every class in {test[-1]}/ must be in {train[-1]}/ too; "
            f"found only in {test[-1]}/: {', '.join(unknown)}"
        )
    return LabelledFiles(
        class_names,
        _labelled(where, images, train, class_names),
        _labelled(where, images, test, class_names),
    )


def label_by_number(where: str, files: Iterable[str]) -> LabelledFiles:
    """All images of a listing, whatever folder they lie in; each is a class of its own.

    In Keras's order: by the folder's path, then by name. Raises ValueError when there is none.
    """
    images = sorted(_images(where, files), key=lambda parts: ("/".join(parts[:-1]), parts[-1]))
    return LabelledFiles((), [("/".join(parts), k) for k, parts in enumerate(images)], None)


def _images(where: str, files: Iterable[str]) -> list[Parts]:
    images = _visible(name for name in files if name.lower().endswith(SUFFIXES))
    if not images:
        raise ValueError(f"{where}: must hold images ({' '.join(SUFFIXES)}); found none")
    return images


def _visible(names: Iterable[str]) -> list[Parts]:
    """Return the paths without hidden parts, sorted."""
    split = (tuple(name.split("/")) for name in names)
    return sorted(
        parts
        for parts in split
        if not any(part.startswith(".") or part in ("", "__MACOSX") for part in parts)
    )


def _root(images: list[Parts], shown: list[Parts]) -> Parts:
    """Return the folder that holds the classes or parts: the first that is not a mere wrapper."""
    root: Parts = ()
    while True:
        depth = len(root)
        below = {parts[depth] for parts in images if parts[:depth] == root}
        if len(below) != 1:
            return root
        inner = (*root, below.pop())
        if not any(len(parts) > depth + 1 and parts[: depth + 1] == inner for parts in shown):
            return root
        root = inner


def _class_names(
    where: str, images: list[Parts], shown: list[Parts], root: Parts, least: int = 2
) -> Parts:
    depth = len(root)
    here = f"{where}/{'/'.join(root)}".rstrip("/")
    names = [parts[-1] for parts in shown if len(parts) == depth + 1 and parts[:-1] == root]
    if not names:
        raise ValueError(f"{here}: must hold one folder of images per class; found no folder")
    filled = {parts[depth] for parts in images if len(parts) > depth + 1 and parts[:depth] == root}
    empty = [name for name in names if name not in filled]
    if empty:
        raise ValueError(f"{here}: every class must have images; found none in {', '.join(empty)}")
    if len(names) < least:
        raise ValueError(f"{here}: must hold at least two classes; found only {names[0]!r}")
    return tuple(names)


def _labelled(where: str, images: list[Parts], root: Parts, class_names: Parts) -> Labelled:
    depth = len(root)
    labels = {name: label for label, name in enumerate(class_names)}
    mine = [parts for parts in images if parts[:depth] == root]
    loose = [parts for parts in mine if len(parts) == depth + 1]
    if loose:
        warnings.warn(
            f"{where}: leaves out {len(loose)} images that lie in no class's folder, "
            f"such as {'/'.join(loose[0])}",
            stacklevel=3,
        )
    return [("/".join(parts), labels[parts[depth]]) for parts in mine if len(parts) > depth + 1]
