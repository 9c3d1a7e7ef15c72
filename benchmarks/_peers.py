"""The libraries that fastconv is measured beside, where they are installed."""

from __future__ import annotations

import importlib
from typing import Any

import fastconv
from fastconv.bench.keras_tensorflow import prepare

try:
    torch: Any = importlib.import_module("torch")
except ImportError:
    torch = None

# A layout's name and what torch calls it.
LAYOUTS = {"PyTorch NCHW": "contiguous_format", "PyTorch NHWC": "channels_last"}
TORCH = "PyTorch"
TENSORFLOW = "TensorFlow"
KERAS = "Keras"
NUMPY = "NumPy"

_tensorflow: tuple[Any, int] | None = None  # the module and its threads, once it was asked for


def tensorflow() -> Any | None:
    """TensorFlow, if it is there and computes with as many threads as fastconv does now.

    Only what is measured imports it, since that takes seconds; its threads are fixed from then on.
    """
    global _tensorflow
    threads = fastconv.get_num_threads()
    if _tensorflow is None:
        try:
            prepare(threads)
        except ImportError:
            _tensorflow = None, threads
        else:
            _tensorflow = importlib.import_module("tensorflow"), threads
    module, its_threads = _tensorflow
    return module if its_threads == threads else None


def keras() -> Any | None:
    """Keras on TensorFlow; None where either is missing, as in `tensorflow`."""
    return None if tensorflow() is None else importlib.import_module("keras")


def use_threads(n: int) -> None:
    """Let fastconv, PyTorch and NumPy's BLAS use `n` threads each."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(n, user_api="blas")
    if torch is not None:
        torch.set_num_threads(n)
    fastconv.set_num_threads(n)


def torch_image(x: Any, layout: str) -> Any:
    """A copy of x (mb, ih, iw, ic) as PyTorch's (mb, ic, ih, iw), laid out as `layout` says."""
    turned = torch.from_numpy(x).permute(0, 3, 1, 2)
    return turned.contiguous(memory_format=getattr(torch, LAYOUTS[layout])).clone()


def numpy_image(t: Any) -> Any:
    """The reverse of `torch_image`."""
    return t.detach().permute(0, 2, 3, 1).numpy()
