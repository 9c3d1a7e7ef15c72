"""Metrics, with Keras's names: what is reported beside the loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.losses import Loss
from fastconv.utils.arrays import Shape
from fastconv.utils.configured import Configured, resolve


class Metric(Configured):
    """A mean over samples that is updated batch by batch.

    Parameters
    ----------
    name : str
        The key in logs and histories.

    Examples
    --------
    >>> metric = SparseCategoricalAccuracy()
    >>> metric.update_state([1, 0], [[0.2, 0.8], [0.3, 0.7]])
    >>> metric.result()
    0.5
    """

    def __init__(self, name: str, **unknown: Any) -> None:
        super().__init__(**unknown)
        self.name = name
        self.total = 0.0
        self.count = 0

    def reset_state(self) -> None:
        """Forget everything seen so far."""
        self.total, self.count = 0.0, 0

    def update_state(self, y_true: Any, y_pred: Any) -> None:
        """Take in a batch of targets and outputs."""
        values = self.values(np.asarray(y_true), np.asarray(y_pred))
        self.total += float(values.sum(dtype=np.float64))
        self.count += values.size

    def result(self) -> float:
        """The mean over everything since `reset_state`; 0 before any batch."""
        return self.total / self.count if self.count else 0.0

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """What is averaged: one number or truth value for each sample."""
        raise NotImplementedError(f"{type(self).__name__} must define values(y_true, y_pred)")

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


class CategoricalAccuracy(Metric):
    """Share of samples whose largest output is where the one-hot target's is."""

    def __init__(self, name: str = "categorical_accuracy", **unknown: Any) -> None:
        super().__init__(name, **unknown)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return y_true.argmax(axis=-1) == y_pred.argmax(axis=-1)


class SparseCategoricalAccuracy(Metric):
    """Share of samples whose largest output is at the label."""

    def __init__(self, name: str = "sparse_categorical_accuracy", **unknown: Any) -> None:
        super().__init__(name, **unknown)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        best = y_pred.argmax(axis=-1)
        return y_true.reshape(best.shape) == best


class BinaryAccuracy(Metric):
    """Share of outputs on the target's side of `threshold`."""

    def __init__(
        self, name: str = "binary_accuracy", threshold: float = 0.5, **unknown: Any
    ) -> None:
        super().__init__(name, **unknown)
        self.threshold = float(threshold)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return (y_pred > self.threshold) == (y_true.reshape(y_pred.shape) > self.threshold)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "threshold": self.threshold}


_TABLE: dict[str, type[Metric]] = {
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "binary_accuracy": BinaryAccuracy,
}

# Names that stand for one of the above; which, is known when the loss and the output are.
_ACCURACY: dict[str, type[Metric]] = {"accuracy": CategoricalAccuracy, "acc": CategoricalAccuracy}


def get(value: Any, loss: Loss, output_shape: Shape) -> Metric:
    """The metric that a name, a class, an instance or a configuration stands for.

    "accuracy" (or "acc") is the accuracy that fits the loss and the output: of labels, of one-hot
    rows, or of a single number.
    """
    if not (isinstance(value, str) and value in _ACCURACY):
        return resolve(value, Metric, {**_ACCURACY, **_TABLE}, what="metric")
    if loss.spec.is_sparse:
        return SparseCategoricalAccuracy(name=value)
    if output_shape[-1:] == (1,):
        return BinaryAccuracy(name=value)
    return CategoricalAccuracy(name=value)
