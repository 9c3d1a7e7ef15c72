"""True and false positives and negatives, and the scores from them: precision, recall, F1."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_float, as_int, as_name, check_choice
from fastconv.metrics.base import Metric, refuse_empty_rows
from fastconv.utils.arrays import spread


class Counts(Metric):
    """True and false positives and negatives, by class.

    An output is a positive prediction of its class if it is above `threshold`; without one, if it
    is the largest of its row. With `top_k` only the `top_k` largest of each row can be positive.
    Targets are of the output's shape, or labels.
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
        refuse_empty_rows(outputs, where=self.name)
        if not outputs.size:  # no rows, whose sums would have as many numbers as there are classes
            return
        true, chosen = boolean_rows(targets, outputs), self._chosen(outputs)
        weights = np.ones(outputs.shape)
        if sample_weight is not None:
            weights = spread(sample_weight, outputs.shape, where=self.name)
        axes = tuple(range(outputs.ndim - 1))
        self.hits = self.hits + (weights * (true & chosen)).sum(axis=axes)
        self.false_alarms = self.false_alarms + (weights * (~true & chosen)).sum(axis=axes)
        self.misses = self.misses + (weights * (true & ~chosen)).sum(axis=axes)
        self.rejections = self.rejections + (weights * ~(true | chosen)).sum(axis=axes)

    def _chosen(self, outputs: np.ndarray) -> np.ndarray:
        """Which outputs are positive predictions."""
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


class _Count(Counts):
    """The number of predictions of one kind."""

    counted: str
    usual_name: str

    def __init__(
        self, thresholds: float | None = None, name: str | None = None, **unknown: Any
    ) -> None:
        above = 0.5 if thresholds is None else thresholds
        named = as_name(name, self.usual_name, where=type(self).__name__)
        super().__init__(above, named, **unknown)

    def result(self) -> float:
        return float(np.sum(getattr(self, self.counted)))

    def get_config(self) -> dict[str, Any]:
        return {"thresholds": self.threshold, **super().get_config()}


class TruePositives(_Count):
    """Number of positive targets whose output is above `thresholds` (0.5)."""

    counted = "hits"
    usual_name = "true_positives"


class TrueNegatives(_Count):
    """Number of negative targets whose output is not above `thresholds` (0.5)."""

    counted = "rejections"
    usual_name = "true_negatives"


class FalsePositives(_Count):
    """Number of negative targets whose output is above `thresholds` (0.5)."""

    counted = "false_alarms"
    usual_name = "false_positives"


class FalseNegatives(_Count):
    """Number of positive targets whose output is not above `thresholds` (0.5)."""

    counted = "misses"
    usual_name = "false_negatives"


class Precision(Counts):
    """Share of the positive predictions that are correct.

    Parameters
    ----------
    thresholds : float, optional
        An output above it is a positive prediction. Default: 0.5; none with `top_k`.
    top_k : int, optional
        Only so many of each row, the largest ones, are positive predictions.
    class_id : int, optional
        Count this class alone.
    name : str, optional

    Examples
    --------
    >>> Precision()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]).__round__(4)
    0.6667
    """

    others = "false_alarms"
    usual_name = "precision"

    def __init__(
        self,
        thresholds: float | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        where = type(self).__name__
        self.top_k = None if top_k is None else as_int(top_k, "top_k", where=where)
        self.class_id = (
            None if class_id is None else as_int(class_id, "class_id", where=where, minimum=0)
        )
        usual = 0.5 if top_k is None else None
        named = as_name(name, self.usual_name, where=where)
        super().__init__(usual if thresholds is None else thresholds, named, **unknown)

    def result(self) -> float:
        """hits / (hits + others)."""
        hits, both = np.asarray(self.hits), np.asarray(self.hits) + getattr(self, self.others)
        if self.class_id is not None and hits.ndim:
            if self.class_id >= hits.size:
                raise ValueError(
                    f"{type(self).__name__}: class_id must be below the number of classes, "
                    f"{hits.size}; received {self.class_id}"
                )
            hits, both = hits[self.class_id], both[self.class_id]
        return quotient(hits.sum(), both.sum())

    def get_config(self) -> dict[str, Any]:
        own = {"thresholds": self.threshold, "top_k": self.top_k, "class_id": self.class_id}
        return {**own, **super().get_config()}


class Recall(Precision):
    """Share of the positive targets that are found.

    Parameters
    ----------
    thresholds, top_k, class_id, name
        As in `Precision`.

    Examples
    --------
    >>> Recall()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]).__round__(4)
    0.6667
    """

    others = "misses"
    usual_name = "recall"


class F1Score(Counts):
    """Harmonic mean of precision and recall, by class.

    Parameters
    ----------
    average : "macro", "micro", "weighted" or None
        The mean over the classes, the score of all predictions together, the mean weighted by the
        classes' sizes; None gives an array by class.
    threshold : float, optional
        Default: the largest output of each row is positive.
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
            return quotient(2 * hits.sum(), 2 * hits.sum() + errors.sum())
        below = 2 * hits + errors
        scores = np.divide(2 * hits, below, out=np.zeros_like(below), where=below > 0)
        if self.average is None:
            return scores
        sizes = hits + np.asarray(self.misses) if self.average == "weighted" else np.ones_like(hits)
        return quotient((scores * sizes).sum(), sizes.sum())

    def get_config(self) -> dict[str, Any]:
        return {"average": self.average, "threshold": self.threshold, **super().get_config()}


def boolean_rows(y_true: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Targets as booleans of the outputs' shape; labels become one-hot rows."""
    classes = outputs.shape[-1]
    if y_true.size == outputs.size:
        return y_true.reshape(outputs.shape) > 0.5
    labels = y_true.reshape(outputs.shape[:-1]).astype(np.int64)
    return labels[..., np.newaxis] == np.arange(classes)


def quotient(a: Any, b: Any) -> float:
    """a / b, or 0 if b is 0."""
    return float(a / b) if b else 0.0
