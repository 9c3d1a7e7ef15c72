"""Decode all images of a folder or archive, into the cache or into memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from fastconv.datasets._cache import ArrayWriter, CacheEntry, Loaded, MemoryWriter, write_manifest
from fastconv.datasets._class_folders import LabelledFiles, label_by_folder, label_by_number
from fastconv.datasets._decode import (
    OtherFormatError,
    Skipped,
    UnreadableError,
    decode_many,
    default_threads,
    look,
    look_at_many,
    read,
)
from fastconv.datasets._file_tree import FileTree
from fastconv.datasets._image_format import ImageFormat, RequestedFormat

_LONGEST = 256  # pixels; limits the size chosen for images that differ
_MOST_SKIPPED = 10_000  # images, or a tenth: their names and reasons take more than the files

_Writer = TypeVar("_Writer", ArrayWriter, MemoryWriter)


@dataclass(frozen=True)
class DecodeTask:
    """What to decode; `where` is its name in messages.

    With `flat` folders mean nothing, and the images' labels are their numbers.
    """

    where: str
    tree: FileTree
    requested: RequestedFormat
    strict: bool
    verbose: bool
    flat: bool = False

    def run_cached(self, entry: CacheEntry) -> Loaded:
        """Write the arrays into `entry` and return what it then loads.

        A cache that cannot be written gives a warning, and the arrays are made in memory.
        """
        files = self._labelled_files()
        fingerprint = self.tree.fingerprint()
        try:
            with entry.replace() as folder:
                information, y, images = self._decode(
                    files, lambda target: ArrayWriter(folder, "x", target.shape)
                )
                with ArrayWriter(folder, "y", ()) as labels:
                    labels.append(y)
                arrays = {"x": images.record(), "y": labels.record()}
                write_manifest(folder, fingerprint, information, arrays)
        except OSError as error:  # reading raises none that decoding again would not: see `read`
            warnings.warn(
                f"load_images: cannot write to the cache ({error}); decoding into memory",
                stacklevel=5,
            )
            return self.run_in_memory()
        return entry.load(fingerprint) or self.run_in_memory()

    def run_in_memory(self) -> Loaded:
        """Return the information and the arrays that `run_cached` would."""
        information, y, images = self._decode(
            self._labelled_files(), lambda target: MemoryWriter(target.shape)
        )
        return information, {"x": images.array(), "y": y}

    def _labelled_files(self) -> LabelledFiles:
        names, folders = self.tree.listing()
        return (
            label_by_number(self.where, names)
            if self.flat
            else label_by_folder(self.where, names, folders)
        )

    def _decode(
        self, files: LabelledFiles, open_writer: Callable[[ImageFormat], _Writer]
    ) -> tuple[dict[str, Any], np.ndarray, _Writer]:
        """Write the pixels of train, then test; return the information, labels and writer."""
        images = files.train + (files.test or [])
        names = [name for name, _ in images]
        try:
            target = first_format(self.tree, names, self.requested)
        except UnreadableError as error:
            raise ValueError(
                f"{self.where}: all {len(names)} images are unreadable ({error})"
            ) from error
        try:
            with open_writer(target) as writer:
                kept, skipped = self._pour(names, target, writer)
        except OtherFormatError:
            target = common_format(self.tree, names, self.requested, default_threads())
            with open_writer(target) as writer:
                kept, skipped = self._pour(names, target, writer)
        labels = np.array([label for _, label in images], np.int64)
        n_train = int(np.count_nonzero(kept[: len(files.train)]))
        y = labels[kept]
        found = np.bincount(y[:n_train], minlength=len(files.class_names))
        for label, name in enumerate(files.class_names):
            if found[label] == 0:
                raise ValueError(f"{self.where}: all images of class {name} are unreadable")
        if n_train == 0:
            raise ValueError(f"{self.where}: all {len(names)} images are unreadable")
        information = {
            "class_names": list(files.class_names),
            "n_train": n_train,
            "has_test": files.test is not None,
            "skipped": skipped,
        }
        return information, y, writer

    def _pour(
        self, names: list[str], target: ImageFormat, writer: _Writer
    ) -> tuple[np.ndarray, list[Skipped]]:
        from tqdm import tqdm

        kept: list[np.ndarray] = []
        skipped: list[Skipped] = []
        most = max(_MOST_SKIPPED, len(names) // 10)
        bar = tqdm(
            total=len(names), desc="decoding", unit=" images", delay=1, disable=not self.verbose
        )
        with bar:
            for chunk in decode_many(self.tree, names, target, default_threads()):
                if chunk.skipped and self.strict:
                    name, reason = chunk.skipped[0]
                    raise ValueError(f"{self.where}/{name}: is an unreadable image ({reason})")
                writer.append(chunk.pixels)
                kept.append(chunk.kept)
                skipped += chunk.skipped
                if len(skipped) > most:
                    name, reason = skipped[0]
                    raise ValueError(
                        f"{self.where}: at most {most} of {len(names)} images may be unreadable; "
                        f"received more, such as {name} ({reason})"
                    )
                bar.update(len(chunk.kept))
        return np.concatenate(kept), skipped


def check_information(information: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Raise an error of any kind unless they are what `_decode` makes."""
    x, y, names = arrays["x"], arrays["y"], information["class_names"]
    skipped = [part for name, reason in information["skipped"] for part in (name, reason)]
    if not all(type(text) is str for text in (*names, *skipped)):
        raise ValueError("names and reasons must be texts")
    n_train, has_test = information["n_train"], information["has_test"]
    if type(n_train) is not int or type(has_test) is not bool or not 0 < n_train <= len(y):
        raise ValueError("the number of images for training is wrong")
    labels_end = len(names) or len(y) + len(skipped) // 2
    if x.ndim != 4 or y.shape != (len(x),) or y.min() < 0 or y.max() >= labels_end:
        raise ValueError("images and labels do not go together")


