"""Loss executors: each computes a loss from an output and its targets, and the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.kernels.activations.softmax import softmax_bwd, softmax_fwd
from fastconv.kernels.losses.loss_rows import pointwise_loss, probabilities_loss
from fastconv.kernels.losses.softmax_cross_entropy import softmax_cross_entropy
from fastconv.plan.executor import rows_2d
from fastconv.plan.losses.spec import SUMS, LossSpec
from fastconv.plan.losses.targets import Targets


class LossExecutor:
    """A loss of one output, for a fixed number of rows.

    Attributes
    ----------
    targets : Targets
        The plan checks and stores a batch's targets before it runs anything.
    """

    def __init__(self, spec: LossSpec, rows: int, shape: tuple[int, ...]) -> None:
        self.spec = spec
        self.targets = Targets(spec, rows, shape)

    def run(self, x: np.ndarray, y: np.ndarray, dx: np.ndarray | None) -> float:
        """The loss of x; dx, if given, is overwritten with the gradient of x.

        y is the graph's output: x itself, or the softmax of x, which this call then computes.
        """
        gradient = None if dx is None else rows_2d(dx)
        return float(self.rows(rows_2d(x), None if y is x else rows_2d(y), gradient))

    def rows(self, x: np.ndarray, y: np.ndarray | None, dx: np.ndarray | None) -> float:
        """`run` on 2-D arrays of rows; y is None where it is x."""
        raise NotImplementedError


class CrossEntropyExecutor(LossExecutor):
    """-sum(t * log softmax(x)) of logits x; writes the probabilities into y if y is not x itself.

    dx = softmax(x) - t, times the row's weight.
    """

    def rows(self, x: np.ndarray, y: np.ndarray | None, dx: np.ndarray | None) -> float:
        targets = self.targets
        return softmax_cross_entropy(
            x, targets.values, targets.weights, y, dx, self.spec.label_smoothing
        )


class ProbabilitiesExecutor(LossExecutor):
    """-sum(t * log q) or the focal loss, q = x / sum(x) clipped away from 0 and 1.

    With `from_logits`, the softmax of x is computed first.
    """

    def __init__(self, spec: LossSpec, rows: int, shape: tuple[int, ...]) -> None:
        super().__init__(spec, rows, shape)
        smoothing = spec.label_smoothing
        gamma, alpha = spec.numbers or (0.0, 1.0)
        self._numbers = (1 - smoothing, smoothing / shape[-1], gamma, alpha)

    def rows(self, x: np.ndarray, y: np.ndarray | None, dx: np.ndarray | None) -> float:
        p = x
        if self.spec.from_logits:
            p = np.empty_like(x)
            softmax_fwd(x, p)
        t, weights = self.targets.one_hot(), self.targets.weights
        loss = probabilities_loss(p, t, weights, dx, *self._numbers)
        if self.spec.from_logits and dx is not None:
            softmax_bwd(dx, p, dx)
        return loss


class PointwiseExecutor(LossExecutor):
    """A loss that is a sum or a mean over the elements of each row."""

    def __init__(self, spec: LossSpec, rows: int, shape: tuple[int, ...]) -> None:
        super().__init__(spec, rows, shape)
        self._scale = 1.0 if spec.kind in SUMS else 1 / shape[-1]
        self._kind = f"{spec.kind}_of_logits" if spec.from_logits else spec.kind
        if spec.kind == "half_squared_error":
            self._kind, self._scale = "mean_squared_error", 0.5
        smoothing = spec.label_smoothing
        self._smoothing = (1 - smoothing, smoothing / 2)

    def rows(self, x: np.ndarray, y: np.ndarray | None, dx: np.ndarray | None) -> float:
        t, weights = self.targets.values, self.targets.weights
        numbers = self.spec.numbers
        return pointwise_loss(self._kind, x, t, weights, dx, self._scale, *self._smoothing, numbers)


class CustomExecutor(LossExecutor):
    """A user-defined function, in NumPy."""

    def run(self, x: np.ndarray, y: np.ndarray, dx: np.ndarray | None) -> float:
        assert self.spec.function is not None
        targets = self.targets.values.reshape(x.shape)
        values, gradient = _checked_result(self.spec.function(targets, x), x)
        weights = self.targets.weights.reshape(x.shape[:-1])
        if x.ndim > 2:  # one weight for each sample, shared by its rows
            weights = weights.reshape(len(x), -1)[:, 0] * weights[0].size
        if dx is not None:
            np.multiply(gradient, weights.reshape(-1, *[1] * (x.ndim - 1)), out=dx)
        return float(np.sum(values * weights, dtype=np.float64))


def _checked_result(result: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each sample's loss and the gradient; raises an error if they do not fit."""
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(
            "loss: a function must return (losses of the samples, gradient in the outputs); "
            f"received {type(result).__name__}"
        )
    values, gradient = np.asarray(result[0], np.float32), np.asarray(result[1], np.float32)
    if values.shape != (len(x),) or gradient.shape != x.shape:
        raise ValueError(
            f"loss: a function must return losses of shape {(len(x),)} and a gradient of shape "
            f"{x.shape}; received {values.shape} and {gradient.shape}"
        )
    return values, gradient


def make_loss_executor(
    spec: LossSpec, rows: int, shape: tuple[int, ...], sees_logits: bool
) -> LossExecutor:
    """The executor of a loss; `sees_logits` if it reads logits."""
    if spec.kind == "custom":
        return CustomExecutor(spec, rows, shape)
    if spec.is_crossentropy and sees_logits:
        return CrossEntropyExecutor(spec, rows, shape)
    if spec.is_crossentropy or spec.kind == "categorical_focal_crossentropy":
        return ProbabilitiesExecutor(spec, rows, shape)
    return PointwiseExecutor(spec, rows, shape)
