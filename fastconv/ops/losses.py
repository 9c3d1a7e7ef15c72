"""Losses over rows, each with its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastconv.kernels.losses.loss_rows import pointwise_loss
from fastconv.kernels.losses.softmax_cross_entropy import (
    softmax_cross_entropy as cross_entropy_kernel,
)
from fastconv.ops._checks import Array, float32, real_array, same_shape, vector

__all__ = ["mean_squared_error", "softmax_cross_entropy"]


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
    weights = _row_weights(row_weights, rows, where)
    dlogits = np.empty_like(z)
    if rows == 0:
        return 0.0, dlogits
    return cross_entropy_kernel(z, t, weights, None, dlogits), dlogits


def mean_squared_error(y: Any, t: Any, row_weights: Any = None) -> tuple[float, Array]:
    """Loss sum_r weight_r * mean_c (y - t)**2, and its gradient in y.

    Parameters
    ----------
    y, t : array_like (rows, columns)
    row_weights : array_like (rows,), optional
        1 / rows by default; columns / 2 makes the loss sum(1/2 (y - t)**2).

    Returns
    -------
    loss : float
        0.0 if there are no rows.
    dy : float32 array (rows, columns)

    Raises
    ------
    TypeError, ValueError
        If shapes or types do not fit.

    Examples
    --------
    >>> mean_squared_error([[1, 2]], [[0, 4]])
    (2.5, array([[ 1., -2.]], dtype=float32))
    """
    where = "mean_squared_error"
    outputs = float32(y, "y", where, "(rows, columns)")
    targets = float32(t, "t", where, "(rows, columns)")
    same_shape(targets, outputs.shape, "t", "y", where)
    if outputs.shape[1] == 0:
        raise ValueError(f"{where}: y must have at least one column; received {outputs.shape}")
    weights = _row_weights(row_weights, outputs.shape[0], where)
    dy = np.empty_like(outputs)
    if outputs.shape[0] == 0:
        return 0.0, dy
    return pointwise_loss(
        "mean_squared_error", outputs, targets, weights, dy, 1 / outputs.shape[1]
    ), dy


def _row_weights(row_weights: Any, rows: int, where: str) -> Array:
    """The weights of the rows; None is 1 / rows for each, which makes the loss a mean."""
    if row_weights is None:
        return np.full(rows, 1 / max(rows, 1), np.float32)
    return vector(row_weights, rows, "row_weights", "rows", where)


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
    labels = np.ascontiguousarray(t.reshape(rows), np.int64)
    return labels if labels.flags.aligned else labels.copy()
