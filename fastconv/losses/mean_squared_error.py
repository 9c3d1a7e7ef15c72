"""The mean squared error."""

from __future__ import annotations

import numpy as np

from fastconv.losses.base import Loss


class MeanSquaredError(Loss):
    """Mean of (y_true - y_pred)².

    Examples
    --------
    >>> MeanSquaredError()([[0.0, 1.0]], [[0.5, 1.0]])
    0.125
    """

    kind = "mean_squared_error"

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return np.square(y_true - y_pred).mean(axis=-1)
