"""The user's arrays and shapes, checked and converted to what the kernels take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconv._arguments import as_int, items_of

Shape = tuple[int, ...]
OpenShape = tuple[int | None, ...]
"""A shape some of whose sizes may be open (None)."""


def as_array(value: Any, what: str, *, where: str) -> np.ndarray:
    """An array of anything, not copied; ValueError for lists whose rows differ in length."""
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"{where}: {what} must be an array, or lists whose rows have one length; received "
            f"{type(value).__name__} ({error})"
        ) from None


def as_numbers(value: Any, what: str, *, where: str) -> np.ndarray:
    """An array of real numbers, not copied; refuses complex numbers, text and objects.

    Raises
    ------
    TypeError
        If the dtype is not one of real numbers.
    """
    array = as_array(value, what, where=where)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{where}: {what} must hold float32 or uint8 values (or other real numbers, which are "
            f"converted to float32); received dtype {array.dtype}"
        )
    return array


def as_input(value: Any, what: str, *, where: str) -> np.ndarray:
    """C-contiguous, native and aligned: uint8 stays, any other real dtype becomes float32."""
    array = as_numbers(value, what, where=where)
    dtype = np.uint8 if array.dtype == np.uint8 else np.float32
    return np.require(array, dtype, ["C", "A"])


def spread(sample_weight: Any, shape: tuple[int, ...], *, where: str) -> np.ndarray:
    """A weight for each of `shape`'s entries, from one for each sample or row."""
    weights = as_numbers(sample_weight, "sample_weight", where=where).astype(np.float64)
    given = weights.reshape(weights.shape + (1,) * (len(shape) - weights.ndim))
    try:
        return np.broadcast_to(given, shape)
    except ValueError:
        raise ValueError(
            f"{where}: sample_weight must have a number for each of the outputs {shape}, or for "
            f"each row or sample of them; received {weights.shape}"
        ) from None


def fits(shape: Sequence[int | None], pattern: Sequence[int | None]) -> bool:
    """Whether `shape` matches `pattern`, in which None matches any size."""
    return len(shape) == len(pattern) and all(
        wanted is None or size == wanted for size, wanted in zip(shape, pattern, strict=True)
    )


def as_shape(value: Any, what: str, *, where: str) -> Shape:
    """A shape without the batch axis: whole numbers of at least 1."""
    sizes = items_of(value)
    if sizes is None:
        raise TypeError(f"{where}: {what} must be a tuple of whole numbers; received {value!r}")
    return tuple(as_int(size, f"every size of {what}", where=where) for size in sizes)


def as_open_shape(value: Any, what: str, *, where: str) -> OpenShape:
    """A shape without the batch axis, in which None leaves a size open."""
    sizes = items_of(value)
    if sizes is None:
        raise TypeError(f"{where}: {what} must be a tuple of whole numbers; received {value!r}")
    rule = f"every size of {what}"
    return tuple(None if size is None else as_int(size, rule, where=where) for size in sizes)
