"""What `compile` is told: how a model is trained and judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastconv import losses, metrics, optimizers
from fastconv.losses import Loss
from fastconv.metrics import Metric
from fastconv.optimizers import Optimizer
from fastconv.utils.arrays import Shape
from fastconv.utils.configured import serialize


class Compiled:
    """An optimizer, a loss and metrics, made from names, instances or configurations."""

    def __init__(self, optimizer: Any, loss: Any, wanted: Any) -> None:
        self.optimizer: Optimizer = optimizers.get(optimizer)
        self.loss: Loss | None = None if loss is None else losses.get(loss)
        if wanted is None:
            wanted = []
        elif isinstance(wanted, (str, Metric, Mapping)):
            wanted = [wanted]
        elif not isinstance(wanted, Sequence):
            raise TypeError(f"compile: metrics must be a list; received {wanted!r}")
        self.wanted = list(wanted)
        if self.wanted and self.loss is None:
            raise ValueError(f"compile: metrics need a loss; received metrics {wanted!r}")
        self._metrics: list[Metric] | None = None
        if self.loss is not None:
            self._resolve((2,))  # misspelt names are refused now, not at the first batch

    def metrics(self, output_shape: Shape) -> list[Metric]:
        """The metrics; "accuracy" becomes the one that fits the output."""
        if self._metrics is None:
            self._metrics = self._resolve(output_shape)
        return self._metrics

    def _resolve(self, output_shape: Shape) -> list[Metric]:
        assert self.loss is not None
        return [metrics.get(metric, self.loss, output_shape) for metric in self.wanted]

    def get_config(self) -> dict[str, Any]:
        """JSON values from which `from_config` makes an equal one."""
        return {
            "optimizer": serialize(self.optimizer),
            "loss": None if self.loss is None else serialize(self.loss),
            "metrics": [serialize(m) if isinstance(m, Metric) else m for m in self.wanted],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Compiled:
        """Make one from what `get_config` returned."""
        return cls(config["optimizer"], config["loss"], config["metrics"])
