"""The libraries that fastconv is measured beside, where they are installed."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

import fastconv

try:
    torch: Any = importlib.import_module("torch")
except ImportError:
    torch = None

TORCH = "PyTorch"
TENSORFLOW = "TensorFlow"
KERAS = "Keras"
NUMPY = "NumPy"

LAYOUTS = {"NCHW": "contiguous_format", "NHWC": "channels_last"}
"""The two layouts of images in PyTorch, with its names for them."""

_tensorflow: tuple[Any, int] | None = None  # the module and its threads, once imported
Made = TypeVar("Made")


def tensorflow() -> Any | None:
    """TensorFlow, if it is installed and computes with as many threads as fastconv does now.

    Imported only when it is measured, since that takes seconds; then its threads are fixed.
    """
    global _tensorflow
    threads = fastconv.get_num_threads()
    if _tensorflow is None:
        try:
            prepare_tensorflow(threads)
        except ImportError:
            _tensorflow = None, threads
        else:
            _tensorflow = importlib.import_module("tensorflow"), threads
    module, its_threads = _tensorflow
    return module if its_threads == threads else None


def prepare_tensorflow(threads: int) -> None:
    """Import TensorFlow, and Keras on it, with `threads` threads, which cannot change afterwards.

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


def keras() -> Any | None:
    """Keras on TensorFlow; None if either is missing, as in `tensorflow`."""
    return None if tensorflow() is None else importlib.import_module("keras")


def keras_backend() -> str:
    """The name of Keras's backend: TensorFlow, unless KERAS_BACKEND names another."""
    return os.environ.get("KERAS_BACKEND", "tensorflow")


def prepare_keras(threads: int) -> None:
    """As `prepare_tensorflow`, for the backend of Keras."""
    if keras_backend() == "torch":
        torch.set_num_threads(threads)
    else:
        prepare_tensorflow(threads)


def use_threads(n: int) -> None:
    """Let fastconv, PyTorch and NumPy's BLAS use `n` threads each."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(n, user_api="blas")
    if torch is not None:
        torch.set_num_threads(n)
    fastconv.set_num_threads(n)


def in_layouts(make: Callable[[str], Made]) -> dict[str, Made]:
    """What `make(layout)` returns for each of PyTorch's layouts, by the contestant's name.

    Empty if PyTorch is not installed.
    """
    return {} if torch is None else {f"{TORCH} {layout}": make(layout) for layout in LAYOUTS}


def memory_format(layout: str) -> Any:
    """The memory format for one of `LAYOUTS`."""
    return getattr(torch, LAYOUTS[layout])


def torch_image(x: np.ndarray, layout: str) -> Any:
    """A float32 copy of x (mb, ih, iw, ic) as a tensor (mb, ic, ih, iw) in a layout."""
    turned = torch.from_numpy(x).permute(0, 3, 1, 2)
    return turned.to(torch.float32, memory_format=memory_format(layout), copy=True)


def numpy_image(t: Any) -> np.ndarray:
    """The reverse of `torch_image`."""
    return t.detach().permute(0, 2, 3, 1).numpy()


def torch_weights(array: np.ndarray, depthwise: bool = False) -> Any:
    """Our weights of a layer, transposed for PyTorch: filters first, inputs second."""
    if array.ndim == 4:
        array = array.transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1))
    return torch.from_numpy(np.ascontiguousarray(array.T if array.ndim == 2 else array))
