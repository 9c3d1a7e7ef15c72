"""One-hot encoding of labels; vectors normalized to length 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_int
from fastconv.utils.arrays import as_numbers


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """One-hot rows for integer labels.

    Parameters
    ----------
    x : array_like of whole numbers, shape (...)
        Labels from 0 to `num_classes` - 1. A last axis of length 1 is dropped, as Keras does.
    num_classes : int, optional
        Default: the largest label + 1.

    Returns
    -------
    numpy.ndarray, shape (..., num_classes), float32

    Raises
    ------
    TypeError
        If the labels are not whole numbers.
    ValueError
        If a label is negative or too large.

    Examples
    --------
    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    labels = np.asarray(x)
    whole = labels.astype(np.int64) if labels.dtype.kind in "iubf" else None
    if whole is None or (labels.dtype.kind == "f" and not np.array_equal(whole, labels)):
        raise TypeError(
            f"to_categorical: labels must be whole numbers; received dtype {labels.dtype}"
        )
    if whole.ndim > 1 and whole.shape[-1] == 1:
        whole = whole[..., 0]
    if num_classes is None:
        num_classes = int(whole.max()) + 1 if whole.size else 1
    classes = as_int(num_classes, "num_classes", where="to_categorical")
    if whole.size and not 0 <= whole.min() <= whole.max() < classes:
        raise ValueError(
            f"to_categorical: labels must be from 0 to num_classes - 1 = {classes - 1}; "
            f"received labels from {whole.min()} to {whole.max()}"
        )
    rows = np.zeros((whole.size, classes), np.float32)
    rows[np.arange(whole.size), whole.reshape(-1)] = 1
    return rows.reshape(*whole.shape, classes)


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """An array divided by its norm along an axis; vectors of norm 0 are left as they are.

    Parameters
    ----------
    x : array_like
    axis : int
    order : int
        Order of the norm; 2 is the Euclidean one.

    Examples
    --------
    >>> normalize([[3.0, 4.0], [0.0, 0.0]]).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    numbers = np.atleast_1d(as_numbers(x, "x", where="normalize")).astype(np.float64)
    norm = np.linalg.norm(numbers, as_int(order, "order", where="normalize"), axis, keepdims=True)
    return numbers / np.where(norm == 0, 1.0, norm)
