"""The base of callbacks that monitor a value in the logs."""

from __future__ import annotations

import math
from typing import Any

from fastconv._arguments import as_float, check_choice
from fastconv.callbacks.base import Callback, Logs

_RISING = ("acc", "accuracy", "auc", "precision", "recall", "f1_score")


class Monitor(Callback):
    """Compares a value in the logs with the best one so far.

    The values of earlier epochs are read from the model's history, also by a resumed run.

    Parameters
    ----------
    monitor : str
    mode : "auto", "min" or "max"
        Whether smaller or larger is better; "auto" is "max" for accuracies, precision, recall, F1
        and AUC, and "min" for the rest.
    min_delta : float
        The smallest change that counts as an improvement.
    """

    def __init__(
        self, monitor: str, mode: str = "auto", min_delta: float = 0.0, **unknown: Any
    ) -> None:
        super().__init__(**unknown)
        where = type(self).__name__
        check_choice(mode, ("auto", "min", "max"), where=where, what="mode")
        if not isinstance(monitor, str):
            raise TypeError(
                f"{where}: monitor must be the name of a number in the logs; received {monitor!r}"
            )
        self.monitor = monitor
        self.rising = mode == "max" or (mode == "auto" and monitor.endswith(_RISING))
        self.min_delta = abs(as_float(min_delta, "min_delta", where=where))

    def past(self) -> list[float]:
        """The values of the epochs before this run."""
        return self.model.history.history.get(self.monitor, [])

    def watched(self, logs: Logs | None) -> float | None:
        """The monitored value; None in an epoch without validation, if others have one."""
        logs = logs or {}
        if self.monitor in logs:
            return logs[self.monitor]
        if self.monitor.startswith("val_") and getattr(self.model, "validating", False):
            return None
        raise ValueError(
            f"{type(self).__name__}: monitor must be one of {', '.join(logs)}; "
            f"received {self.monitor!r}"
        )

    def beats(self, value: float, best: float | None) -> bool:
        """Whether a value is better than the best; one that is not finite never is."""
        if not math.isfinite(value):
            return False
        if best is None:
            return True
        return (value - best if self.rising else best - value) > self.min_delta
