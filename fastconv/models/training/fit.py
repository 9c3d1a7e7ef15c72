"""The training loop."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

from fastconv._arguments import as_int, is_whole, items_of
from fastconv.callbacks import Callback, CallbackList, History, TerminateOnNaN
from fastconv.models.data.batches import Batches
from fastconv.models.data.first_samples import built_once_accepted
from fastconv.models.data.samples import check_samples, split_off, with_class_weight
from fastconv.models.data.sources import Source, batch_size_of, labelled, labelled_stream, steps_of
from fastconv.models.data.stream import comes_in_batches
from fastconv.models.tensor_spec import kind_of
from fastconv.models.training.evaluate import Means, run_evaluation
from fastconv.models.training.hooks import checked_hooks, make_hooks
from fastconv.models.training.stepping import training_step

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
    validation_data: Any,
    shuffle: bool,
    class_weight: Mapping[int, float] | None,
    sample_weight: Any,
    initial_epoch: int,
    steps_per_epoch: int | None,
    validation_steps: int | None,
    validation_batch_size: int | None,
    validation_freq: int | Sequence[int],
) -> History:
    """Train; the arguments are those of `Model.fit`."""
    where = "fit"
    given = checked_hooks(callbacks, verbose)
    epochs = as_int(epochs, "epochs", where=where, minimum=0)
    initial_epoch = as_int(initial_epoch, "initial_epoch", where=where, minimum=0)
    due = _validation_epochs(validation_freq, where)
    steps = steps_of(steps_per_epoch, "steps_per_epoch", where=where)
    held_steps = steps_of(validation_steps, "validation_steps", where=where)
    held_size = batch_size if validation_batch_size is None else validation_batch_size
    held_out: Source | None = None
    source: Source
    with built_once_accepted(model, where=where):
        if comes_in_batches(x, y):
            if validation_split:
                raise ValueError(
                    f"{where}: validation_split needs arrays; received {kind_of(x)} (use "
                    "validation_data)"
                )
            source = labelled_stream(model, x, y, sample_weight, steps, class_weight, where=where)
        else:
            size = batch_size_of(batch_size, where=where)
            data = check_samples(model, x, y, sample_weight, where=where)
            if validation_data is None and validation_split:
                data, held = split_off(data, validation_split, where=where)
                held_out = Batches(held, batch_size_of(held_size, where=where), held_steps)
            source = Batches(with_class_weight(model, data, class_weight, where=where), size, steps)
        if validation_data is not None:
            held_out = _validation(model, validation_data, held_size, held_steps)

    history = model.history.before(initial_epoch)
    with ExitStack() as stack:
        hooks = stack.enter_context(
            make_hooks(
                model,
                given,
                source,
                verbose,
                first=[history],
                epochs=epochs,
                initial_epoch=initial_epoch,
            )
        )
        stack.enter_context(closing(source))
        source.begin(max(0, epochs - initial_epoch))
        if held_out is not None:
            stack.enter_context(closing(held_out))
            held_out.begin(sum(due(epoch + 1) for epoch in range(initial_epoch, epochs)))
        model.history, model.stop_training = history, False
        model.epoch = min(model.epoch, initial_epoch)
        model.validating = held_out is not None
        model.batches_done = 0
        hooks.call("restore")
        if model.stop_training:  # the training that was restored had ended
            epochs = model.epoch
        hooks.call("on_train_begin", {})
        for epoch in range(max(initial_epoch, model.epoch), epochs):
            hooks.call("on_epoch_begin", epoch, {})
            logs = _train_epoch(model, source, hooks, epoch, shuffle)
            model.batches_done = 0
            if held_out is not None and due(epoch + 1) and not model.stop_training:
                found = run_evaluation(model, held_out, hooks)
                logs |= {f"val_{name}": value for name, value in found.items()}
            model.epoch = epoch + 1
            hooks.call("on_epoch_end", epoch, logs)
            if model.stop_training:
                break
        with model.plans.lock.writing:
            model.optimizer.finish()
        hooks.call("on_train_end", {})
    return model.history


def _train_epoch(
    model: Model, source: Source, hooks: CallbackList, epoch: int, shuffle: bool
) -> dict[str, float]:
    means = Means(model)
    seed = model.seed if shuffle else None
    step, done = -1, model.batches_done  # above 0 if an interrupted epoch is resumed
    with closing(source.epoch(epoch, model.optimizer.iterations - done, seed)) as batches:
        for step, batch in enumerate(batches):
            if step < done:
                continue
            hooks.call("on_train_batch_begin", step, {})
            outcome = training_step(model, batch, source.batch_size)
            if not math.isfinite(outcome.loss):
                _refuse(outcome.loss, epoch, step, source, hooks)
            means.add(outcome, batch)
            model.batches_done = step + 1
            hooks.call("on_train_batch_end", step, means.result())
            if model.stop_training:
                break
    if step + 1 < (source.steps or 0):
        model.stop_training = True  # the data ran out, with a warning
    return means.result()


def _refuse(loss: float, epoch: int, step: int, source: Source, hooks: CallbackList) -> None:
    """Raise FloatingPointError for a loss that is not finite, unless a callback handles it."""
    if any(isinstance(c, TerminateOnNaN) for c in hooks.callbacks):
        return
    of = f" of {source.steps}" if source.steps is not None else ""
    raise FloatingPointError(
        f"fit: the loss must stay finite; received {loss} in epoch {epoch + 1}, step "
        f"{step + 1}{of} (the weights are those before that step; a smaller "
        "learning rate or inputs scaled to about 1 usually help)"
    )


def _validation(model: Model, data: Any, batch_size: Any, steps: int | None) -> Source:
    where = "fit (validation_data)"
    if comes_in_batches(data, None):
        return labelled(model, data, None, None, batch_size, steps, where=where)
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        raise ValueError(
            f"fit: validation_data must be (x, y), (x, y, sample_weight) or an iterable of "
            f"batches; received {type(data).__name__}"
            + (f" of length {len(data)}" if isinstance(data, (tuple, list)) else "")
        )
    x, y, *weight = data
    return labelled(model, x, y, weight[0] if weight else None, batch_size, steps, where=where)


def _validation_epochs(freq: Any, where: str) -> Any:
    """A function that returns whether an epoch, counted from 1, is followed by a validation."""
    if is_whole(freq):
        every = as_int(freq, "validation_freq", where=where)
        return lambda epoch: epoch % every == 0
    chosen = items_of(freq)
    if chosen is None:
        raise TypeError(
            f"{where}: validation_freq must be a whole number or a list of epochs; "
            f"received {freq!r}"
        )
    return lambda epoch: epoch in chosen
