"""Seeds, label encoding and the small helpers that several parts share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv.utils.labels import to_categorical
from fastconv.utils.plot import plot_model
from fastconv.utils.random import set_random_seed

if TYPE_CHECKING:
    from fastconv.datasets.directory import image_dataset_from_directory

__all__ = ["image_dataset_from_directory", "plot_model", "set_random_seed", "to_categorical"]


def __getattr__(name: str) -> Any:
    if name == "image_dataset_from_directory":  # Keras has it here
        from fastconv.datasets.directory import image_dataset_from_directory

        return image_dataset_from_directory
    raise AttributeError(f"module 'fastconv.utils' has no attribute {name!r}")
