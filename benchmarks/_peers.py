"""The libraries that fastconv is measured beside, where they are installed."""

from __future__ import annotations

import importlib
import os
from typing import Any

import fastconv


def _installed(name: str) -> tuple[Any, str]:
    try:
        return importlib.import_module(name), ""
    except ImportError as error:
        return None, str(error)


torch, TORCH_MISSING = _installed("torch")

# A layout's name and what torch calls it.
LAYOUTS = {"PyTorch NCHW": "contiguous_format", "PyTorch NHWC": "channels_last"}
TORCH = "PyTorch"


def keras() -> tuple[Any, str]:
    """Keras on TensorFlow and "", or None and why there is none; importing it takes seconds."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    for needed in ("tensorflow", "keras"):
        module, missing = _installed(needed)
        if module is None:
            return None, missing
    return module, ""


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
