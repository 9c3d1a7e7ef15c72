"""The specification of a loss: its kind and options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastconv._arguments import check_choice

CROSSENTROPIES = ("categorical_crossentropy", "sparse_categorical_crossentropy")
# Losses of probabilities, which can also be computed from logits.
WITH_LOGITS = (
    *CROSSENTROPIES,
    "categorical_focal_crossentropy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
)
# Sums over the last axis; the other pointwise losses are means over it.
SUMS = ("kl_divergence", "half_squared_error")
MEANS = (
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "log_cosh",
    "hinge",
    "squared_hinge",
    "poisson",
)
KINDS = (*WITH_LOGITS, *MEANS, *SUMS, "custom")
REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight")

Function = Callable[[Any, Any], tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class LossSpec:
    """A loss by name.

    It is computed along the last axis of the output; the values of the rows, each times its
    sample's weight, are then reduced.

    Parameters
    ----------
    kind : str
        One of `KINDS`. "sparse_categorical_crossentropy" takes class labels as targets, the others
        take arrays of the output's shape.
    from_logits : bool
        Whether the output is logits, to which the softmax or sigmoid has not been applied.
    weight : float
        The factor of the loss in the sum of all losses.
    label_smoothing : float
        The fraction of the targets, from 0 to 1, that is distributed over all classes.
    reduction : str
        "sum_over_batch_size" or "mean" divides the sum by the number of rows, "sum" does not,
        "mean_with_sample_weight" divides by the sum of the weights.
    numbers : tuple of float
        Huber's delta; for the focal losses gamma and alpha, for the binary one also the weight of
        targets of 0.
    function : callable
        For a "custom" loss: ``function(targets, outputs)`` returns each sample's loss (rows,) and
        its gradient with respect to the outputs.

    Raises
    ------
    TypeError, ValueError
        For invalid values; the error suggests the nearest valid name.
    """

    kind: str
    from_logits: bool = False
    weight: float = 1.0
    label_smoothing: float = 0.0
    reduction: str = "sum_over_batch_size"
    numbers: tuple[float, ...] = ()
    function: Function | None = None

    def __post_init__(self) -> None:
        check_choice(self.kind, KINDS, where="LossSpec", what="kind")
        check_choice(self.reduction, REDUCTIONS, where="LossSpec", what="reduction")
        if not isinstance(self.from_logits, bool):
            raise TypeError(
                f"LossSpec: from_logits must be True or False; received {self.from_logits!r}"
            )
        if self.from_logits and self.kind not in WITH_LOGITS:
            raise ValueError(
                f"LossSpec: from_logits belongs to a cross-entropy; received kind {self.kind!r}"
            )
        if not 0 <= self.label_smoothing <= 1:
            raise ValueError(
                "LossSpec: label_smoothing must be between 0 and 1; "
                f"received {self.label_smoothing!r}"
            )
        if self.label_smoothing and self.kind not in WITH_LOGITS:
            raise ValueError(
                f"LossSpec: label_smoothing belongs to a cross-entropy; received {self.kind!r}"
            )
        if (self.kind == "custom") != (self.function is not None):
            raise ValueError(
                "LossSpec: a function goes with kind 'custom', and only with it; received "
                f"{self.function!r} and {self.kind!r}"
            )

    @property
    def is_crossentropy(self) -> bool:
        """Whether a preceding softmax can be fused with it."""
        return self.kind in CROSSENTROPIES

    @property
    def wants_probabilities(self) -> bool:
        """Whether the output must be probabilities, not logits."""
        return self.kind in WITH_LOGITS and not self.from_logits

    @property
    def is_sparse(self) -> bool:
        return self.kind == "sparse_categorical_crossentropy"
