"""The base of all losses: specification for the plan, checks of the targets, definition."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_name, check_choice
from fastconv.plan.losses.spec import REDUCTIONS, LossSpec
from fastconv.utils.arrays import OpenShape, as_numbers, fits, spread
from fastconv.utils.configured import Configured


class Loss(Configured):
    """A loss: ``loss(y_true, y_pred)`` is its mean over the samples.

    Parameters
    ----------
    reduction : str
        How the samples' losses become one number: "sum_over_batch_size" (or "mean"), "sum", or
        "mean_with_sample_weight".
    name : str, optional
        For reports.
    """

    kind: str
    ending = "softmax"
    """The activation that makes a model's output probabilities, for errors."""

    def __init__(
        self, reduction: str = "sum_over_batch_size", name: str | None = None, **unknown: Any
    ) -> None:
        super().__init__(**unknown)
        where = type(self).__name__
        self.name = as_name(name, self.kind, where=where)
        self.reduction = check_choice(reduction, REDUCTIONS, where=where, what="reduction")

    @property
    def spec(self) -> LossSpec:
        """The loss as a plan takes it."""
        return LossSpec(self.kind, reduction=self.reduction)

    def targets(self, y: Any, output_shape: OpenShape, *, where: str) -> np.ndarray:
        """Check the targets of an output (shape without the batch axis); return them as the plan
        takes them: integer labels, or an array of the output's shape.

        Raises
        ------
        TypeError, ValueError
            If they do not fit the output, or labels are out of range.
        """
        array = as_numbers(y, "y", where=where)
        if array.ndim == len(output_shape) and tuple(output_shape[-1:]) == (1,):
            array = array[..., np.newaxis]
        if not fits(array.shape[1:], output_shape):
            raise ValueError(
                f"{where}: {self.kind} needs targets of the output's shape "
                f"{(None, *output_shape)}{self._advice(array, output_shape)}; "
                f"received y {array.shape}"
            )
        return array

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        output = np.asarray(as_numbers(y_pred, "y_pred", where=self.name), np.float64)
        targets = self.targets(y_true, output.shape[1:], where=self.name)
        check_rows(targets, output, where=self.name)
        values = self.rows(targets, output)
        weights = np.ones_like(values)
        if sample_weight is not None:
            weights = spread(sample_weight, values.shape, where=self.name)
        total = float((values * weights).sum())
        if self.reduction == "sum":
            return total
        if self.reduction == "mean_with_sample_weight":
            return total / float(weights.sum() or 1.0)
        return total / max(1, values.size)

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The loss of each row along the last axis, in float64."""
        raise NotImplementedError(f"{type(self).__name__} must define rows(y_true, y_pred)")

    def _advice(self, y: np.ndarray, output_shape: OpenShape) -> str:
        return ""

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {"name": self.name}
        if self.reduction != "sum_over_batch_size":
            config["reduction"] = self.reduction
        return config


def check_rows(y_true: np.ndarray, y_pred: np.ndarray, *, where: str) -> None:
    """Raise ValueError if targets and outputs differ in the number of samples."""
    if y_true.shape[:1] != y_pred.shape[:1]:
        raise ValueError(
            f"{where}: y_true and y_pred must have as many samples as each other; "
            f"received y_true {y_true.shape}, y_pred {y_pred.shape}"
        )
