"""Losses as metrics: reported, but not minimized."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastconv import losses
from fastconv._arguments import as_name
from fastconv.losses.base import check_rows
from fastconv.metrics.base import MeanMetric
from fastconv.utils.arrays import as_numbers
from fastconv.utils.configured import serialize


class LossMetric(MeanMetric):
    """The mean of a loss.

    Parameters
    ----------
    loss : str or Loss
    name : str, optional

    Examples
    --------
    >>> LossMetric("mae")([[0.0, 1.0]], [[0.5, 1.0]])
    0.25
    """

    def __init__(self, loss: Any, name: str | None = None, **unknown: Any) -> None:
        self.loss = losses.get(loss)
        super().__init__(as_name(name, self.loss.name, where=type(self).__name__), **unknown)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        outputs = as_numbers(y_pred, "y_pred", where=self.name).astype(np.float64)
        targets = self.loss.targets(y_true, outputs.shape[1:], where=self.name)
        check_rows(targets, outputs, where=self.name)
        return self.loss.rows(targets, outputs)

    def get_config(self) -> dict[str, Any]:
        return {"loss": serialize(self.loss), **super().get_config()}


class MeanSquaredError(LossMetric):
    """Mean of (y_true - y_pred)²."""

    def __init__(self, name: str = "mean_squared_error", **unknown: Any) -> None:
        super().__init__("mean_squared_error", name, **unknown)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


class RootMeanSquaredError(MeanSquaredError):
    """Square root of the mean of (y_true - y_pred)²."""

    def __init__(self, name: str = "root_mean_squared_error", **unknown: Any) -> None:
        super().__init__(name, **unknown)

    def result(self) -> float:
        return math.sqrt(super().result())


class MeanAbsoluteError(LossMetric):
    """Mean of abs(y_true - y_pred)."""

    def __init__(self, name: str = "mean_absolute_error", **unknown: Any) -> None:
        super().__init__("mean_absolute_error", name, **unknown)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


class _Crossentropy(LossMetric):
    """A cross-entropy with its settings."""

    made_from: type[losses.Loss]

    def __init__(
        self,
        name: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        **unknown: Any,
    ) -> None:
        loss = self.made_from(from_logits=from_logits, label_smoothing=label_smoothing)
        super().__init__(loss, name, **unknown)

    def get_config(self) -> dict[str, Any]:
        config = self.loss.get_config()
        return {key: config[key] for key in ("from_logits", "label_smoothing")} | {
            "name": self.name
        }


class BinaryCrossentropy(_Crossentropy):
    """Mean of the binary cross-entropy.

    Parameters
    ----------
    name : str, optional
    from_logits : bool
    label_smoothing : float
        As in `fastconv.losses.BinaryCrossentropy`.
    """

    made_from = losses.BinaryCrossentropy


class CategoricalCrossentropy(_Crossentropy):
    """Mean of the cross-entropy with one-hot targets.

    Parameters
    ----------
    name : str, optional
    from_logits : bool
    label_smoothing : float
        As in `fastconv.losses.CategoricalCrossentropy`.
    """

    made_from = losses.CategoricalCrossentropy


class SparseCategoricalCrossentropy(_Crossentropy):
    """Mean of the cross-entropy with labels.

    Parameters
    ----------
    name : str, optional
    from_logits : bool
    label_smoothing : float
        As in `fastconv.losses.SparseCategoricalCrossentropy`.
    """

    made_from = losses.SparseCategoricalCrossentropy
