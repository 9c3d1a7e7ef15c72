"""Where older Keras programs look for `to_categorical`."""

from fastconv.utils.labels import to_categorical

__all__ = ["to_categorical"]
