"""The loops without training: evaluation and prediction."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv._arguments import as_int
from fastconv.callbacks import Callback, CallbackList
from fastconv.models.data import Batches, check_x, check_xy
from fastconv.models.hooks import make_hooks

if TYPE_CHECKING:
    from fastconv.models.model import Model


class Means:
    """The mean loss and the metrics over the batches so far."""

    def __init__(self, model: Model) -> None:
        # Copies: a callback may evaluate in the middle of an epoch.
        self.metrics = copy.deepcopy(model.metrics)
        for metric in self.metrics:
            metric.reset_state()
        self.loss = 0.0
        self.samples = 0

    def add(self, loss: float, y_true: np.ndarray, y_pred: np.ndarray) -> None:
        """Take in a batch: its mean loss, targets and outputs."""
        self.loss += loss * len(y_true)
        self.samples += len(y_true)
        for metric in self.metrics:
            metric.update_state(y_true, y_pred)

    def result(self) -> dict[str, float]:
        """The means, by name."""
        logs = {"loss": self.loss / max(1, self.samples)}
        return logs | {metric.name: metric.result() for metric in self.metrics}


def run_evaluation(model: Model, batches: Batches, hooks: CallbackList) -> dict[str, float]:
    """The loss and the metrics over `batches`."""
    plan = model.plans.inference(batches.batch_size, batches.dtype)
    means = Means(model)
    hooks.call("on_test_begin", {})
    for step, (x, y) in enumerate(batches.walk()):
        hooks.call("on_test_batch_begin", step, {})
        loss, output = plan.loss_and_output(x, y)
        means.add(loss, y, output)
        hooks.call("on_test_batch_end", step, means.result())
    logs = means.result()
    hooks.call("on_test_end", logs)
    return logs


def evaluate(
    model: Model,
    x: Any,
    y: Any,
    *,
    batch_size: int | None,
    verbose: int | str,
    callbacks: Iterable[Callback] | None,
) -> dict[str, float]:
    """Judge; `Model.evaluate` says what the arguments mean."""
    size = as_int(32 if batch_size is None else batch_size, "batch_size", where="evaluate")
    batches = Batches(*check_xy(model, x, y, where="evaluate"), size)
    with make_hooks(model, callbacks, batches, verbose) as hooks:
        return run_evaluation(model, batches, hooks)


def predict(
    model: Model,
    x: Any,
    *,
    batch_size: int | None,
    verbose: int | str,
    callbacks: Iterable[Callback] | None,
) -> np.ndarray:
    """Predict; `Model.predict` says what the arguments mean."""
    size = as_int(32 if batch_size is None else batch_size, "batch_size", where="predict")
    samples = check_x(model, x, where="predict")
    outputs = np.empty((len(samples), *model.output_sample_shape), np.float32)
    batches = Batches(samples, None, size)
    plan = model.plans.inference(batches.batch_size, batches.dtype)
    with make_hooks(model, callbacks, batches, verbose) as hooks:
        hooks.call("on_predict_begin", {})
        done = 0
        for step, (batch, _) in enumerate(batches.walk()):
            hooks.call("on_predict_batch_begin", step, {})
            outputs[done : done + len(batch)] = plan.forward(batch)
            done += len(batch)
            hooks.call("on_predict_batch_end", step, {})
        hooks.call("on_predict_end", {})
    return outputs
