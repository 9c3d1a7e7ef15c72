"""Checkpoints: saving a model with its training state, and restoring it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv.models.compiled import Compiled
from fastconv.models.files.registry import describe, make_model
from fastconv.models.files.tensors import read_tensors, write_tensors
from fastconv.models.files.weights import (
    KEPT,
    OPTIMIZER,
    refuse_existing,
    weights_of,
    write_into,
)
from fastconv.utils.configured import checked_keywords
from fastconv.utils.custom_objects import custom_object_scope

if TYPE_CHECKING:
    from fastconv.models.model import Model


def save_model(model: Model, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Write the configuration, the weights and the training state; see `Model.save`."""
    refuse_existing(filepath, overwrite, "save")
    weights_of(model, "save")  # raises if there are none
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
    with custom_object_scope(custom_objects):
        try:
            model = _make(description)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{os.fspath(filepath)}: the configuration in the file is not valid: {error}"
            ) from error
    wanted = weights_of(model, "load_model") | _slots(model)
    write_into(wanted, _without_kept(model, tensors), filepath)
    return model


def restore_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Restore a compiled model's training state from a file of an equal one, from `save_model`.

    Raises
    ------
    ValueError
        If the file is damaged, or its tensors are not this model's.
    """
    tensors, description = read_tensors(path)
    model.plans.refresh()
    write_into(weights_of(model, "restore") | _slots(model), _without_kept(model, tensors), path)
    _take_history(model, description["training"])
    model.batches_done = int(description["training"].get("batches_done", 0))
    optimizer = model.optimizer
    optimizer.iterations = int(description["training"]["iterations"])
    rate = description["compile"]["optimizer"]["config"]["learning_rate"]
    if isinstance(rate, float):
        optimizer.learning_rate = rate


def _without_kept(model: Model, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors but those that a callback kept, which are set as the model's `kept_weights`."""
    kept = {n.removeprefix(KEPT): t for n, t in tensors.items() if n.startswith(KEPT)}
    model.kept_weights = kept or None
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(KEPT)}


def _take_history(model: Model, training: Mapping[str, Any]) -> None:
    model.history.epoch = [int(epoch) for epoch in training["epochs"]]
    model.history.history = dict(training["history"])
    model.epoch = int(training["epoch"])


def _make(description: Mapping[str, Any]) -> Model:
    """The model that a file describes, with newly drawn weights."""
    model = make_model(description["model"], "the outermost class must be a model")
    training = description["training"]
    _take_history(model, training)
    model.user_metadata = description["user_metadata"]
    weights_of(model, "load_model")
    if "compile" in description:
        model.compiled = Compiled.from_config(description["compile"])
        model.compiled.optimizer.iterations = int(training["iterations"])
        model.plans.refresh()
    return model


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
