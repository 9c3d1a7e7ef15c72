"""Seeds, label encoding and the small helpers that several parts share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv.utils.custom_objects import custom_object_scope, register_keras_serializable
from fastconv.utils.labels import to_categorical
from fastconv.utils.plot import plot_model
from fastconv.utils.random import set_random_seed

if TYPE_CHECKING:
    from fastconv.datasets.directory import image_dataset_from_directory

__all__ = [
    "custom_object_scope",
    "image_dataset_from_directory",
    "plot_model",
    "register_keras_serializable",
    "set_random_seed",
    "to_categorical",
]


def __getattr__(name: str) -> Any:
    if name == "image_dataset_from_directory":  # Keras has it here
        from fastconv.datasets.directory import image_dataset_from_directory

        return image_dataset_from_directory
    raise AttributeError(f"module 'fastconv.utils' has no attribute {name!r}")
