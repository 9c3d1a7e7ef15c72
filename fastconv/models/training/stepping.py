"""One batch through the plans: a training step, an evaluation or a prediction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv.models.data.samples import Samples
from fastconv.models.tensor_spec import one_or_list

if TYPE_CHECKING:
    from fastconv.models.model import Model
    from fastconv.plan.plan import Plan


@dataclass(slots=True)
class Outcome:
    """The losses and outputs of a batch.

    Attributes
    ----------
    loss : float
        The training objective: the weighted sum of the losses, plus the penalties of regularizers.
    losses : list of float
        Each loss by itself, without its weight.
    outputs : list of arrays
        Buffers of the plan, valid until its next call.
    """

    loss: float
    losses: list[float]
    outputs: list[np.ndarray]


def training_step(
    model: Model, batch: Samples, batch_size: int, *, exactly: bool = True
) -> Outcome:
    """Forward and backward pass and the optimizer's step, skipped if the loss is not finite."""
    # Looked up at every step, since a callback may have frozen a layer.
    plan = model.plans.training(batch_size, batch.signature, exactly=exactly)
    optimizer = model.optimizer
    loss, outputs = plan.train_step(*_arguments(batch), step=optimizer.iterations, checked=True)
    outcome = _outcome(plan, loss + _penalties(model, gradients=True), outputs)
    if math.isfinite(outcome.loss):
        optimizer.apply()
    return outcome


def evaluation_step(model: Model, batch: Samples, batch_size: int) -> Outcome:
    """The losses and the outputs."""
    plan = model.plans.inference(batch_size, batch.signature)
    loss, outputs = plan.loss_and_output(*_arguments(batch), checked=True)
    return _outcome(plan, loss + _penalties(model, gradients=False), outputs)


def prediction_step(model: Model, batch: Samples, batch_size: int) -> list[np.ndarray]:
    """The outputs alone: buffers of the plan, valid until its next call."""
    plan = model.plans.inference(batch_size, batch.signature)
    outputs = plan.forward(one_or_list(batch.x), training=False, checked=True)
    return outputs if isinstance(outputs, list) else [outputs]


def _penalties(model: Model, *, gradients: bool) -> float:
    """The penalties of the trainable parameters; with `gradients`, theirs are added to `grad`."""
    total = 0.0
    for parameter in model.parameters:
        if parameter.regularizer is not None and parameter.trainable:
            gradient = parameter.allocate_grad().reshape(-1) if gradients else None
            total += parameter.regularizer.add(parameter.value.reshape(-1), gradient)
    return total


def _arguments(batch: Samples) -> tuple[Any, Any, Any]:
    weights = None
    if any(w is not None for w in batch.weights):
        weights = one_or_list(batch.weights)
    return one_or_list(batch.x), one_or_list(batch.y), weights


def _outcome(plan: Plan, loss: float, outputs: Any) -> Outcome:
    listed = outputs if isinstance(outputs, list) else [outputs]
    return Outcome(loss, plan.losses, listed)
