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
        New arrays.
    """

    loss: float
    losses: list[float]
    outputs: list[np.ndarray]


def training_step(
    model: Model, batch: Samples, batch_size: int, *, exactly: bool = True
) -> Outcome:
    """Gradients and the optimizer's step; a loss that is not finite changes nothing."""
    optimizer = model.optimizer
    # Asked for at every step, since a callback may have frozen a layer.
    with model.plans.training(batch_size, batch.signature, exactly=exactly) as plan:
        loss, outputs = plan.train_step(*_arguments(batch), step=optimizer.iterations, checked=True)
        outcome = _outcome(plan, loss + _penalties(model, gradients=True), outputs)
        if math.isfinite(outcome.loss):
            optimizer.apply()
    return outcome


def evaluation_step(model: Model, batch: Samples, batch_size: int) -> Outcome:
    """The losses and the outputs."""
    with model.plans.inference(batch_size, batch.signature) as plan:
        loss, outputs = plan.loss_and_output(*_arguments(batch), checked=True)
        return _outcome(plan, loss + _penalties(model, gradients=False), outputs)


def prediction_step(model: Model, batch: Samples, batch_size: int) -> list[np.ndarray]:
    """The outputs alone, as new arrays."""
    with model.plans.inference(batch_size, batch.signature) as plan:
        return _copied(plan.forward(one_or_list(batch.x), training=False, checked=True))


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
    return Outcome(loss, plan.losses, _copied(outputs))


def _copied(outputs: Any) -> list[np.ndarray]:
    """The outputs of a plan, which another thread may use as soon as this one gives it back."""
    return [np.array(y) for y in (outputs if isinstance(outputs, list) else [outputs])]
