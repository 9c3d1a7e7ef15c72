"""The table's network in Keras on TensorFlow, to be measured beside ours; needs the extra
``[tensorflow]``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any


def prepare(threads: int) -> None:
    """Import TensorFlow with that many threads; they cannot be changed afterwards.

    Raises
    ------
    ImportError
        If TensorFlow or Keras is not installed.
    RuntimeError
        If TensorFlow has computed something already, with another number of threads.
    """
    for name, value in (
        ("TF_CPP_MIN_LOG_LEVEL", "3"),
        ("KERAS_BACKEND", "tensorflow"),
        ("CUDA_VISIBLE_DEVICES", ""),
    ):
        os.environ.setdefault(name, value)
    import keras  # noqa: F401
    import tensorflow

    config = tensorflow.config.threading
    if config.get_intra_op_parallelism_threads() != threads:
        config.set_intra_op_parallelism_threads(threads)
        config.set_inter_op_parallelism_threads(threads)


def backend() -> str:
    """The module that Keras computes with: TensorFlow, unless KERAS_BACKEND names another."""
    return os.environ.get("KERAS_BACKEND", "tensorflow")


def prepare_keras(threads: int) -> None:
    """As `prepare`, for whatever Keras computes with."""
    if backend() == "torch":
        import torch

        torch.set_num_threads(threads)
    else:
        prepare(threads)


def network(image_shape: Sequence[int], classes: int, seed: int, as_published: bool) -> Any:
    """The network, compiled as the table's recipe says, for pixels from 0 to 255.

    Its weights have the shapes and the order of ours: `set_weights` takes `Model.get_weights`.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)

    def convolution(filters: int, size: int) -> Any:
        return layers.Conv2D(filters, size, padding="same", activation="relu")

    def dropout(rate: float) -> list[Any]:
        # On PyTorch, a dropout without a seed of its own draws from what its state does not show.
        return [] if as_published else [layers.Dropout(rate, seed=seed)]

    model = keras.Sequential(
        [
            layers.Input(tuple(image_shape)),
            layers.Rescaling(1 / 255),
            convolution(32, 3),
            convolution(64, 3),
            layers.MaxPooling2D(2),
            *dropout(0.25),
            convolution(128, 3),
            layers.MaxPooling2D(2),
            convolution(128, 2),
            layers.MaxPooling2D(2),
            *dropout(0.25),
            layers.Flatten(),
            layers.Dense(1500, activation="relu"),
            *dropout(0.5),
            layers.Dense(classes, activation="softmax"),
            *([layers.Softmax()] if as_published else []),
        ]
    )
    optimizer = keras.optimizers.Adam(1e-3, epsilon=1e-8)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
