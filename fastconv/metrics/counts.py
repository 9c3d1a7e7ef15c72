"""Counts of right and wrong decisions."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_float
from fastconv.metrics.base import Metric, spread


class Counts(Metric):
    """True and false positives and negatives, by class.

    An output decides for a class if it is above `threshold`; without one, the largest of each row
    does. With `top_k` only that many of each row can. Targets are of the output's shape, or labels.
    """

    forms = ("rows", "labels")
    top_k: int | None = None

    def __init__(self, threshold: float | None, name: str, /, **unknown: Any) -> None:
        super().__init__(name, **unknown)
        where = type(self).__name__
        self.threshold = (
            None if threshold is None else as_float(threshold, "threshold", where=where)
        )
        self.reset_state()

    def reset_state(self) -> None:
        self.hits: np.ndarray | float = 0.0
        self.false_alarms: np.ndarray | float = 0.0
        self.misses: np.ndarray | float = 0.0
        self.rejections: np.ndarray | float = 0.0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        targets, outputs = self.given(y_true, y_pred)
        outputs = outputs[:, np.newaxis] if outputs.ndim == 1 else outputs
        true, chosen = rows_of_truth(targets, outputs), self._chosen(outputs)
        weights = np.ones(outputs.shape)
        if sample_weight is not None:
            weights = spread(sample_weight, outputs.shape, where=self.name)
        axes = tuple(range(outputs.ndim - 1))
        self.hits = self.hits + (weights * (true & chosen)).sum(axis=axes)
        self.false_alarms = self.false_alarms + (weights * (~true & chosen)).sum(axis=axes)
        self.misses = self.misses + (weights * (true & ~chosen)).sum(axis=axes)
        self.rejections = self.rejections + (weights * ~(true | chosen)).sum(axis=axes)

    def _chosen(self, outputs: np.ndarray) -> np.ndarray:
        """Which outputs are positive decisions."""
        if self.top_k is not None:
            k = min(self.top_k, outputs.shape[-1])
            least = np.partition(outputs, -k, axis=-1)[..., -k, np.newaxis]
            chosen: np.ndarray = outputs >= least
            return chosen if self.threshold is None else chosen & (outputs > self.threshold)
        if self.threshold is None:
            chosen = outputs == outputs.max(axis=-1, keepdims=True)
        else:
            chosen = outputs > self.threshold
        return chosen


def rows_of_truth(y_true: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Targets as truth values of the outputs' shape; labels become one-hot rows."""
    classes = outputs.shape[-1]
    if y_true.size == outputs.size:
        return y_true.reshape(outputs.shape) > 0.5
    labels = y_true.reshape(outputs.shape[:-1]).astype(np.int64)
    return labels[..., np.newaxis] == np.arange(classes)


def quotient(a: Any, b: Any) -> float:
    """a / b, 0 where b is."""
    return float(a / b) if b else 0.0
