"""The area under the ROC curve, or under that of precision over recall."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_int, check_choice
from fastconv.metrics.base import Metric
from fastconv.metrics.counts import boolean_rows
from fastconv.utils.arrays import spread

_MOST_THRESHOLDS = 2**20


class AUC(Metric):
    """Area under the ROC curve, or under that of precision over recall, as Keras computes them.

    The curve goes through the points of `num_thresholds` equally spaced thresholds from 0 to 1.

    Parameters
    ----------
    num_thresholds : int
    curve : "ROC" or "PR"
    name : str

    Examples
    --------
    >>> AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9])
    0.75

    References
    ----------
    Davis, Goadrich, "The relationship between precision-recall and ROC curves" (2006), for the
    interpolation between the points of "PR".
    """

    forms = ("rows", "labels")

    def __init__(
        self, num_thresholds: int = 200, curve: str = "ROC", name: str = "auc", **unknown: Any
    ) -> None:
        super().__init__(name, **unknown)
        self.num_thresholds = as_int(num_thresholds, "num_thresholds", where="AUC", minimum=2)
        if self.num_thresholds > _MOST_THRESHOLDS:
            raise ValueError(
                f"AUC: num_thresholds must be at most {_MOST_THRESHOLDS}; received "
                f"{num_thresholds!r}"
            )
        self.curve = check_choice(curve, ("ROC", "PR"), where="AUC", what="curve")
        inside = np.arange(1, self.num_thresholds - 1) / (self.num_thresholds - 1)
        # The outermost thresholds lie below and above all outputs from 0 to 1.
        self._thresholds = np.concatenate([[-1e-7], inside, [1 + 1e-7]])
        self.reset_state()

    def reset_state(self) -> None:
        # Weights of the positive and the negative, by the number of thresholds below the output.
        self.positive = np.zeros(self.num_thresholds + 1)
        self.negative = np.zeros(self.num_thresholds + 1)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        targets, given = self.given(y_true, y_pred)
        outputs = given.astype(np.float64)
        outputs = outputs.reshape(*outputs.shape, 1) if outputs.ndim == 1 else outputs
        true = boolean_rows(targets, outputs)
        weights = np.ones(outputs.shape)
        if sample_weight is not None:
            weights = spread(sample_weight, outputs.shape, where=self.name)
        above = np.searchsorted(self._thresholds, outputs.reshape(-1), side="left")
        size, chosen = self.num_thresholds + 1, true.reshape(-1)
        flat = weights.reshape(-1)
        self.positive = self.positive + np.bincount(above, flat * chosen, minlength=size)
        self.negative = self.negative + np.bincount(above, flat * ~chosen, minlength=size)

    def result(self) -> float:
        """The area; 0 where one of the classes has not been seen."""
        hits = self.positive[:0:-1].cumsum()[::-1]  # above each threshold
        false = self.negative[:0:-1].cumsum()[::-1]
        total, others = self.positive.sum(), self.negative.sum()
        if not total:
            return 0.0
        if self.curve == "ROC":
            rates, recalls = false / (others or 1.0), hits / total
            return float(((rates[:-1] - rates[1:]) * (recalls[:-1] + recalls[1:]) / 2).sum())
        decided = hits + false
        gained, more = hits[:-1] - hits[1:], decided[:-1] - decided[1:]
        slope = np.divide(gained, more, out=np.zeros_like(more), where=more > 0)
        start = hits[1:] - slope * decided[1:]
        both = (decided[:-1] > 0) & (decided[1:] > 0)
        ratio = np.divide(decided[:-1], decided[1:], out=np.ones_like(more), where=both)
        return float((slope * (gained + start * np.log(ratio)) / total).sum())

    def get_config(self) -> dict[str, Any]:
        own = {"num_thresholds": self.num_thresholds, "curve": self.curve}
        return {**own, **super().get_config()}
