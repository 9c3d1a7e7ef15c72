"""The training loop."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv._arguments import as_int
from fastconv.callbacks import Callback, CallbackList, History, TerminateOnNaN
from fastconv.models.data import Batches, check_xy, shuffled, split_off
from fastconv.models.evaluate import Means, run_evaluation
from fastconv.models.hooks import make_hooks

if TYPE_CHECKING:
    from fastconv.models.model import Model


def fit(
    model: Model,
    x: Any,
    y: Any,
    *,
    batch_size: int | None,
    epochs: int,
    verbose: int | str,
    callbacks: Iterable[Callback] | None,
    validation_split: float,
    validation_data: Sequence[Any] | None,
    shuffle: bool,
    initial_epoch: int,
) -> History:
    """Train; `Model.fit` says what the arguments mean."""
    where = "fit"
    size = as_int(32 if batch_size is None else batch_size, "batch_size", where=where)
    epochs = as_int(epochs, "epochs", where=where, minimum=0)
    initial_epoch = as_int(initial_epoch, "initial_epoch", where=where, minimum=0)
    samples, targets = check_xy(model, x, y, where=where)
    validation = None
    if validation_data is not None:
        validation = _check_validation(model, validation_data)
    elif validation_split:
        (samples, targets), validation = split_off(samples, targets, validation_split, where=where)
    batches = Batches(samples, targets, size)
    held_out = None if validation is None else Batches(*validation, size)

    history = model.history.before(initial_epoch)
    with make_hooks(
        model,
        callbacks,
        batches,
        verbose,
        first=[history],
        epochs=epochs,
        initial_epoch=initial_epoch,
    ) as hooks:
        model.history, model.stop_training = history, False
        model.epoch = min(model.epoch, initial_epoch)
        hooks.call("on_train_begin", {})
        for epoch in range(initial_epoch, epochs):
            hooks.call("on_epoch_begin", epoch, {})
            logs = _train_epoch(model, batches, hooks, epoch, shuffle)
            if held_out is not None and not model.stop_training:
                found = run_evaluation(model, held_out, hooks)
                logs |= {f"val_{name}": value for name, value in found.items()}
            model.epoch = epoch + 1
            hooks.call("on_epoch_end", epoch, logs)
            if model.stop_training:
                break
        hooks.call("on_train_end", {})
    return model.history


def _train_epoch(
    model: Model, batches: Batches, hooks: CallbackList, epoch: int, shuffle: bool
) -> dict[str, float]:
    optimizer = model.optimizer
    means = Means(model)
    order = None
    if shuffle:
        order = shuffled(len(batches.x), model.seed, epoch, optimizer.iterations)
    for step, (x, y) in enumerate(batches.walk(order)):
        hooks.call("on_train_batch_begin", step, {})
        # Asked for at every step, since a callback may have frozen a layer.
        plan = model.plans.training(batches.batch_size, batches.dtype)
        loss, output = plan.train_step(x, y, step=optimizer.iterations)
        if math.isfinite(loss):
            optimizer.apply()
        elif not any(isinstance(c, TerminateOnNaN) for c in hooks.callbacks):
            raise FloatingPointError(
                f"fit: the loss must stay finite; received {loss} in epoch {epoch + 1}, step "
                f"{step + 1} of {len(batches)} (the weights are those before that step; a smaller "
                "learning rate or inputs scaled to about 1 usually help)"
            )
        means.add(loss, y, output)
        hooks.call("on_train_batch_end", step, means.result())
        if model.stop_training:
            break
    return means.result()


def _check_validation(model: Model, data: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise ValueError(
            f"fit: validation_data must be a pair (x, y); received {type(data).__name__}"
            + (f" of length {len(data)}" if isinstance(data, (tuple, list)) else "")
        )
    return check_xy(model, *data, where="fit (validation_data)")
