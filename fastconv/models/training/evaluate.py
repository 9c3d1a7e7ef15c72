"""The loops without training: evaluation and prediction."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv.callbacks import Callback, CallbackList
from fastconv.models.data.first_samples import built_once_accepted
from fastconv.models.data.sources import Source, labelled, steps_of, unlabelled
from fastconv.models.training.hooks import checked_hooks, make_hooks
from fastconv.models.training.means import Means
from fastconv.models.training.stepping import evaluation_step, prediction_step
from fastconv.utils.structures import rebuild

if TYPE_CHECKING:
    from fastconv.models.model import Model


def run_evaluation(model: Model, source: Source, hooks: CallbackList) -> dict[str, float]:
    """The loss and the metrics over an epoch of `source`."""
    means = Means(model)
    hooks.call("on_test_begin", {})
    with closing(source.epoch()) as batches:
        for step, batch in enumerate(batches):
            hooks.call("on_test_batch_begin", step, {})
            means.add(evaluation_step(model, batch, source.batch_size), batch)
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
    sample_weight: Any,
    steps: int | None,
    callbacks: Iterable[Callback] | None,
) -> dict[str, float]:
    """Evaluate; the arguments are those of `Model.evaluate`."""
    where = "evaluate"
    given = checked_hooks(callbacks, verbose)
    limit = steps_of(steps, "steps", where=where)
    with built_once_accepted(model, where=where):
        source = labelled(model, x, y, sample_weight, batch_size, limit, where=where)
    with make_hooks(model, given, source, verbose) as hooks, closing(source):
        source.begin(1)
        return run_evaluation(model, source, hooks)


def predict(
    model: Model,
    x: Any,
    *,
    batch_size: int | None,
    verbose: int | str,
    steps: int | None,
    callbacks: Iterable[Callback] | None,
) -> Any:
    """Predict; the arguments are those of `Model.predict`."""
    where = "predict"
    given = checked_hooks(callbacks, verbose)
    limit = steps_of(steps, "steps", where=where)
    with built_once_accepted(model, with_loss=False, where=where):
        source = unlabelled(model, x, batch_size, limit, where=where)
    with make_hooks(model, given, source, verbose) as hooks, closing(source):
        source.begin(1)
        return run_prediction(model, source, hooks)


def run_prediction(model: Model, source: Source, hooks: CallbackList | None = None) -> Any:
    """The outputs for an epoch of `source`."""
    hooks = CallbackList((), model, {}) if hooks is None else hooks
    parts: list[list[np.ndarray]] = [[] for _ in model.output_specs]
    hooks.call("on_predict_begin", {})
    with closing(source.epoch()) as batches:
        for step, batch in enumerate(batches):
            hooks.call("on_predict_batch_begin", step, {})
            outputs = prediction_step(model, batch, source.batch_size)
            for part, y in zip(parts, outputs, strict=True):
                part.append(y)
            hooks.call("on_predict_batch_end", step, {})
    hooks.call("on_predict_end", {})
    if parts[0]:
        return rebuild(model.output, [np.concatenate(part) for part in parts])
    return rebuild(model.output, [_empty(spec.shape) for spec in model.output_specs])


def _empty(shape: tuple[int | None, ...]) -> np.ndarray:
    """The outputs for no samples."""
    return np.empty((0, *(size or 0 for size in shape)), np.float32)
