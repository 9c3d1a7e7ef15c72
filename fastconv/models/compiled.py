"""The arguments of `compile`, resolved to an optimizer, losses and metrics."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastconv import losses, metrics, optimizers
from fastconv._arguments import as_float
from fastconv.losses import Loss
from fastconv.metrics import Metric
from fastconv.models.tensor_spec import TensorSpec
from fastconv.optimizers import Optimizer
from fastconv.plan.losses.spec import LossSpec
from fastconv.utils.configured import serialize


@dataclass(slots=True)
class OutputMetric:
    """A metric of the output at index `output`, with the targets of the loss at index `loss`."""

    name: str
    metric: Metric
    output: int
    loss: int
    weighted: bool


class Compiled:
    """An optimizer, losses and metrics, made from names, instances or configurations.

    `loss` and `loss_weights` are single ones for all outputs, or a list or dict by output; metrics
    are a list for a model with one output, else a list of lists or a dict by output.
    """

    def __init__(
        self,
        optimizer: Any,
        loss: Any = None,
        wanted: Any = None,
        loss_weights: Any = None,
        weighted: Any = None,
    ) -> None:
        self.optimizer: Optimizer = optimizers.get(optimizer)
        self.loss = _each(loss, losses.get)
        self.loss_weights = _each(loss_weights, _weight)
        self.wanted = {
            False: _each(_checked(wanted, "metrics"), _made),
            True: _each(_checked(weighted, "weighted_metrics"), _made),
        }
        self.has_loss = any(part is not None for part in _leaves(self.loss))
        if not self.has_loss and (wanted or weighted):
            raise ValueError(f"compile: metrics need a loss; received metrics {wanted or weighted}")
        for part in _leaves(self.wanted[False]) + _leaves(self.wanted[True]):
            # Refuse misspelled names now, not at the first batch.
            if not metrics.get(part, None, (2,)).is_number:
                raise TypeError(
                    f"compile: a metric must be a number; received {part!r} (use it by itself)"
                )
        self._losses: list[Loss | None] = []
        self._metrics: list[OutputMetric] | None = None

    def losses(self, outputs: Sequence[TensorSpec]) -> list[Loss | None]:
        """The loss of each output, None where there is none."""
        if not self._losses:
            self._losses = _by_output(self.loss, outputs, "loss")
        return self._losses

    def loss_specs(self, outputs: Sequence[TensorSpec]) -> list[LossSpec | None]:
        """The loss of each output, with its weight, as specified to a plan."""
        weights = _by_output(self.loss_weights, outputs, "loss_weights")
        return [
            None if loss is None else replace(loss.spec, weight=1.0 if weight is None else weight)
            for loss, weight in zip(self.losses(outputs), weights, strict=True)
        ]

    def output_metrics(self, outputs: Sequence[TensorSpec]) -> list[OutputMetric]:
        """The metrics; "accuracy" is resolved to the one that fits the output and its loss."""
        if self._metrics is None:
            self._metrics = [
                entry
                for weighted, wanted in self.wanted.items()
                for entry in self._resolve(wanted, outputs, weighted)
            ]
        return self._metrics

    def fresh_metrics(self, outputs: Sequence[TensorSpec]) -> list[OutputMetric]:
        """Copies of the metrics, with their states reset."""
        fresh = copy.deepcopy(self.output_metrics(outputs))
        for entry in fresh:
            entry.metric.reset_state()
        return fresh

    def forget(self) -> None:
        """Drop the resolved losses and metrics, since the outputs have changed."""
        self._losses, self._metrics = [], None

    def _resolve(
        self, wanted: Any, outputs: Sequence[TensorSpec], weighted: bool
    ) -> list[OutputMetric]:
        if len(outputs) == 1 and not isinstance(wanted, Mapping):
            per_output = [_leaves(wanted)]
        else:
            per_output = [_leaves(part) for part in _by_output(wanted, outputs, "metrics")]
        found = []
        of_output = self.losses(outputs)
        for index, (parts, output) in enumerate(zip(per_output, outputs, strict=True)):
            loss = of_output[index]
            if parts and loss is None:
                raise ValueError(
                    f"compile: a metric needs a loss of the same output; received metrics for "
                    f"{output.name!r}, which has none"
                )
            loss_index = sum(other is not None for other in of_output[:index])
            for part in parts:
                metric = metrics.get(part, loss, output.shape)
                name = metric.name if len(outputs) == 1 else f"{output.name}_{metric.name}"
                found.append(OutputMetric(name, metric, index, loss_index, weighted))
        return found

    def get_config(self) -> dict[str, Any]:
        """JSON values from which `from_config` makes an equal object."""
        return {
            "optimizer": serialize(self.optimizer),
            "loss": _each(self.loss, serialize),
            "metrics": _each(self.wanted[False], _plain),
            "loss_weights": self.loss_weights,
            "weighted_metrics": _each(self.wanted[True], _plain),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Compiled:
        """Make an object from what `get_config` returned."""
        return cls(
            config["optimizer"],
            config["loss"],
            config["metrics"],
            config.get("loss_weights"),
            config.get("weighted_metrics"),
        )


def _is_config(value: Any) -> bool:
    """Whether a dict is a serialized configuration, and not a dict by output."""
    return isinstance(value, Mapping) and set(value) <= {"class", "config"} and "class" in value


def _each(value: Any, make: Any) -> Any:
    """`make` applied to a value, or to every leaf of nested lists and dicts; None stays None."""
    if value is None:
        return None
    if isinstance(value, Mapping) and not _is_config(value):
        return {key: _each(part, make) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each(part, make) for part in value]
    return make(value)


def _leaves(value: Any) -> list[Any]:
    """The leaves of nested lists and dicts."""
    if value is None:
        return []
    if isinstance(value, Mapping) and not _is_config(value):
        return [leaf for part in value.values() for leaf in _leaves(part)]
    if isinstance(value, (list, tuple)):
        return [leaf for part in value for leaf in _leaves(part)]
    return [value]


def _by_output(value: Any, outputs: Sequence[TensorSpec], what: str) -> list[Any]:
    """One entry for each output; a single value is used for all outputs."""
    names = [output.name for output in outputs]
    if isinstance(value, Mapping) and not _is_config(value):
        unknown = [str(key) for key in value if key not in names]
        if unknown:
            raise ValueError(
                f"compile: {what} as a dict must have outputs as keys, {', '.join(names)}; "
                f"received {', '.join(unknown)}"
            )
        return [value.get(name) for name in names]
    if isinstance(value, (list, tuple)):
        if len(value) != len(outputs):
            raise ValueError(
                f"compile: {what} as a list must have an entry for each of the {len(outputs)} "
                f"outputs; received {len(value)}"
            )
        return list(value)
    return [value] * len(outputs)


def _checked(wanted: Any, what: str) -> Any:
    if wanted is None or isinstance(wanted, (str, Metric, Mapping)):
        return wanted
    if not isinstance(wanted, Sequence):
        raise TypeError(f"compile: {what} must be a list; received {wanted!r}")
    return list(wanted)


def _plain(metric: Any) -> Any:
    return serialize(metric) if isinstance(metric, Metric) else metric


def _made(metric: Any) -> Any:
    """A metric from its class, function or configuration, while custom objects are in scope; names
    are resolved later, for the loss and the output."""
    if isinstance(metric, Metric) or not (callable(metric) or isinstance(metric, Mapping)):
        return metric
    return metrics.get(metric, None, (2,))


def _weight(value: Any) -> float:
    return as_float(value, "loss_weights", where="compile")
