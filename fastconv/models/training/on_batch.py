"""Training, evaluation and prediction on a single batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastconv.models.data.batches import Batches
from fastconv.models.data.first_samples import built_once_accepted
from fastconv.models.data.samples import Samples, check_samples, check_x, with_class_weight
from fastconv.models.training.means import Means
from fastconv.models.training.stepping import evaluation_step, prediction_step, training_step
from fastconv.utils.structures import rebuild

if TYPE_CHECKING:
    from fastconv.models.model import Model


def train_on_batch(
    model: Model,
    x: Any,
    y: Any,
    sample_weight: Any,
    class_weight: Mapping[int, float] | None,
) -> dict[str, float]:
    """Take one training step on a batch; return its loss and metrics."""
    where = "train_on_batch"
    with built_once_accepted(model, where=where):
        data = check_samples(model, x, y, sample_weight, where=where)
        data = with_class_weight(model, data, class_weight, where=where)
    batches = Batches(data, len(data))
    means = Means(model)
    for batch in batches.epoch():
        outcome = training_step(model, batch, batches.batch_size, exactly=False)
        if not math.isfinite(outcome.loss):
            raise FloatingPointError(
                f"{where}: the loss must stay finite; received {outcome.loss} in step "
                f"{model.optimizer.iterations + 1} (the weights are those before that step)"
            )
        means.add(outcome, batch)
    return means.result()


def test_on_batch(model: Model, x: Any, y: Any, sample_weight: Any) -> dict[str, float]:
    """The loss and the metrics of a batch."""
    where = "test_on_batch"
    with built_once_accepted(model, where=where):
        data = check_samples(model, x, y, sample_weight, where=where)
    batches, means = Batches(data, len(data)), Means(model)
    for batch in batches.epoch():
        means.add(evaluation_step(model, batch, batches.batch_size), batch)
    return means.result()


def predict_on_batch(model: Model, x: Any) -> Any:
    """The outputs for a batch."""
    where = "predict_on_batch"
    with built_once_accepted(model, with_loss=False, where=where):
        data = Samples(check_x(model, x, where=where), [], [])
    return rebuild(model.output, prediction_step(model, data, max(1, len(data))))
