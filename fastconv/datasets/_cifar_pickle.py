"""CIFAR-10's own archive holds pickles; this reads them and nothing else.

An ordinary unpickler calls whatever function the file names. This one knows three harmless names,
the ones that NumPy arrays and byte strings need, and refuses all others. It is the only place in
the project that unpickles.
"""

from __future__ import annotations

import codecs
import io
import pickle
from typing import Any

import numpy as np


def _empty_array(subtype: Any, shape: Any, typecode: Any) -> np.ndarray:
    """Stand for NumPy's `_reconstruct`: the array's state, which follows, replaces everything."""
    return np.ndarray((0,), np.uint8)


def _latin1(text: str, encoding: str) -> bytes:
    """Stand for `codecs.encode`, by which Python 3 writes byte strings into old protocols."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"encoding {encoding!r} is not allowed")
    return codecs.latin_1_encode(text)[0]


_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _latin1,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed") from None


def read_batch(content: bytes, source: str) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(pixels, labels)``, uint8 ``(n, 3072)`` and ``(n,)``, of one batch file.

    Raises
    ------
    ValueError
        When the content is damaged, names anything but arrays and byte strings, or holds
        something else than a CIFAR-10 batch; begins with `source`.
    """
    try:
        batch = _Unpickler(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # a damaged pickle can fail in any way
        raise ValueError(f"{source}: is not a readable CIFAR-10 batch ({error})") from error
    if not isinstance(batch, dict):
        raise ValueError(f"{source}: must hold a dictionary; received {type(batch).__name__}")
    pixels, labels = batch.get(b"data"), batch.get(b"labels")
    if (
        not isinstance(pixels, np.ndarray)
        or pixels.dtype != np.uint8
        or pixels.ndim != 2
        or pixels.shape[1] != 3072
    ):
        raise ValueError(f"{source}: b'data' must be uint8 (n, 3072)")
    if (
        not isinstance(labels, list)
        or len(labels) != len(pixels)
        or not all(type(label) is int and 0 <= label <= 9 for label in labels)
    ):
        raise ValueError(f"{source}: b'labels' must be {len(pixels)} integers 0..9")
    return pixels, np.array(labels, np.uint8)
