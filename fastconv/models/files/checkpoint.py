"""Checkpoints: saving a model with its training state, and restoring it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv.layers.weights import only_weights_of
from fastconv.models.compiled import Compiled
from fastconv.models.files.description import Training, reading_description
from fastconv.models.files.registry import describe, make_model
from fastconv.models.files.tensors import read_tensors, write_tensors
from fastconv.models.files.weights import (
    KEPT,
    OPTIMIZER,
    check_fit,
    parameters_of,
    refuse_existing,
    weights_of,
    write_into,
)
from fastconv.plan.parameters import Parameter
from fastconv.utils.configured import checked_keywords
from fastconv.utils.custom_objects import custom_object_scope

if TYPE_CHECKING:
    from fastconv.models.model import Model


_SPARE = 2**20  # numbers, so that of small models the tensors are named that are missing


def save_model(model: Model, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Write the configuration, the weights and the training state; see `Model.save`."""
    refuse_existing(filepath, overwrite, "save")
    parameters_of(model, "save")  # raises if there are none
    # Copies: another thread may go on training while the file is written. `reading` has made the
    # optimizer's slots, if no step has been taken yet.
    with model.plans.reading():
        tensors = weights_of(model, "save") | _slots(model)
        tensors |= {f"{KEPT}{name}": array for name, array in (model.kept_weights or {}).items()}
        tensors = {name: array.copy() for name, array in tensors.items()}
        description: dict[str, Any] = {
            "model": describe(model),
            "training": {
                "epoch": model.epoch,
                "batches_done": model.batches_done,
                # Within an epoch a callback may have stopped it, but it is not done with.
                "stopped": bool(model.stop_training) and not model.batches_done,
                "epochs": list(model.history.epoch),
                "history": {name: list(of) for name, of in model.history.history.items()},
            },
            "user_metadata": model.user_metadata,
        }
        if model.compiled is not None:
            description["compile"] = model.compiled.get_config()
            description["training"]["iterations"] = model.compiled.optimizer.iterations
    write_tensors(filepath, tensors, description)


@checked_keywords
def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
) -> Model:
    """The model that `Model.save` wrote: built, compiled, ready to resume training.

    Parameters
    ----------
    filepath : path
    custom_objects : dict, optional
        Custom layers, losses, metrics, optimizers, ..., and functions used as losses or metrics, by
        name.
    compile : bool
        False ignores the optimizer, its state, the loss and the metrics in the file.

    Returns
    -------
    Model
        With `epoch`, `history`, `user_metadata` and the optimizer's state as they were saved:
        ``model.fit(..., initial_epoch=model.epoch)`` ends in the same bits as an uninterrupted run.
        `stop_training` says whether a callback, such as early stopping, had ended the training.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or of another format, names an unknown class, or its tensors do not
        fit its configuration; the message names the file and the problem.
    """
    tensors, description = read_tensors(filepath)
    if not compile:
        description.pop("compile", None)
        tensors = {n: t for n, t in tensors.items() if not n.startswith(OPTIMIZER)}
    if "model" not in description:
        raise ValueError(
            f"{os.fspath(filepath)}: the file must hold a model's configuration, as model.save "
            "writes it; received weights alone (use model.load_weights)"
        )
    weights, kept, slots = _by_kind(tensors)
    name = os.fspath(filepath)
    with custom_object_scope(custom_objects), reading_description(name):
        training = Training.of(description)
        with only_weights_of(tensor.shape for tensor in weights.values()):
            model = make_model(description["model"], "the outermost class must be a model")
        parameters_of(model, "load_model")  # says so if there are none
        model.user_metadata = description["user_metadata"]
    # Before the optimizer makes its arrays, which are as large.
    check_fit(parameters_of(model, "load_model"), weights, name)
    if "compile" in description:
        with custom_object_scope(custom_objects), reading_description(name):
            model.compiled = Compiled.from_config(description["compile"])
            model.compiled.optimizer.iterations = _steps(training)
            model.compiled.loss_specs(model.output_specs)  # refuse what does not fit the outputs
            model.compiled.output_metrics(model.output_specs)
        _check_amount(model, slots, name)
        model.plans.refresh()
    own = parameters_of(model, "load_model")
    _check_kept(own, kept, name)
    write_into({**own, **_slots(model)}, weights | slots, name)
    _take_history(model, training)
    model.kept_weights = kept or None
    return model


