"""Seeds, label encoding and small helpers that several subpackages share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastconv.utils.custom_objects import custom_object_scope, register_keras_serializable
from fastconv.utils.labels import normalize, to_categorical
from fastconv.utils.pictures import array_to_img, img_to_array, load_img, save_img
from fastconv.utils.plot import plot_model
from fastconv.utils.random import set_random_seed
from fastconv.utils.sequence import PyDataset, Sequence

if TYPE_CHECKING:
    from fastconv.datasets.directory import image_dataset_from_directory

__all__ = [
    "PyDataset",
    "Sequence",
    "array_to_img",
    "custom_object_scope",
    "image_dataset_from_directory",
    "img_to_array",
    "load_img",
    "normalize",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "set_random_seed",
    "to_categorical",
]


def __getattr__(name: str) -> Any:
    if name == "image_dataset_from_directory":  # Keras has it here
        from fastconv.datasets.directory import image_dataset_from_directory

        return image_dataset_from_directory
    raise AttributeError(f"module 'fastconv.utils' has no attribute {name!r}")
