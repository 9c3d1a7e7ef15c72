"""Cross-entropies of yes and no."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.losses.base import Loss
from fastconv.losses.numbers import at_least, smoothing_of
from fastconv.plan.losses.spec import LossSpec
from fastconv.reference.losses import POINTWISE, smoothed
from fastconv.utils.arrays import OpenShape


class BinaryCrossentropy(Loss):
    """Mean of −(t · log p + (1 − t) · log(1 − p)) along the last axis.

    Parameters
    ----------
    from_logits : bool
        Whether the output is before the sigmoid.
    label_smoothing : float
        Targets become (1 − s) · t + s / 2.
    reduction, name
        As for every `Loss`.

    Examples
    --------
    >>> round(BinaryCrossentropy()([[1, 0]], [[0.75, 0.5]]), 6)
    0.490415
    """

    kind = "binary_crossentropy"
    ending = "sigmoid"

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.from_logits = bool(from_logits)
        self.label_smoothing = smoothing_of(label_smoothing, where=type(self).__name__)

    def numbers(self) -> tuple[float, ...]:
        """What the engine is told besides."""
        return ()

    @property
    def spec(self) -> LossSpec:
        return LossSpec(
            self.kind,
            from_logits=self.from_logits,
            label_smoothing=self.label_smoothing,
            reduction=self.reduction,
            numbers=self.numbers(),
        )

    def targets(self, y: Any, output_shape: OpenShape, *, where: str) -> np.ndarray:
        array = super().targets(y, output_shape, where=where)
        if array.size and not (array.min() >= 0 and array.max() <= 1):
            raise ValueError(
                f"{where}: {self.kind} needs targets from 0 to 1; "
                f"received {array.min()} to {array.max()}"
            )
        return array

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        t = smoothed(y_true, self.label_smoothing, 2)
        name = f"{self.kind}_of_logits" if self.from_logits else self.kind
        return POINTWISE[name](y_pred, t, *self.numbers())[0].mean(axis=-1)

    def get_config(self) -> dict[str, Any]:
        own = {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing}
        return {**own, **super().get_config()}


class BinaryFocalCrossentropy(BinaryCrossentropy):
    """The binary cross-entropy times (1 − p_t)^gamma: what is right already counts less.

    p_t is the probability of what is true (Lin et al. 2018).

    Parameters
    ----------
    apply_class_balancing : bool
        Whether targets of 1 count `alpha` and those of 0 count 1 − `alpha`.
    alpha, gamma : float
    from_logits, label_smoothing
        As in `BinaryCrossentropy`.
    reduction, name
        As for every `Loss`.

    Examples
    --------
    >>> round(BinaryFocalCrossentropy(gamma=2)([[1, 0]], [[0.75, 0.5]]), 6)
    0.095633
    """

    kind = "binary_focal_crossentropy"

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(from_logits, label_smoothing, **kwargs)
        where = type(self).__name__
        self.apply_class_balancing = bool(apply_class_balancing)
        self.alpha = at_least(0, alpha, "alpha", where=where)
        self.gamma = at_least(0, gamma, "gamma", where=where)

    def numbers(self) -> tuple[float, ...]:
        counts = (self.alpha, 1 - self.alpha) if self.apply_class_balancing else (1.0, 1.0)
        return (self.gamma, *counts)

    def get_config(self) -> dict[str, Any]:
        own = {
            "apply_class_balancing": self.apply_class_balancing,
            "alpha": self.alpha,
            "gamma": self.gamma,
        }
        return {**own, **super().get_config()}