def restore_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Restore a compiled model's training state from a file of an equal one, from `save_model`.

    Raises
    ------
    ValueError
        If the file is damaged, or its tensors are not this model's.
    """
    tensors, description = read_tensors(path)
    weights, kept, slots = _by_kind(tensors)
    name = os.fspath(path)
    model.plans.refresh()
    own = parameters_of(model, "restore")
    wanted: dict[str, Parameter | np.ndarray] = {**own, **_slots(model)}
    with reading_description(name):
        training = Training.of(description)
        steps, rate = _steps(training), _learning_rate(description)
        if training.batches_done > steps:
            raise ValueError(
                f"training: batches_done must be at most iterations, {steps}; received "
                f"{training.batches_done}"
            )
        check_fit(wanted, weights | slots, name)
        _check_kept(own, kept, name)
        if rate is not None:
            model.optimizer.learning_rate = rate
    write_into(wanted, weights | slots, name)
    _take_history(model, training)
    model.batches_done = training.batches_done
    model.kept_weights = kept or None
    model.optimizer.iterations = steps


def _by_kind(tensors: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], ...]:
    """The weights, those that a callback kept, by their names alone, and the optimizer's arrays."""
    weights: dict[str, np.ndarray] = {}
    kept: dict[str, np.ndarray] = {}
    slots: dict[str, np.ndarray] = {}
    for name, tensor in tensors.items():
        if name.startswith(KEPT):
            kept[name.removeprefix(KEPT)] = tensor
        else:
            (slots if name.startswith(OPTIMIZER) else weights)[name] = tensor
    return weights, kept, slots


def _check_kept(
    weights: Mapping[str, Parameter], kept: Mapping[str, np.ndarray], name: str
) -> None:
    if kept:
        named = {f"{KEPT}{key}": tensor for key, tensor in kept.items()}
        check_fit({f"{KEPT}{key}": array for key, array in weights.items()}, named, name)


def _check_amount(model: Model, slots: Mapping[str, np.ndarray], name: str) -> None:
    """ValueError if the optimizer would make much larger arrays than the file has for it."""
    optimizer = model.optimizer
    count = len(optimizer.slot_names) + optimizer.use_ema + (optimizer.lookahead is not None)
    needed = count * sum(parameter.size for parameter in model.trainable_weights)
    found = sum(array.size for array in slots.values())
    if needed > found + _SPARE:
        raise ValueError(
            f"{name}: the file lacks tensors: {type(optimizer).__name__} keeps {needed:,} numbers; "
            f"received {found:,}"
        )


def _take_history(model: Model, training: Training) -> None:
    model.history.epoch = training.epochs
    model.history.history = training.history
    model.epoch = training.epoch
    model.stop_training = training.stopped


def _steps(training: Training) -> int:
    if training.iterations is None:
        raise KeyError("iterations")
    return training.iterations


def _learning_rate(description: Mapping[str, Any]) -> float | None:
    """The learning rate in a file; None if it follows a schedule."""
    place: Any = description
    for key in ("compile", "optimizer", "config", "learning_rate"):
        if not isinstance(place, Mapping):
            raise TypeError(f"what has {key} must be a dictionary; received {place!r:.200}")
        place = place[key]
    return place if isinstance(place, float) else None


def _slots(model: Model) -> dict[str, np.ndarray]:
    """The optimizer's arrays by path."""
    if model.compiled is None:
        return {}
    slots = model.compiled.optimizer.slots()
    path = {parameter: name for name, parameter in model.named_parameters().items()}
    return {
        f"{OPTIMIZER}{slot}/{path[parameter]}": view
        for slot, views in slots.items()
        for parameter, view in views.items()
    }
