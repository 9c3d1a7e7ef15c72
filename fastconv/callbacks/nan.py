"""Stopping at a loss that is not finite."""

from __future__ import annotations

import math

from fastconv.callbacks.base import Callback, Logs


class TerminateOnNaN(Callback):
    """Stop training, without an error, when the loss is NaN or infinite.

    Without this callback `fit` raises `FloatingPointError`, naming the epoch and the step. Either
    way the weights stay as they were before that step.
    """

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            print(f"Step {batch + 1}: the loss is not finite, the training ends here")
            self.model.stop_training = True
