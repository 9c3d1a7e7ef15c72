"""Weights as files of named arrays: saving, and loading into a model's parameters."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from fastconv.models.files.tensors import read_tensors, write_tensors
from fastconv.plan.parameters import Parameter

if TYPE_CHECKING:
    from fastconv.models.composite import Composite
    from fastconv.models.model import Model

OPTIMIZER = "optimizer/"  # prefix of the optimizer's arrays
KEPT = "kept/"  # prefix of the weights that a callback keeps for the end of training


def save_weights(model: Model, path: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Write the weights alone, as they are between two training steps."""
    refuse_existing(path, overwrite, "save_weights")
    with model.plans.lock.reading:
        weights = {name: w.copy() for name, w in weights_of(model, "save_weights").items()}
    write_tensors(path, weights, {})


def load_weights(
    model: Composite, path: str | os.PathLike[str], skip_mismatch: bool = False
) -> None:
    """Read the weights from a file of `save_weights` or `save`, or any fitting safetensors file."""
    wanted = parameters_of(model, "load_weights")
    tensors, _ = read_tensors(path, own=False)
    found = {name: t for name, t in tensors.items() if not name.startswith((OPTIMIZER, KEPT))}
    if skip_mismatch:
        wanted, found = _fitting(wanted, found, os.fspath(path))
    write_into(wanted, found, path)


def weights_of(model: Composite, where: str) -> dict[str, np.ndarray]:
    """The parameters' arrays by path, to be read."""
    return {name: p.value for name, p in parameters_of(model, where).items()}


def parameters_of(model: Composite, where: str) -> dict[str, Parameter]:
    """The parameters by path; raises ValueError if the model is not built."""
    if not model.built:
        raise ValueError(
            f"{where}: the model must be built first: begin it with Input(shape), or call build; "
            "received a model without weights"
        )
    return model.named_parameters()


def refuse_existing(path: str | os.PathLike[str], overwrite: bool, where: str) -> None:
    """Raise FileExistsError if the file exists and must not be overwritten."""
    if not overwrite and os.path.exists(path):
        raise FileExistsError(
            f"{where}: with overwrite=False there must be no such file yet; received "
            f"{os.fspath(path)!r}"
        )


def _fitting(
    wanted: Mapping[str, Parameter], found: Mapping[str, np.ndarray], name: str
) -> tuple[dict[str, Parameter], dict[str, np.ndarray]]:
    """The tensors whose name and shape match in both; a warning lists the model's others."""
    both = [k for k in wanted if k in found and found[k].shape == wanted[k].shape]
    if not both:
        raise ValueError(
            f"{name}: the file must have tensors of this model; received none that fits"
        )
    if rest := [key for key in wanted if key not in both]:
        warnings.warn(
            f"{name}: no tensors that fit for {', '.join(rest)}; they stay as they are",
            RuntimeWarning,
            stacklevel=5,
        )
    return {key: wanted[key] for key in both}, {key: found[key] for key in both}


def write_into(
    wanted: Mapping[str, Parameter | np.ndarray],
    found: Mapping[str, np.ndarray],
    path: str | os.PathLike[str],
) -> None:
    """Copy the file's tensors into the model's, after all of them were checked."""
    check_fit(wanted, found, path)
    for key, target in wanted.items():
        if isinstance(target, Parameter):
            target.value = found[key]
        else:
            target[...] = found[key]


def check_fit(
    wanted: Mapping[str, Parameter | np.ndarray],
    found: Mapping[str, np.ndarray],
    path: str | os.PathLike[str],
) -> None:
    """ValueError unless the file's tensors have the names and shapes of the model's arrays."""
    name = os.fspath(path)
    for problem, names in (
        ("lacks", wanted.keys() - found.keys()),
        ("has unexpected", found.keys() - wanted.keys()),
    ):
        if names:
            listed = ", ".join(sorted(names)[:5]) + (", ..." if len(names) > 5 else "")
            raise ValueError(f"{name}: the file {problem} tensors: {listed}")
    for key, target in wanted.items():
        tensor = found[key]
        if tensor.shape != target.shape or tensor.dtype.kind != "f":
            raise ValueError(
                f"{name}: tensor {key} must be of shape {target.shape} and hold floats; "
                f"received {tensor.shape} of {tensor.dtype}"
            )
