"""The harmonic mean of precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import check_choice
from fastconv.metrics.counts import Counts, quotient


class F1Score(Counts):
    """Harmonic mean of precision and recall, by class.

    Parameters
    ----------
    average : "macro", "micro", "weighted" or None
        The mean over the classes, over all decisions, by the classes' sizes; None gives an array.
    threshold : float, optional
        Default: the largest output of each row is the decision.
    name : str

    Examples
    --------
    >>> F1Score("macro")([0, 1, 1], [[0.8, 0.2], [0.3, 0.7], [0.6, 0.4]]).__round__(4)
    0.6667
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        **unknown: Any,
    ) -> None:
        super().__init__(threshold, name, **unknown)
        if average is not None:
            check_choice(average, ("macro", "micro", "weighted"), where="F1Score", what="average")
        self.average = average

    def result(self) -> Any:
        hits, errors = np.asarray(self.hits), np.asarray(self.false_alarms + self.misses)
        if self.average == "micro":
            return quotient(2 * hits.sum(), 2 * hits.sum() + errors.sum())
        below = 2 * hits + errors
        scores = np.divide(2 * hits, below, out=np.zeros_like(below), where=below > 0)
        if self.average is None:
            return scores
        sizes = hits + np.asarray(self.misses) if self.average == "weighted" else np.ones_like(hits)
        return quotient((scores * sizes).sum(), sizes.sum())

    def get_config(self) -> dict[str, Any]:
        return {"average": self.average, "threshold": self.threshold, **super().get_config()}
