"""Metrics from functions, and metrics that are means as functions under Keras's names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from fastconv._arguments import as_name
from fastconv.metrics.base import MeanMetric
from fastconv.utils.custom_objects import own_objects


class MeanMetricWrapper(MeanMetric):
    """The mean of a function of your own; `compile` also takes the function itself.

    Parameters
    ----------
    fn : callable
        ``fn(y_true, y_pred)`` returns a number for each sample, or one for the batch.
    name : str, optional
        Default: the function's.

    Examples
    --------
    >>> def largest(y_true, y_pred):
    ...     return y_pred.max(axis=-1)
    >>> MeanMetricWrapper(largest)([[0, 1], [1, 0]], [[0.5, 0.5], [0.75, 0.25]])
    0.625
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, **unknown: Any) -> None:
        if not callable(fn):
            raise TypeError(
                f"MeanMetricWrapper: fn must be a function (y_true, y_pred); received {fn!r} (a "
                "metric that was a function is not part of a file: give it to load_model in "
                "custom_objects, under its name)"
            )
        self.fn = fn
        self.function_name = getattr(fn, "__name__", "metric")
        super().__init__(as_name(name, self.function_name, where="MeanMetricWrapper"), **unknown)

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return np.asarray(self.fn(y_true, y_pred), np.float64)

    def get_config(self) -> dict[str, Any]:
        return {"fn": self.function_name, **super().get_config()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make one from what `get_config` returned; the function is looked up by its name."""
        given = config["fn"]
        return cls(**{**config, "fn": own_objects().get(given, given)})


def function_of(name: str, cls: type[MeanMetric]) -> Callable[..., np.ndarray]:
    """The values that a metric averages, as a function; `compile` takes it for the class."""

    def function(y_true: Any, y_pred: Any, **settings: Any) -> np.ndarray:
        metric = cls(**settings)
        return np.asarray(metric.values(*metric.given(y_true, y_pred)), np.float64)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"The values that `{cls.__name__}`, whose settings it takes, averages."
    function.metric_class = cls  # type: ignore[attr-defined]
    return function
