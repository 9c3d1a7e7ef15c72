"""Metrics, with Keras's names: what is reported besides the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastconv import losses
from fastconv.losses import NAMES as LOSSES
from fastconv.losses import Loss
from fastconv.losses.function_forms import class_of
from fastconv.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from fastconv.metrics.auc import AUC
from fastconv.metrics.base import MeanMetric, Metric
from fastconv.metrics.confusion import ConfusionMatrix, confusion_matrix
from fastconv.metrics.counts import (
    F1Score,
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from fastconv.metrics.function_forms import MeanMetricWrapper, function_of
from fastconv.metrics.loss_metrics import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    LossMetric,
    MeanAbsoluteError,
    MeanSquaredError,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
)
from fastconv.utils.arrays import as_open_shape
from fastconv.utils.configured import resolve

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "ConfusionMatrix",
    "F1Score",
    "FalseNegatives",
    "FalsePositives",
    "LossMetric",
    "MeanAbsoluteError",
    "MeanMetric",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "Metric",
    "Precision",
    "Recall",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "confusion_matrix",
    "get",
]

_TABLE: dict[str, type[Metric]] = {
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "binary_accuracy": BinaryAccuracy,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
    "precision": Precision,
    "recall": Recall,
    "f1_score": F1Score,
    "auc": AUC,
    "mean_squared_error": MeanSquaredError,
    "root_mean_squared_error": RootMeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
}
# Classes without a name for `compile`: only configurations name them, as in files.
_UNNAMED: dict[str, type[Metric]] = {
    cls.__name__: cls
    for cls in (
        BinaryCrossentropy,
        CategoricalCrossentropy,
        FalseNegatives,
        FalsePositives,
        LossMetric,
        MeanMetricWrapper,
        SparseCategoricalCrossentropy,
        TrueNegatives,
        TruePositives,
    )
}

# Names of the accuracy that fits; `get` picks it by the loss and the output's shape.
_ACCURACY: dict[str, type[Metric]] = {"accuracy": Accuracy, "acc": Accuracy}


_SHORT = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "rmse": "root_mean_squared_error",
}


def get(value: Any, loss: Loss | None = None, output_shape: Sequence[int | None] = ()) -> Metric:
    """The metric that a name, a class, an instance, a configuration or a function stands for.

    "accuracy" (or "acc") is the accuracy that fits the loss and the output: of labels, of one-hot
    rows, or of a single number. A loss's name gives its mean.
    """
    shape = as_open_shape(output_shape, "output_shape", where="metrics.get")
    fitting = None if loss is None else losses.get(loss)
    if callable(value) and not isinstance(value, (type, Metric)):
        return _of_function(value)
    if isinstance(value, str) and value in _SHORT:
        return _TABLE[_SHORT[value]](name=value)
    if isinstance(value, str) and value not in _TABLE and value in LOSSES:
        return LossMetric(value, name=value)
    if not (isinstance(value, str) and value in _ACCURACY):
        table = {**_ACCURACY, **_TABLE, **(_UNNAMED if isinstance(value, Mapping) else {})}
        return resolve(value, Metric, table, what="metric")
    if fitting is not None and fitting.spec.is_sparse:
        return SparseCategoricalAccuracy(name=value)
    if shape[-1:] == (1,):
        return BinaryAccuracy(name=value)
    return CategoricalAccuracy(name=value)


def _of_function(function: Any) -> Metric:
    """The metric of a function: one of ours, named after the function, or a wrapper of it."""
    if class_of(function) is not None:
        return LossMetric(function, name=function.__name__)
    known = getattr(function, "metric_class", None)
    return MeanMetricWrapper(function) if known is None else known(name=function.__name__)


_MEANS = {
    name: cls
    for name, cls in _TABLE.items()
    if issubclass(cls, MeanMetric) and not issubclass(cls, LossMetric)
}


def __getattr__(name: str) -> Any:
    if name in _MEANS:  # Keras has them as functions, too
        return function_of(name, _MEANS[name])
    if name in LOSSES:
        return getattr(losses, name)
    raise AttributeError(f"module 'fastconv.metrics' has no attribute {name!r}")
