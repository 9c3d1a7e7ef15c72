"""Right and wrong decisions by themselves: how many there were of a kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.metrics.counts import Counts


class _Count(Counts):
    """How many decisions are of one kind."""

    counted: str
    usual_name: str

    def __init__(
        self, thresholds: float | None = None, name: str | None = None, **unknown: Any
    ) -> None:
        above = 0.5 if thresholds is None else thresholds
        super().__init__(above, name or self.usual_name, **unknown)

    def result(self) -> float:
        return float(np.sum(getattr(self, self.counted)))

    def get_config(self) -> dict[str, Any]:
        return {"thresholds": self.threshold, **super().get_config()}


class TruePositives(_Count):
    """Number of positive targets whose output is above `thresholds` (0.5)."""

    counted = "hits"
    usual_name = "true_positives"


class TrueNegatives(_Count):
    """Number of negative targets whose output is not above `thresholds` (0.5)."""

    counted = "rejections"
    usual_name = "true_negatives"


class FalsePositives(_Count):
    """Number of negative targets whose output is above `thresholds` (0.5)."""

    counted = "false_alarms"
    usual_name = "false_positives"


class FalseNegatives(_Count):
    """Number of positive targets whose output is not above `thresholds` (0.5)."""

    counted = "misses"
    usual_name = "false_negatives"
