"""Precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_int
from fastconv.metrics.counts import Counts, quotient


class Precision(Counts):
    """Share of the positive decisions that are right.

    Parameters
    ----------
    thresholds : float, optional
        An output above it is a positive decision. Default: 0.5; none with `top_k`.
    top_k : int, optional
        Only so many of each row, the largest ones, are positive decisions.
    class_id : int, optional
        Count this class alone.
    name : str

    Examples
    --------
    >>> Precision()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]).__round__(4)
    0.6667
    """

    def __init__(
        self,
        thresholds: float | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str = "precision",
        **unknown: Any,
    ) -> None:
        where = type(self).__name__
        self.top_k = None if top_k is None else as_int(top_k, "top_k", where=where)
        self.class_id = (
            None if class_id is None else as_int(class_id, "class_id", where=where, minimum=0)
        )
        usual = 0.5 if top_k is None else None
        super().__init__(usual if thresholds is None else thresholds, name, **unknown)

    def result(self) -> float:
        return self._share(self.false_alarms)

    def _share(self, others: np.ndarray | float) -> float:
        """Hits over hits and others."""
        hits, both = np.asarray(self.hits), np.asarray(self.hits) + others
        if self.class_id is not None and hits.ndim:
            if self.class_id >= hits.size:
                raise ValueError(
                    f"{type(self).__name__}: class_id must be below the number of classes, "
                    f"{hits.size}; received {self.class_id}"
                )
            hits, both = hits[self.class_id], both[self.class_id]
        return quotient(hits.sum(), both.sum())

    def get_config(self) -> dict[str, Any]:
        own = {"thresholds": self.threshold, "top_k": self.top_k, "class_id": self.class_id}
        return {**own, **super().get_config()}


class Recall(Precision):
    """Share of the positive targets that are found.

    Parameters
    ----------
    thresholds : float, optional
        An output above it is a positive decision. Default: 0.5; none with `top_k`.
    top_k : int, optional
        Only so many of each row, the largest ones, are positive decisions.
    class_id : int, optional
        Count this class alone.
    name : str

    Examples
    --------
    >>> Recall()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]).__round__(4)
    0.6667
    """

    def __init__(
        self,
        thresholds: float | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str = "recall",
        **unknown: Any,
    ) -> None:
        super().__init__(thresholds, top_k, class_id, name, **unknown)

    def result(self) -> float:
        return self._share(self.misses)
