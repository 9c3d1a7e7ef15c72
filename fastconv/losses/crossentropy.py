"""The cross-entropies: of one-hot rows, and of labels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fastconv.losses.base import Loss
from fastconv.losses.numbers import at_least, smoothing_of
from fastconv.plan.losses.spec import LossSpec
from fastconv.reference.losses import smoothed
from fastconv.utils.arrays import OpenShape, as_numbers, fits


class _Crossentropy(Loss):
    """−Σ target · log(probability) along the last axis."""

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.from_logits = bool(from_logits)
        self.label_smoothing = smoothing_of(label_smoothing, where=type(self).__name__)

    @property
    def spec(self) -> LossSpec:
        return LossSpec(
            self.kind,
            from_logits=self.from_logits,
            label_smoothing=self.label_smoothing,
            reduction=self.reduction,
        )

    def log_probabilities(self, y_pred: np.ndarray) -> np.ndarray:
        """Logarithms of the probabilities; those given are normalised, kept off 0, as in Keras."""
        if self.from_logits:
            shifted = y_pred - y_pred.max(axis=-1, keepdims=True)
            return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        probabilities = y_pred / y_pred.sum(axis=-1, keepdims=True)
        return np.log(np.clip(probabilities, 1e-7, 1 - 1e-7))

    def get_config(self) -> dict[str, Any]:
        own = {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing}
        return {**own, **super().get_config()}


class CategoricalCrossentropy(_Crossentropy):
    """Cross-entropy with one-hot (or soft) targets.

    Parameters
    ----------
    from_logits : bool
        Whether the output is before the softmax.
    label_smoothing : float
        Targets become (1 − s) · t + s / classes.
    reduction, name
        As for every `Loss`.

    Examples
    --------
    >>> round(CategoricalCrossentropy()([[0, 1, 0]], [[0.25, 0.5, 0.25]]), 6)
    0.693147
    """

    kind = "categorical_crossentropy"

    def targets(self, y: Any, output_shape: OpenShape, *, where: str) -> np.ndarray:
        _check_classes(self.kind, output_shape, where)
        array = super().targets(y, output_shape, where=where)
        if array.size and not array.min() >= 0:
            raise ValueError(
                f"{where}: {self.kind} needs targets of at least 0; received {array.min()}"
            )
        return array

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        t = smoothed(y_true, self.label_smoothing, y_pred.shape[-1])
        return -(t * self.log_probabilities(y_pred)).sum(axis=-1)

    def _advice(self, y: np.ndarray, output_shape: OpenShape) -> str:
        rows = tuple(output_shape[:-1])
        labels = fits(y.shape[1:], rows) or fits(y.shape[1:], (*rows, 1))
        return ", one-hot (for labels use 'sparse_categorical_crossentropy')" if labels else ""


class CategoricalFocalCrossentropy(CategoricalCrossentropy):
    """Cross-entropy times alpha · (1 − probability)^gamma: what is right already counts less.

    Lin et al., "Focal loss for dense object detection" (2018).

    Parameters
    ----------
    alpha, gamma : float
    from_logits, label_smoothing
        As in `CategoricalCrossentropy`.
    reduction, name
        As for every `Loss`.

    Examples
    --------
    >>> round(CategoricalFocalCrossentropy()([[0, 1, 0]], [[0.25, 0.5, 0.25]]), 6)
    0.043322
    """

    kind = "categorical_focal_crossentropy"

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(from_logits, label_smoothing, **kwargs)
        self.alpha = at_least(0, alpha, "alpha", where=type(self).__name__)
        self.gamma = at_least(0, gamma, "gamma", where=type(self).__name__)

    @property
    def spec(self) -> LossSpec:
        return replace(super().spec, numbers=(self.gamma, self.alpha))

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        t = smoothed(y_true, self.label_smoothing, y_pred.shape[-1])
        logs = self.log_probabilities(y_pred)
        probabilities = np.clip(np.exp(logs), 1e-7, 1 - 1e-7)
        factor = self.alpha * (1 - probabilities) ** self.gamma
        return -(factor * t * np.log(probabilities)).sum(axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {"alpha": self.alpha, "gamma": self.gamma, **super().get_config()}


class SparseCategoricalCrossentropy(_Crossentropy):
    """Cross-entropy with integer labels.

    Parameters
    ----------
    from_logits : bool
        Whether the output is before the softmax.
    label_smoothing : float
        Targets become (1 − s) · t + s / classes.
    reduction, name
        As for every `Loss`.

    Examples
    --------
    >>> round(SparseCategoricalCrossentropy(from_logits=True)([1], [[0.0, 0.0]]), 6)
    0.693147
    """

    kind = "sparse_categorical_crossentropy"

    def targets(self, y: Any, output_shape: OpenShape, *, where: str) -> np.ndarray:
        _check_classes(self.kind, output_shape, where)
        array = as_numbers(y, "y", where=where)
        if fits(array.shape[1:], (*output_shape[:-1], 1)):
            array = array[..., 0]
        if array.ndim == 0 or not fits(array.shape[1:], output_shape[:-1]):
            hint = " (for one-hot rows use 'categorical_crossentropy')"
            hint = hint if fits(array.shape[1:], output_shape) else ""
            raise ValueError(
                f"{where}: {self.kind} needs one label for each sample, shape "
                f"{(None, *output_shape[:-1])}{hint}; "
                f"received y {array.shape}"
            )
        labels = array.astype(np.int64, copy=False) if array.dtype.kind != "f" else _whole(array)
        classes = output_shape[-1] or 0
        if labels is None or (labels.size and not 0 <= labels.min() <= labels.max() < classes):
            raise ValueError(
                f"{where}: labels must be whole numbers from 0 to {classes - 1}, the output has "
                f"{classes} classes; received labels from {array.min()} to {array.max()}"
            )
        return labels

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        logs = self.log_probabilities(y_pred)
        chosen = np.take_along_axis(logs, y_true[..., np.newaxis], axis=-1)[..., 0]
        share = self.label_smoothing
        return -((1 - share) * chosen + share * logs.mean(axis=-1))


def _whole(array: np.ndarray) -> np.ndarray | None:
    """Floats as integers, or None if some are not whole."""
    if not np.isfinite(array).all() or (np.abs(array) > 2**53).any():
        return None
    labels = array.astype(np.int64)
    return labels if np.array_equal(labels, array) else None


def _check_classes(kind: str, output_shape: OpenShape, where: str) -> None:
    if not output_shape or (output_shape[-1] or 0) < 2:
        raise ValueError(
            f"{where}: {kind} needs an output of at least two classes; "
            f"received output {(None, *output_shape)}"
        )
