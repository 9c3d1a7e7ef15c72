"""Cross-entropies: categorical, for one-hot rows or labels, and binary; with focal forms."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_flag, as_float
from fastconv.losses.base import Loss
from fastconv.plan.losses.spec import LossSpec
from fastconv.reference.losses import POINTWISE, smoothed
from fastconv.utils.arrays import OpenShape, as_numbers, fits


class _Crossentropy(Loss):
    """A loss of probabilities, or of the logits before them."""

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.from_logits = as_flag(from_logits, "from_logits", where=type(self).__name__)
        self.label_smoothing = _smoothing(label_smoothing, where=type(self).__name__)

    def numbers(self) -> tuple[float, ...]:
        """`LossSpec.numbers`: the parameters of the focal forms."""
        return ()

    @property
    def spec(self) -> LossSpec:
        return LossSpec(
            self.kind,
            from_logits=self.from_logits,
            label_smoothing=self.label_smoothing,
            reduction=self.reduction,
            numbers=self.numbers(),
        )

    def get_config(self) -> dict[str, Any]:
        own = {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing}
        return {**own, **super().get_config()}


class _Categorical(_Crossentropy):
    """−Σ target · log(probability) along the last axis."""

    def log_probabilities(self, y_pred: np.ndarray) -> np.ndarray:
        """Their logarithms; given probabilities are normalized and clipped, as in Keras."""
        if self.from_logits:
            shifted = y_pred - y_pred.max(axis=-1, keepdims=True)
            return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        probabilities = y_pred / y_pred.sum(axis=-1, keepdims=True)
        return np.log(np.clip(probabilities, 1e-7, 1 - 1e-7))


class CategoricalCrossentropy(_Categorical):
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
    """Cross-entropy times alpha · (1 − probability)^gamma: well-predicted targets count less.

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
        self.alpha = as_float(alpha, "alpha", where=type(self).__name__, minimum=0)
        self.gamma = as_float(gamma, "gamma", where=type(self).__name__, minimum=0)

    def numbers(self) -> tuple[float, ...]:
        return (self.gamma, self.alpha)

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        t = smoothed(y_true, self.label_smoothing, y_pred.shape[-1])
        logs = self.log_probabilities(y_pred)
        probabilities = np.clip(np.exp(logs), 1e-7, 1 - 1e-7)
        factor = self.alpha * (1 - probabilities) ** self.gamma
        return -(factor * t * np.log(probabilities)).sum(axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {"alpha": self.alpha, "gamma": self.gamma, **super().get_config()}


class SparseCategoricalCrossentropy(_Categorical):
    """Cross-entropy with integer labels.

    Parameters
    ----------
    from_logits, label_smoothing
        As in `CategoricalCrossentropy`.
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


class BinaryCrossentropy(_Crossentropy):
    """Mean of −(t · log p + (1 − t) · log(1 − p)) along the last axis.

    Parameters
    ----------
    from_logits : bool
        Whether the output is before the sigmoid.
    label_smoothing : float
        Targets become (1 − s) · t + s / 2.
    reduction, name
        As for every `Loss`.

    Examples
    --------
    >>> round(BinaryCrossentropy()([[1, 0]], [[0.75, 0.5]]), 6)
    0.490415
    """

    kind = "binary_crossentropy"
    ending = "sigmoid"

    def targets(self, y: Any, output_shape: OpenShape, *, where: str) -> np.ndarray:
        array = super().targets(y, output_shape, where=where)
        if array.size and not (array.min() >= 0 and array.max() <= 1):
            raise ValueError(
                f"{where}: {self.kind} needs targets from 0 to 1; "
                f"received {array.min()} to {array.max()}"
            )
        return array

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        t = smoothed(y_true, self.label_smoothing, 2)
        name = f"{self.kind}_of_logits" if self.from_logits else self.kind
        return POINTWISE[name](y_pred, t, *self.numbers())[0].mean(axis=-1)


class BinaryFocalCrossentropy(BinaryCrossentropy):
    """The binary cross-entropy times (1 − p_t)^gamma: well-predicted targets count less.

    p_t is the predicted probability of the target (Lin et al. 2018).

    Parameters
    ----------
    apply_class_balancing : bool
        Whether targets of 1 count `alpha` and those of 0 count 1 − `alpha`.
    alpha, gamma : float
    from_logits, label_smoothing
        As in `BinaryCrossentropy`.
    reduction, name
        As for every `Loss`.

    Examples
    --------
    >>> round(BinaryFocalCrossentropy(gamma=2)([[1, 0]], [[0.75, 0.5]]), 6)
    0.095633
    """

    kind = "binary_focal_crossentropy"

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(from_logits, label_smoothing, **kwargs)
        where = type(self).__name__
        self.apply_class_balancing = as_flag(
            apply_class_balancing, "apply_class_balancing", where=where
        )
        self.alpha = as_float(alpha, "alpha", where=where, minimum=0)
        self.gamma = as_float(gamma, "gamma", where=where, minimum=0)

    def numbers(self) -> tuple[float, ...]:
        counts = (self.alpha, 1 - self.alpha) if self.apply_class_balancing else (1.0, 1.0)
        return (self.gamma, *counts)

    def get_config(self) -> dict[str, Any]:
        own = {
            "apply_class_balancing": self.apply_class_balancing,
            "alpha": self.alpha,
            "gamma": self.gamma,
        }
        return {**own, **super().get_config()}


def _smoothing(value: Any, *, where: str) -> float:
    """A label smoothing: from 0 to 1."""
    number = as_float(value, "label_smoothing", where=where, minimum=0)
    if number > 1:
        raise ValueError(f"{where}: label_smoothing must be at most 1; received {value!r}")
    return number


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
