"""Where Keras has what is about files: from `fastconv.models` and `fastconv.utils`."""

from fastconv.models import load_model, save_model
from fastconv.utils import custom_object_scope, register_keras_serializable

__all__ = ["custom_object_scope", "load_model", "register_keras_serializable", "save_model"]
