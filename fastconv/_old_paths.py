"""Keras's older module paths: the names that programs import from them, and where these are now.

The paths in `PATHS` have no file. Importing one makes a module that looks a name up in its present
module on first access; until then nothing is loaded.
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
"""For each old path: its names, by the module that defines them; "*" is all of its `__all__`."""
FILES = {
    "fastconv.layers.normalization": _ALL_LAYERS,
    "fastconv.layers.pooling": _ALL_LAYERS,
}
"""Old paths that are files here and define some of the names; `module_hooks` supply the others."""


def names_at(path: str) -> dict[str, str]:
    """The names available at an old path, with the module that defines each."""
    modules: dict[str, str] = {}
    for module, names in (FILES.get(path) or PATHS[path]).items():
        all_names = names == ("*",)
        modules |= dict.fromkeys(
            importlib.import_module(module).__all__ if all_names else names, module
        )
    return modules


def module_hooks(path: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and the `__dir__` of the module at an old path."""

    def __getattr__(name: str) -> Any:
        if name == "__all__":
            return list(names_at(path))
        module = None if name.startswith("__") else names_at(path).get(name)
        if module is None:
            raise AttributeError(f"module {path!r} has no attribute {name!r}")
        return getattr(importlib.import_module(module), name)

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[path]), *names_at(path)})

    return __getattr__, __dir__


def find_spec(name: str) -> ModuleSpec | None:
    """The import system's spec for an old path without a file; None for other paths."""
    if name not in PATHS:
        return None
    is_package = any(other.startswith(f"{name}.") for other in PATHS)
    return ModuleSpec(name, _Loader, is_package=is_package)  # type: ignore[arg-type]


class _Loader:
    """Loads the module at an old path."""

    @staticmethod
    def create_module(spec: ModuleSpec) -> None:
        """Let the import system make an ordinary module."""

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        path = module.__name__
        module.__doc__ = f"Keras's older path of names that are now in {', '.join(PATHS[path])}."
        vars(module).update(zip(("__getattr__", "__dir__"), module_hooks(path), strict=True))
