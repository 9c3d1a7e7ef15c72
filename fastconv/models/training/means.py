"""The logs of a loop: means over the batches so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastconv.models.data.samples import Samples
from fastconv.models.training.stepping import Outcome

if TYPE_CHECKING:
    from fastconv.models.model import Model


class Means:
    """The mean losses and the metrics over the batches so far."""

    def __init__(self, model: Model) -> None:
        compiled = model.require_compiled("metrics")
        specs = model.output_specs
        losses = compiled.losses(specs)
        # Copies, since a callback may evaluate in the middle of an epoch.
        self._metrics = compiled.fresh_metrics(specs)
        self._parts = [
            f"{spec.name}_loss"
            for spec, loss in zip(specs, losses, strict=True)
            if loss is not None
        ]
        self._totals = np.zeros(1 + len(self._parts))
        self._samples = 0

    def add(self, outcome: Outcome, batch: Samples) -> None:
        """Add the outcome of a batch; `batch` has its targets and weights."""
        rows = len(batch)
        self._totals += rows * np.array([outcome.loss, *outcome.losses])
        self._samples += rows
        for entry in self._metrics:
            weights = batch.weights[entry.loss] if entry.weighted else None
            entry.metric.update_state(batch.y[entry.loss], outcome.outputs[entry.output], weights)

    def result(self) -> dict[str, float]:
        """The means, by name; the losses of several outputs after their sum."""
        loss, *parts = (self._totals / max(1, self._samples)).tolist()
        logs = {"loss": loss}
        if len(parts) > 1:
            logs |= dict(zip(self._parts, parts, strict=True))
        for entry in self._metrics:
            value = entry.metric.result()
            if np.ndim(value) == 0:
                logs[entry.name] = float(value)
            else:  # one value for each class
                logs |= {f"{entry.name}_{i}": float(part) for i, part in enumerate(value)}
        return logs
