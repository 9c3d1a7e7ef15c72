"""Where older Keras programs look for what prepares data; `fastconv.utils` has it."""

from fastconv.utils import image_dataset_from_directory

__all__ = ["image_dataset_from_directory"]
