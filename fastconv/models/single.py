"""Single batches: one training step, or one evaluation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from fastconv.models.data import Batches, check_xy
from fastconv.models.evaluate import Means

if TYPE_CHECKING:
    from fastconv.models.model import Model


def train_on_batch(model: Model, x: Any, y: Any) -> dict[str, float]:
    """Take one training step on a batch; its loss and metrics."""
    samples, targets = check_xy(model, x, y, where="train_on_batch")
    batches = Batches(samples, targets, len(samples))
    plan = model.plans.training(batches.batch_size, batches.dtype, exactly=False)
    optimizer, means = model.optimizer, Means(model)
    for batch, wanted in batches.walk():
        loss, output = plan.train_step(batch, wanted, step=optimizer.iterations)
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"train_on_batch: the loss must stay finite; received {loss} in step "
                f"{optimizer.iterations + 1} (the weights are those before that step)"
            )
        optimizer.apply()
        means.add(loss, wanted, output)
    return means.result()


def test_on_batch(model: Model, x: Any, y: Any) -> dict[str, float]:
    """The loss and the metrics of a batch."""
    samples, targets = check_xy(model, x, y, where="test_on_batch")
    batches = Batches(samples, targets, len(samples))
    plan = model.plans.inference(batches.batch_size, batches.dtype)
    means = Means(model)
    for batch, wanted in batches.walk():
        loss, output = plan.loss_and_output(batch, wanted)
        means.add(loss, wanted, output)
    return means.result()
