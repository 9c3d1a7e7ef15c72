"""Images to train on: built-in sets, official sets, and folders of one's own.

==================================  ==========================================================
`shapes.load_data`                  ten classes of drawn shapes, generated; needs no network
`cifar10.load_data`                 CIFAR-10, downloaded once
`mnist.load_data`                   MNIST, downloaded once
`image_dataset_from_directory`      one folder per class, or a ``.zip`` of such folders
`load_images`                       the same with a training and a test part
==================================  ==========================================================
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastconv.datasets import cifar10, mnist, shapes
    from fastconv.datasets.directory import image_dataset_from_directory, load_images

__all__ = ["cifar10", "image_dataset_from_directory", "load_images", "mnist", "shapes"]


def __getattr__(name: str) -> Any:
    if name in ("image_dataset_from_directory", "load_images"):
        return getattr(importlib.import_module("fastconv.datasets.directory"), name)
    if name in __all__:
        return importlib.import_module(f"fastconv.datasets.{name}")
    raise AttributeError(f"module 'fastconv.datasets' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
