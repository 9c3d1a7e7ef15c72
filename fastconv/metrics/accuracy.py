"""Accuracies: the share of samples that are predicted correctly."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_float, as_int
from fastconv.metrics.base import MeanMetric, refuse_empty_rows


class Accuracy(MeanMetric):
    """Share of outputs that equal their targets: labels against labels.

    "accuracy" in `compile` is not this class, but the one below that fits loss and output.
    """

    forms = ("rows",)

    def __init__(self, name: str = "accuracy", **unknown: Any) -> None:
        super().__init__(name, **unknown)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return y_true.reshape(y_pred.shape) == y_pred


class CategoricalAccuracy(MeanMetric):
    """Share of samples whose largest output is at the largest entry of the one-hot target."""

    forms = ("rows",)

    def __init__(self, name: str = "categorical_accuracy", **unknown: Any) -> None:
        super().__init__(name, **unknown)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        refuse_empty_rows(y_pred, where=self.name)
        return y_true.argmax(axis=-1) == y_pred.argmax(axis=-1)


class SparseCategoricalAccuracy(MeanMetric):
    """Share of samples whose largest output is at the label."""

    forms = ("labels",)

    def __init__(self, name: str = "sparse_categorical_accuracy", **unknown: Any) -> None:
        super().__init__(name, **unknown)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        refuse_empty_rows(y_pred, where=self.name)
        best = y_pred.argmax(axis=-1)
        return y_true.reshape(best.shape) == best


class BinaryAccuracy(MeanMetric):
    """Share of outputs on the target's side of `threshold`."""

    forms = ("rows",)

    def __init__(
        self, name: str = "binary_accuracy", threshold: float = 0.5, **unknown: Any
    ) -> None:
        super().__init__(name, **unknown)
        self.threshold = as_float(threshold, "threshold", where="BinaryAccuracy")

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return (y_pred > self.threshold) == (y_true.reshape(y_pred.shape) > self.threshold)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "threshold": self.threshold}


class TopKCategoricalAccuracy(MeanMetric):
    """Share of samples whose one-hot target is among the `k` largest outputs."""

    forms = ("rows",)

    def __init__(
        self, k: int = 5, name: str = "top_k_categorical_accuracy", **unknown: Any
    ) -> None:
        super().__init__(name, **unknown)
        self.k = as_int(k, "k", where=type(self).__name__)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        refuse_empty_rows(y_pred, where=self.name)
        return among_largest(y_true.argmax(axis=-1), y_pred, self.k)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k}


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """Share of samples whose label is among the `k` largest outputs."""

    forms = ("labels",)

    def __init__(
        self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", **unknown: Any
    ) -> None:
        super().__init__(k, name, **unknown)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        classes = y_pred.shape[-1]
        if y_true.size and not (y_true.min() >= 0 and y_true.max() < classes):
            raise ValueError(
                f"{self.name}: y_true must be labels from 0 to {classes - 1}; received "
                f"{y_true.min()} to {y_true.max()}"
            )
        return among_largest(y_true.reshape(y_pred.shape[:-1]), y_pred, self.k)


def among_largest(labels: np.ndarray, outputs: np.ndarray, k: int) -> np.ndarray:
    """Whether fewer than `k` outputs are larger than the label's; never for NaN."""
    at = labels[..., np.newaxis].astype(np.intp)
    chosen = np.take_along_axis(outputs, at, axis=-1)
    fewer = (outputs > chosen).sum(axis=-1) < k
    return fewer & np.isfinite(chosen[..., 0])
