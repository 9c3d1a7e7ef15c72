"""The losses: each turns an output and its targets into a number, and into the first gradient."""

from __future__ import annotations

import numpy as np

from fastconv.kernels.loss_mse import mean_squared_error
from fastconv.kernels.softmax_cross_entropy import softmax_cross_entropy
from fastconv.plan.loss import LossSpec
from fastconv.plan.steps.base import rows_2d
from fastconv.plan.targets import Targets

_TINY = np.float32(1e-7)  # probabilities are kept this far from 0 and 1, as Keras does


class LossStep:
    """A loss of one output, for a fixed number of rows.

    Attributes
    ----------
    targets : Targets
        Checked and stored by the plan before it runs anything.
    """

    def __init__(self, spec: LossSpec, rows: int, shape: tuple[int, ...]) -> None:
        self.targets = Targets(spec, rows, shape)

    def run(self, x: np.ndarray, y: np.ndarray, dx: np.ndarray | None) -> float:
        """The mean loss of x, of which y is the output; the gradient of x overwrites dx."""
        raise NotImplementedError


class CrossEntropyOfLogits(LossStep):
    """-sum(t * log softmax(x)), from x before the softmax; writes the probabilities into y if y is
    not x itself. dx = softmax(x) - t, times the row's weight."""

    def run(self, x: np.ndarray, y: np.ndarray, dx: np.ndarray | None) -> float:
        return float(
            softmax_cross_entropy(
                rows_2d(x),
                self.targets.values,
                self.targets.weights,
                None if y is x else rows_2d(y),
                None if dx is None else rows_2d(dx),
            )
        )


class CrossEntropyOfProbabilities(LossStep):
    """-sum(t * log q), where q is x divided by its sum and kept away from 0 and 1, as in Keras.

    Only reached where the plan cannot see the softmax behind x; a few numbers per row, so NumPy.
    """

    def run(self, x: np.ndarray, y: np.ndarray, dx: np.ndarray | None) -> float:
        p = rows_2d(x)
        total = p.sum(axis=1, keepdims=True)
        q = p / total
        kept = np.clip(q, _TINY, 1 - _TINY)
        t = self.targets.one_hot()
        weights = self.targets.weights[:, np.newaxis]
        if dx is not None:
            pull = np.where(kept == q, t / kept, np.float32(0))  # clipped: the loss is flat there
            pull -= (pull * q).sum(axis=1, keepdims=True)
            np.multiply(pull, -weights / total, out=rows_2d(dx))
        return float(-np.sum(weights * t * np.log(kept), dtype=np.float64))


class MeanSquaredError(LossStep):
    """The mean of (x - t)^2 along the last axis."""

    def run(self, x: np.ndarray, y: np.ndarray, dx: np.ndarray | None) -> float:
        return float(
            mean_squared_error(
                rows_2d(x),
                self.targets.values,
                self.targets.weights,
                None if dx is None else rows_2d(dx),
            )
        )


def make_loss(spec: LossSpec, rows: int, shape: tuple[int, ...], sees_logits: bool) -> LossStep:
    """The executor of a loss; `sees_logits` if what it reads comes before a softmax."""
    if not spec.is_crossentropy:
        return MeanSquaredError(spec, rows, shape)
    if sees_logits:
        return CrossEntropyOfLogits(spec, rows, shape)
    return CrossEntropyOfProbabilities(spec, rows, shape)
