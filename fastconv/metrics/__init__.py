"""Metrics, with Keras's names: what is reported beside the loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastconv.losses import Loss
from fastconv.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from fastconv.metrics.base import MeanMetric, Metric
from fastconv.utils.configured import resolve

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "MeanMetric",
    "Metric",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "get",
]

_TABLE: dict[str, type[Metric]] = {
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "binary_accuracy": BinaryAccuracy,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
}

# Names that stand for one of the above; which, is known when the loss and the output are.
_ACCURACY: dict[str, type[Metric]] = {"accuracy": Accuracy, "acc": Accuracy}


def get(value: Any, loss: Loss | None, output_shape: Sequence[int | None]) -> Metric:
    """The metric that a name, a class, an instance or a configuration stands for.

    "accuracy" (or "acc") is the accuracy that fits the loss and the output: of labels, of one-hot
    rows, or of a single number.
    """
    if not (isinstance(value, str) and value in _ACCURACY):
        return resolve(value, Metric, {**_ACCURACY, **_TABLE}, what="metric")
    if loss is not None and loss.spec.is_sparse:
        return SparseCategoricalAccuracy(name=value)
    if tuple(output_shape[-1:]) == (1,):
        return BinaryAccuracy(name=value)
    return CategoricalAccuracy(name=value)
