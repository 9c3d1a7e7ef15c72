"""The base of all metrics: updated batch by batch, with a result at any time."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_name
from fastconv.utils.arrays import as_array, as_numbers, spread
from fastconv.utils.configured import Configured


class Metric(Configured):
    """A number that is computed from batches of targets and outputs.

    A subclass defines `update_state`, `result` and `reset_state`.

    Parameters
    ----------
    name : str
        The key in logs and histories.
    """

    is_number = True
    """Whether logs can hold the result: a number, or an array of one axis."""

    forms: tuple[str, ...] = ()
    """The forms of targets that fit: "rows", of the outputs' shape, or "labels", one for each row
    of outputs. Empty: targets are not checked."""

    def __init__(self, name: str, **unknown: Any) -> None:
        super().__init__(**unknown)
        self.name = as_name(name, where=type(self).__name__)

    def reset_state(self) -> None:
        """Return to the state before the first batch."""
        raise NotImplementedError(f"{type(self).__name__} must define reset_state()")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and outputs, with a weight for each sample if given."""
        raise NotImplementedError(f"{type(self).__name__} must define update_state(...)")

    def result(self) -> Any:
        """The value over all batches since `reset_state`."""
        raise NotImplementedError(f"{type(self).__name__} must define result()")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()

    def given(self, y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
        """Targets and outputs as arrays, checked against each other if `forms` are given."""
        if not self.forms:
            true = as_array(y_true, "y_true", where=self.name)
            return true, as_array(y_pred, "y_pred", where=self.name)
        true = as_numbers(y_true, "y_true", where=self.name)
        outputs = as_numbers(y_pred, "y_pred", where=self.name)
        fits = {
            "rows": _bare(true.shape) == _bare(outputs.shape),
            "labels": true.shape in (outputs.shape[:-1], (*outputs.shape[:-1], 1)),
        }
        if outputs.ndim == 1 and "rows" in self.forms:
            fits["labels"] = False  # each of the numbers is a row of its own then
        if outputs.ndim and true.ndim and any(fits[form] for form in self.forms):
            rows = fits["rows"] and "rows" in self.forms
            return true.reshape(outputs.shape) if rows else true, outputs
        rules = {"rows": "the shape of y_pred", "labels": "a label for each row of y_pred"}
        raise ValueError(
            f"{self.name}: y_true must have {', or '.join(rules[form] for form in self.forms)}; "
            f"received y_true {true.shape}, y_pred {outputs.shape}"
        )

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


class MeanMetric(Metric):
    """A mean over samples; a subclass defines `values`, one number for each.

    Examples
    --------
    >>> from fastconv.metrics import SparseCategoricalAccuracy
    >>> metric = SparseCategoricalAccuracy()
    >>> metric.update_state([1, 0], [[0.2, 0.8], [0.3, 0.7]])
    >>> metric.result()
    0.5
    """

    def __init__(self, name: str, **unknown: Any) -> None:
        super().__init__(name, **unknown)
        self.total = 0.0
        self.count = 0.0

    def reset_state(self) -> None:
        self.total, self.count = 0.0, 0.0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        values = self.values(*self.given(y_true, y_pred))
        if sample_weight is None:
            self.total += float(values.sum(dtype=np.float64))
            self.count += values.size
            return
        weights = spread(sample_weight, values.shape, where=self.name)
        self.total += float((weights * values).sum())
        self.count += float(weights.sum())

    def result(self) -> float:
        """The mean over all batches since `reset_state`; 0 before the first."""
        return self.total / self.count if self.count else 0.0

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The values to average: a number or a boolean for each sample."""
        raise NotImplementedError(f"{type(self).__name__} must define values(y_true, y_pred)")


def refuse_empty_rows(outputs: np.ndarray, *, where: str) -> None:
    """ValueError for rows without a number, of which none is the largest."""
    if not outputs.shape[-1]:
        raise ValueError(
            f"{where}: every row of y_pred must have a number; received y_pred {outputs.shape}"
        )


def _bare(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without a last axis of size 1: (rows, 1) becomes (rows,)."""
    return shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape
