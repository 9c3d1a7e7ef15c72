"""Keras's older module paths: what programs import from there, and where it is now.

A path of `PATHS` is no file. Importing it makes a module that looks its names up at their places
when somebody asks for them; until then nothing is loaded.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_ALL_LAYERS: dict[str, tuple[str, ...]] = {"fastconv.layers": ("*",)}
PATHS: dict[str, dict[str, tuple[str, ...]]] = {
    "fastconv.layers.advanced_activations": _ALL_LAYERS,
    "fastconv.layers.convolutional": _ALL_LAYERS,
    "fastconv.layers.core": _ALL_LAYERS,
    "fastconv.layers.merge": _ALL_LAYERS,
    "fastconv.preprocessing": {"fastconv.utils": ("image_dataset_from_directory",)},
    "fastconv.preprocessing.image": {
        "fastconv.utils": ("array_to_img", "img_to_array", "load_img", "save_img")
    },
    "fastconv.saving": {
        "fastconv.models": ("load_model", "save_model"),
        "fastconv.utils": ("custom_object_scope", "register_keras_serializable"),
    },
    "fastconv.utils.np_utils": {"fastconv.utils": ("to_categorical",)},
}
"""The names to be found at an old path, by the module that has them; "*" stands for all it has."""
FILES = {
    "fastconv.layers.normalization": _ALL_LAYERS,
    "fastconv.layers.pooling": _ALL_LAYERS,
}
"""Old paths that are files, with some of the names; `module_hooks` find the others."""


def names_at(path: str) -> dict[str, str]:
    """The names to be found at an old path, and the module of each."""
    places: dict[str, str] = {}
    for place, names in (FILES.get(path) or PATHS[path]).items():
        all_of_it = names == ("*",)
        places |= dict.fromkeys(
            importlib.import_module(place).__all__ if all_of_it else names, place
        )
    return places


def module_hooks(path: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and the `__dir__` of the module at an old path."""

    def __getattr__(name: str) -> Any:
        if name == "__all__":
            return list(names_at(path))
        place = None if name.startswith("__") else names_at(path).get(name)
        if place is None:
            raise AttributeError(f"module {path!r} has no attribute {name!r}")
        return getattr(importlib.import_module(place), name)

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[path]), *names_at(path)})

    return __getattr__, __dir__


def find_spec(name: str) -> ModuleSpec | None:
    """How the import system makes the module at an old path; None for other paths."""
    if name not in PATHS:
        return None
    is_package = any(other.startswith(f"{name}.") for other in PATHS)
    return ModuleSpec(name, _Loader, is_package=is_package)  # type: ignore[arg-type]


class _Loader:
    """Makes the module at an old path."""

    @staticmethod
    def create_module(spec: ModuleSpec) -> None:
        """An ordinary module will do."""

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        path = module.__name__
        module.__doc__ = f"Where older Keras programs look for what is in {', '.join(PATHS[path])}."
        vars(module).update(zip(("__getattr__", "__dir__"), module_hooks(path), strict=True))