def first_format(tree: FileTree, names: Sequence[str], requested: RequestedFormat) -> ImageFormat:
    """Return the format to try first: that of the first readable image.

    Raises
    ------
    UnreadableError
        When none is readable; says why the first is not.
    """
    reason = ""
    for name in names:
        try:
            height, width, grey = look(read(tree, name))
        except UnreadableError as error:
            reason = reason or f"{name}: {error}"
            continue
        if requested.image_size is not None:
            height, width = requested.image_size
        automatic = requested.automatic_color
        return ImageFormat(
            height,
            width,
            color_mode=("grayscale" if grey else "rgb") if automatic else requested.color_mode,
            interpolation=None if requested.image_size is None else requested.interpolation,
            only_grey=automatic and grey,
            keep=requested.keep,
        )
    raise UnreadableError(reason)


def common_format(
    tree: FileTree, names: Sequence[str], requested: RequestedFormat, threads: int
) -> ImageFormat:
    """Return a format that all images can take, from a look at every one of them.

    Where their sizes differ it has the median height and the median width, shrunk alike to at
    most 256 pixels on the longer side; colour unless all are grey.
    """
    seen = look_at_many(tree, names, threads)
    if requested.image_size is not None:
        height, width = requested.image_size
    else:
        height, width = _common_size([(h, w) for h, w, _ in seen])
    color_mode = requested.color_mode
    if requested.automatic_color:
        color_mode = "grayscale" if all(grey for _, _, grey in seen) else "rgb"
    return ImageFormat(height, width, color_mode, requested.interpolation, keep=requested.keep)


def _common_size(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    if len(set(sizes)) == 1:
        return sizes[0]
    height, width = np.median(np.array(sizes), axis=0)
    shrink = min(1.0, _LONGEST / max(height, width))
    return max(1, round(height * shrink)), max(1, round(width * shrink))
