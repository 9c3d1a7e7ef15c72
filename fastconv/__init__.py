"""Train and run convolutional networks on CPUs, fast.

The subpackages (``fastconv.layers``, ``fastconv.models``, ``fastconv.ops``, ...) are loaded on
first use, so that ``import fastconv`` itself costs next to nothing.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from typing import TYPE_CHECKING, Any

from fastconv._version import __version__

if TYPE_CHECKING:
    from types import ModuleType

    import fastconv.activations as activations
    import fastconv.augment as augment
    import fastconv.backend as backend
    import fastconv.callbacks as callbacks
    import fastconv.datasets as datasets
    import fastconv.initializers as initializers
    import fastconv.layers as layers
    import fastconv.losses as losses
    import fastconv.metrics as metrics
    import fastconv.models as models
    import fastconv.ops as ops
    import fastconv.optimizers as optimizers
    import fastconv.recipes as recipes
    import fastconv.reference as reference
    import fastconv.regularizers as regularizers
    import fastconv.testing as testing
    import fastconv.utils as utils
    from fastconv.kernels._threads import get_num_threads, set_num_threads
    from fastconv.layers import Input
    from fastconv.models import Model, Sequential

    preprocessing: ModuleType
    saving: ModuleType

__all__ = [
    "Input",
    "Model",
    "Sequential",
    "__version__",
    "activations",
    "augment",
    "backend",
    "callbacks",
    "datasets",
    "get_num_threads",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "preprocessing",
    "recipes",
    "reference",
    "regularizers",
    "saving",
    "set_num_threads",
    "testing",
    "utils",
]

_NAMES = {
    "Input": "fastconv.layers",
    "Model": "fastconv.models",
    "Sequential": "fastconv.models",
    "get_num_threads": "fastconv.kernels._threads",
    "set_num_threads": "fastconv.kernels._threads",
}
_MODULES = {*__all__, "kernels", "plan"} - {*_NAMES, "__version__"}


def _refuse_uncompiled(folder: str) -> None:
    """Raise ImportError when `folder` holds the kernels' sources but not their compiled modules."""
    names = set(os.listdir(os.path.join(folder, "kernels")))
    if "_isa.pyx" not in names or any(f"_isa{suffix}" in names for suffix in EXTENSION_SUFFIXES):
        return
    raise ImportError(
        f"fastconv: {folder} is the source folder of a checkout, not an installed package (its "
        "kernels are not compiled); run `pip install .` and start Python from another folder, or "
        "run `pip install -e .` to compile the kernels inside the checkout",
        name="fastconv",
        path=folder,
    )


class _OldPathFinder:
    """Meta path finder for Keras's older module paths; the first submodule loads their table."""

    @staticmethod
    def find_spec(name: str, *unused: Any) -> Any:
        if not name.startswith("fastconv.") or name == "fastconv._old_paths":
            return None
        from fastconv import _old_paths

        return _old_paths.find_spec(name)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"fastconv.{name}")
    if name in _NAMES:
        value = getattr(importlib.import_module(_NAMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'fastconv' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_NAMES})


_refuse_uncompiled(os.path.dirname(os.path.abspath(__file__)))
# First in line: an empty folder left by an older version would be found as a namespace package.
sys.meta_path.insert(0, _OldPathFinder)  # type: ignore[arg-type]
