"""Targets and sample weights, checked and converted to the layout that the loss kernels read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastconv.plan.losses.spec import LossSpec


class Targets:
    """The targets of one batch.

    An output (mb, ..., classes) is treated as n = mb * ... rows of classes.

    Attributes
    ----------
    values : (n,) int64 array for class labels, else (n, classes) float32 array
    weights : (n,) float32 array
        Each row's factor: the sample's weight divided by the number of rows, so that the weighted
        sum is the mean; or what another reduction requires.
    """

    def __init__(self, spec: LossSpec, rows: int, shape: tuple[int, ...]) -> None:
        self.spec = spec
        self._samples = rows
        self._shape = (rows, *shape)
        self._classes = shape[-1]
        self._per_sample = math.prod(shape[:-1])
        n = rows * self._per_sample
        self.values: np.ndarray
        self._own = (
            np.empty(n, np.int64) if spec.is_sparse else np.empty((n, self._classes), np.float32)
        )
        # A loss of weight 0 is still computed, for reporting; its gradient is set to 0.
        rows_count = 1 if spec.reduction == "sum" else max(n, 1)
        self._even = np.full(n, (spec.weight or 1.0) / rows_count, np.float32)
        self.weights = self._even

    def take(self, targets: Any, sample_weight: Any = None) -> None:
        """Check the targets of a batch and store them; nothing is stored if they are invalid."""
        weights = self._even
        if sample_weight is not None:
            weights = self._checked_weights(sample_weight)
        array = np.asarray(targets)
        if array.dtype.kind not in "fiub":
            raise TypeError(
                f"{self.spec.kind}: targets must be real numbers; received dtype {array.dtype}"
            )
        self.values = self._class_numbers(array) if self.spec.is_sparse else self._dense(array)
        self.weights = weights

    def one_hot(self) -> np.ndarray:
        """The targets as (n, classes) float32."""
        if not self.spec.is_sparse:
            return self.values
        return (self.values[:, np.newaxis] == np.arange(self._classes)).astype(np.float32)

    def _dense(self, array: np.ndarray) -> np.ndarray:
        if array.shape != self._shape:
            hint = ""
            if self.spec.is_crossentropy and array.ndim < len(self._shape):
                hint = "; class numbers go with sparse_categorical_crossentropy"
            raise ValueError(
                f"{self.spec.kind}: targets must have the output's shape {self._shape}; "
                f"received {array.shape}{hint}"
            )
        flags = array.flags
        if array.dtype == np.float32 and flags.c_contiguous and flags.aligned:
            return array.reshape(self._own.shape)
        np.copyto(self._own, array.reshape(self._own.shape), casting="unsafe")
        return self._own

    def _class_numbers(self, array: np.ndarray) -> np.ndarray:
        if array.shape not in (self._shape[:-1], (*self._shape[:-1], 1)):
            raise ValueError(
                f"{self.spec.kind}: targets must be class numbers of shape {self._shape[:-1]}; "
                f"received {array.shape}"
            )
        labels = array.reshape(-1)
        if labels.size and not (labels.min() >= 0 and labels.max() < self._classes):
            raise ValueError(
                f"{self.spec.kind}: class numbers must be between 0 and {self._classes - 1}; "
                f"received {labels.min()} to {labels.max()}"
            )
        if array.dtype.kind == "f" and not (labels == np.floor(labels)).all():
            raise ValueError(f"{self.spec.kind}: class numbers must be whole; received {labels}")
        np.copyto(self._own, labels, casting="unsafe")
        return self._own

    def _checked_weights(self, sample_weight: Any) -> np.ndarray:
        weights = np.asarray(sample_weight)
        if weights.dtype.kind not in "fiub":
            raise TypeError(f"sample_weight: must be real numbers; received dtype {weights.dtype}")
        if weights.shape == self._shape[:-1]:
            return self._scaled(weights.reshape(-1))
        if weights.shape != (self._samples,):
            raise ValueError(
                f"sample_weight: must have one number for each of the {self._samples} samples; "
                f"received shape {weights.shape}"
            )
        return self._scaled(np.repeat(weights, self._per_sample))

    def _scaled(self, weights: np.ndarray) -> np.ndarray:
        """Every row's weight, scaled for the reduction."""
        if self.spec.reduction == "mean_with_sample_weight":
            total = float(weights.sum(dtype=np.float64))
            return (weights * ((self.spec.weight or 1.0) / (total or 1.0))).astype(np.float32)
        return weights.astype(np.float32) * self._even[:1]
