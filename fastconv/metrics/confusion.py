"""The confusion matrix, as a metric and as a function."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_int
from fastconv.metrics.base import Metric
from fastconv.utils.arrays import as_numbers, spread

_MOST_CLASSES = 2**15  # the counts take 8 GiB


class ConfusionMatrix(Metric):
    """Counts of samples by true class (rows) and predicted class (columns).

    Not for `compile`: its result is a matrix, which logs cannot hold.

    Parameters
    ----------
    num_classes : int
    name : str

    Examples
    --------
    >>> ConfusionMatrix(2)([0, 1, 1], [[0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    array([[1, 0],
           [1, 1]])
    """

    is_number = False

    def __init__(self, num_classes: int, name: str = "confusion_matrix", **unknown: Any) -> None:
        super().__init__(name, **unknown)
        self.num_classes = as_int(num_classes, "num_classes", where="ConfusionMatrix")
        if self.num_classes > _MOST_CLASSES:
            raise ValueError(
                f"ConfusionMatrix: num_classes must be at most {_MOST_CLASSES}, as the matrix has "
                f"its square as many counts; received {num_classes!r}"
            )
        self.reset_state()

    def reset_state(self) -> None:
        self.counts = np.zeros((self.num_classes, self.num_classes), np.int64)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        true, chosen = _labels(y_true, "y_true"), _labels(y_pred, "y_pred")
        if true.shape != chosen.shape:
            raise ValueError(
                "ConfusionMatrix: y_true and y_pred must have as many samples as each other; "
                f"received {true.shape} and {chosen.shape}"
            )
        weights = (
            None
            if sample_weight is None
            else spread(sample_weight, true.shape, where=self.name).reshape(-1)
        )
        size = self.num_classes
        for given, what in ((true, "y_true"), (chosen, "y_pred")):
            if given.size and not 0 <= given.min() <= given.max() < size:
                raise ValueError(
                    f"ConfusionMatrix: {what} must be classes from 0 to {size - 1}; "
                    f"received {given.min()} to {given.max()}"
                )
        cells = (true * size + chosen).reshape(-1)
        counted = np.bincount(cells, weights, minlength=size * size).reshape(size, size)
        self.counts = self.counts + counted

    def result(self) -> np.ndarray:
        return self.counts

    def get_config(self) -> dict[str, Any]:
        return {"num_classes": self.num_classes, **super().get_config()}


def confusion_matrix(y_true: Any, y_pred: Any, num_classes: int | None = None) -> np.ndarray:
    """Counts of samples by true class (rows) and predicted class (columns).

    Parameters
    ----------
    y_true, y_pred : array_like
        Labels (samples,), or rows whose largest entry is at the label.
    num_classes : int, optional
        Default: the largest label + 1.

    Examples
    --------
    >>> confusion_matrix([0, 1, 1], [0, 1, 0])
    array([[1, 0],
           [1, 1]])
    """
    if num_classes is None:
        given = [_labels(y_true, "y_true"), _labels(y_pred, "y_pred")]
        if not all(labels.size for labels in given):
            raise ValueError(
                "confusion_matrix: num_classes must be given where there are no samples to take "
                f"it from; received y_true {given[0].shape}, y_pred {given[1].shape}"
            )
        num_classes = 1 + max(int(labels.max()) for labels in given)
    matrix = ConfusionMatrix(num_classes)
    matrix.update_state(y_true, y_pred)
    return matrix.result()


def _labels(given: Any, what: str) -> np.ndarray:
    array = as_numbers(given, what, where="ConfusionMatrix")
    if array.ndim > 1 and array.shape[-1] > 1:
        return array.argmax(axis=-1)
    return array.reshape(-1).astype(np.int64)
