"""Softmax and cross-entropy in one, with the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastconv.kernels.losses.softmax_cross_entropy import (
    softmax_cross_entropy as cross_entropy_kernel,
)
from fastconv.ops._checks import Array, float32, real_array, row_weights_of


def softmax_cross_entropy(
    logits: Any, targets: Any, row_weights: Any = None
) -> tuple[float, Array]:
    """Loss sum_r weight_r * -sum_c t[r, c] * log(softmax(logits)[r, c]), and its gradient.

    Parameters
    ----------
    logits : array_like (rows, classes)
    targets : labels, integers (rows,) or (rows, 1); or t itself, (rows, classes)
        Labels lie in 0 ... classes - 1.
    row_weights : array_like (rows,), optional
        1 / rows by default, which makes the loss a mean.

    Returns
    -------
    loss : float
        0.0 if there are no rows.
    dlogits : float32 array (rows, classes)

    Raises
    ------
    TypeError, ValueError
        If shapes or types do not fit, or a label is out of range.

    Examples
    --------
    >>> loss, dlogits = softmax_cross_entropy([[0, 0]], [1])
    >>> round(loss, 6), dlogits
    (0.693147, array([[ 0.5, -0.5]], dtype=float32))
    """
    where = "softmax_cross_entropy"
    z = float32(logits, "logits", where, "(rows, classes)")
    rows, classes = z.shape
    if classes == 0:
        raise ValueError(f"{where}: logits must have at least one class; received {z.shape}")
    t = _targets(targets, rows, classes, where)
    weights = row_weights_of(row_weights, rows, where)
    dlogits = np.empty_like(z)
    if rows == 0:
        return 0.0, dlogits
    return cross_entropy_kernel(z, t, weights, None, dlogits), dlogits


def _targets(targets: Any, rows: int, classes: int, where: str) -> NDArray[Any]:
    """Labels as int64 (rows,), or float32 (rows, classes)."""
    t = real_array(targets, "targets", where)
    if t.shape == (rows, classes) and not (classes == 1 and t.dtype.kind in "iu"):
        return float32(t, "targets", where)
    if t.shape not in ((rows,), (rows, 1)):
        raise ValueError(
            f"{where}: targets must be labels ({rows},) or have the shape of logits, "
            f"{(rows, classes)}; received {t.shape}"
        )
    if t.dtype.kind not in "iu":
        raise TypeError(f"{where}: labels must be integers; received dtype {t.dtype}")
    if t.size and not (t.min() >= 0 and t.max() < classes):
        bad = t.min() if t.min() < 0 else t.max()
        raise ValueError(
            f"{where}: labels must be from 0 to {classes - 1}, the number of classes minus 1; "
            f"received {bad}"
        )
    return np.ascontiguousarray(t.reshape(rows), np.int64)
