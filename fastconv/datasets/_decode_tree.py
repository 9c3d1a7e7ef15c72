"""Decode all images of one source, into the cache or into memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fastconv.datasets._cache import (
    ArrayWriter,
    Loaded,
    MemoryWriter,
    StoreEntry,
    write_manifest,
)
from fastconv.datasets._class_folders import Layout, arrange, number
from fastconv.datasets._decode import Form, OtherFormError, UnreadableError
from fastconv.datasets._decode_many import Skipped, decode_many, default_threads
from fastconv.datasets._file_tree import Source
from fastconv.datasets._image_format import Wish, common_form, first_form

_Writer = ArrayWriter | MemoryWriter


@dataclass(frozen=True)
class DecodeTask:
    """What to decode; `where` is the source's name in messages.

    With `flat` folders mean nothing, and the images' labels are their numbers.
    """

    where: str
    source: Source
    wish: Wish
    strict: bool
    verbose: bool
    flat: bool = False

    def run_cached(self, entry: StoreEntry) -> Loaded:
        """Write the arrays into `entry` and return what it then loads.

        A cache that cannot be written gives a warning, and the arrays are made in memory.
        """
        layout = self._layout()
        fingerprint = self.source.fingerprint()
        try:
            with entry.replace() as folder:
                information, y = self._decode(layout, lambda form: _in_file(folder, form))
                with ArrayWriter(folder / "y.npy", (), y.dtype) as writer:
                    writer.append(y)
                write_manifest(folder, fingerprint, information, ["x", "y"])
        except OSError as error:  # reading never raises it: see `decode_many.read`
            warnings.warn(
                f"load_images: cannot write to the cache ({error}); decoding into memory",
                stacklevel=5,
            )
            return self.run_in_memory()
        return entry.load(fingerprint) or self.run_in_memory()

    def run_in_memory(self) -> Loaded:
        """Return the information and the arrays that `run_cached` would."""
        layout = self._layout()
        writers: list[MemoryWriter] = []

        def in_memory(form: Form) -> MemoryWriter:
            writers.append(MemoryWriter(form.shape, np.uint8))
            return writers[-1]

        information, y = self._decode(layout, in_memory)
        return information, {"x": writers[-1].array(), "y": y}

    def _layout(self) -> Layout:
        files, folders = self.source.listing()
        return number(self.where, files) if self.flat else arrange(self.where, files, folders)

    def _decode(
        self, layout: Layout, open_writer: Callable[[Form], _Writer]
    ) -> tuple[dict[str, Any], np.ndarray]:
        """Write the pixels of train, then test; return the manifest's information and labels."""
        images = layout.train + (layout.test or [])
        names = [name for name, _ in images]
        try:
            form = first_form(self.source, names, self.wish)
        except UnreadableError as error:
            raise ValueError(
                f"{self.where}: all {len(names)} images are unreadable ({error})"
            ) from error
        try:
            with open_writer(form) as writer:
                kept, skipped = self._pour(names, form, writer)
        except OtherFormError:
            form = common_form(self.source, names, self.wish, default_threads())
            with open_writer(form) as writer:
                kept, skipped = self._pour(names, form, writer)
        labels = np.array([label for _, label in images], np.int64)
        n_train = int(np.count_nonzero(kept[: len(layout.train)]))
        y = labels[kept]
        found = np.bincount(y[:n_train], minlength=len(layout.class_names))
        for label, name in enumerate(layout.class_names):
            if found[label] == 0:
                raise ValueError(f"{self.where}: all images of class {name} are unreadable")
        if n_train == 0:
            raise ValueError(f"{self.where}: all {len(names)} images are unreadable")
        information = {
            "class_names": list(layout.class_names),
            "n_train": n_train,
            "has_test": layout.test is not None,
            "skipped": skipped,
        }
        return information, y

    def _pour(
        self, names: list[str], form: Form, writer: _Writer
    ) -> tuple[np.ndarray, list[Skipped]]:
        from tqdm import tqdm

        kept: list[np.ndarray] = []
        skipped: list[Skipped] = []
        bar = tqdm(
            total=len(names), desc="decoding", unit=" images", delay=1, disable=not self.verbose
        )
        with bar:
            for chunk in decode_many(self.source, names, form, default_threads()):
                if chunk.skipped and self.strict:
                    name, reason = chunk.skipped[0]
                    raise ValueError(f"{self.where}/{name}: is an unreadable image ({reason})")
                writer.append(chunk.pixels)
                kept.append(chunk.kept)
                skipped += chunk.skipped
                bar.update(len(chunk.kept))
        return np.concatenate(kept), skipped


def _in_file(folder: Path, form: Form) -> ArrayWriter:
    return ArrayWriter(folder / "x.npy", form.shape, np.uint8)
