"""Precision, recall and what is made of them: counts of right and wrong decisions."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_float, check_choice
from fastconv.metrics.base import Metric, spread


class _Counts(Metric):
    """True and false positives, and false negatives, by class.

    An output decides for a class if it is above `threshold`; without one, the largest of each row
    does. Targets are of the output's shape, or labels.
    """

    forms = ("rows", "labels")

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

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        targets, outputs = self.given(y_true, y_pred)
        outputs = outputs[:, np.newaxis] if outputs.ndim == 1 else outputs
        true = rows_of_truth(targets, outputs)
        if self.threshold is None:
            chosen = outputs == outputs.max(axis=-1, keepdims=True)
        else:
            chosen = outputs > self.threshold
        weights = np.ones(outputs.shape)
        if sample_weight is not None:
            weights = spread(sample_weight, outputs.shape, where=self.name)
        axes = tuple(range(outputs.ndim - 1))
        self.hits = self.hits + (weights * (true & chosen)).sum(axis=axes)
        self.false_alarms = self.false_alarms + (weights * (~true & chosen)).sum(axis=axes)
        self.misses = self.misses + (weights * (true & ~chosen)).sum(axis=axes)


class Precision(_Counts):
    """Share of the positive decisions that are right.

    Parameters
    ----------
    thresholds : float
        An output above it is a positive decision.
    name : str

    Examples
    --------
    >>> Precision()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]).__round__(4)
    0.6667
    """

    def __init__(self, thresholds: float = 0.5, name: str = "precision", **unknown: Any) -> None:
        super().__init__(thresholds, name, **unknown)

    def result(self) -> float:
        return _quotient(np.sum(self.hits), np.sum(self.hits) + np.sum(self.false_alarms))

    def get_config(self) -> dict[str, Any]:
        return {"thresholds": self.threshold, **super().get_config()}


class Recall(Precision):
    """Share of the positive targets that are found.

    Parameters
    ----------
    thresholds : float
        An output above it is a positive decision.
    name : str

    Examples
    --------
    >>> Recall()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]).__round__(4)
    0.6667
    """

    def __init__(self, thresholds: float = 0.5, name: str = "recall", **unknown: Any) -> None:
        super().__init__(thresholds, name, **unknown)

    def result(self) -> float:
        return _quotient(np.sum(self.hits), np.sum(self.hits) + np.sum(self.misses))


class F1Score(_Counts):
    """Harmonic mean of precision and recall, by class.

    Parameters
    ----------
    average : "macro", "micro", "weighted" or None
        The mean over the classes, over all decisions, by the classes' sizes; None gives an array.
    threshold : float, optional
        Default: the largest output of each row is the decision.
    name : str

    Examples
    --------
    >>> F1Score("macro")([0, 1, 1], [[0.8, 0.2], [0.3, 0.7], [0.6, 0.4]]).__round__(4)
    0.6667
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        **unknown: Any,
    ) -> None:
        super().__init__(threshold, name, **unknown)
        if average is not None:
            check_choice(average, ("macro", "micro", "weighted"), where="F1Score", what="average")
        self.average = average

    def result(self) -> Any:
        hits, errors = np.asarray(self.hits), np.asarray(self.false_alarms + self.misses)
        if self.average == "micro":
            return _quotient(2 * hits.sum(), 2 * hits.sum() + errors.sum())
        below = 2 * hits + errors
        scores = np.divide(2 * hits, below, out=np.zeros_like(below), where=below > 0)
        if self.average is None:
            return scores
        sizes = hits + np.asarray(self.misses) if self.average == "weighted" else np.ones_like(hits)
        return _quotient((scores * sizes).sum(), sizes.sum())

    def get_config(self) -> dict[str, Any]:
        return {"average": self.average, "threshold": self.threshold, **super().get_config()}


def rows_of_truth(y_true: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Targets as truth values of the outputs' shape; labels become one-hot rows."""
    classes = outputs.shape[-1]
    if y_true.size == outputs.size:
        return y_true.reshape(outputs.shape) > 0.5
    labels = y_true.reshape(outputs.shape[:-1]).astype(np.int64)
    return labels[..., np.newaxis] == np.arange(classes)


def _quotient(a: Any, b: Any) -> float:
    return float(a / b) if b else 0.0
