"""Mean squared error, with the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.kernels.losses.loss_rows import pointwise_loss
from fastconv.ops._checks import Array, float32, row_weights_of, same_shape


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
    weights = row_weights_of(row_weights, outputs.shape[0], where)
    dy = np.empty_like(outputs)
    if outputs.shape[0] == 0:
        return 0.0, dy
    return pointwise_loss(
        "mean_squared_error", outputs, targets, weights, dy, 1 / outputs.shape[1]
    ), dy
