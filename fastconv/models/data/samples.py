"""The user's samples and targets: checked, weighted, split and ordered.

All arrays pass through these checks: whole ones once per call, batches of a stream one by one. The
plans do not check them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fastconv.models.data.class_weights import class_weights
from fastconv.models.tensor_spec import TensorSpec, by_name
from fastconv.utils.arrays import as_numbers, as_open_shape, fits
from fastconv.utils.random import generator

if TYPE_CHECKING:
    from fastconv.models.model import Model

Signature = tuple[tuple[tuple[int, ...], str], ...]
"""Shape, without the batch axis, and dtype of every input."""


@dataclass(slots=True)
class Samples:
    """Arrays of one length: a whole data set, or a batch.

    Attributes
    ----------
    x : list of arrays, one for each input
    y : list of arrays, one for each output that has a loss
    weights : list of arrays or None, one for each entry of `y`
        What each sample's loss is multiplied by.
    """

    x: list[np.ndarray]
    y: list[np.ndarray]
    weights: list[np.ndarray | None]

    def __len__(self) -> int:
        return len(self.x[0])

    def __getitem__(self, rows: slice) -> Samples:
        weights = [None if w is None else w[rows] for w in self.weights]
        return Samples([x[rows] for x in self.x], [y[rows] for y in self.y], weights)

    @property
    def signature(self) -> Signature:
        """The shapes and dtypes that the plan for these samples depends on."""
        return tuple((x.shape[1:], plan_dtype(x)) for x in self.x)


def plan_dtype(x: np.ndarray) -> str:
    """The dtype in which a plan takes an input: uint8 stays, everything else becomes float32."""
    return "uint8" if x.dtype == np.uint8 else "float32"


def check_x(model: Model, x: Any, *, where: str) -> list[np.ndarray]:
    """An array of samples for each input.

    Their shape connects a model whose input shape is not known yet; `built_once_accepted` then
    builds it, or undoes the connection.
    """
    if x is None:
        raise ValueError(f"{where}: x, the samples, must be given; received None")
    if not model.built:
        model.connect_layers(_shapes_of(x, model.made_by_call, where))
    specs = model.input_specs
    arrays = []
    for entry, spec in zip(by_name(x, specs, "x", where=where), specs, strict=True):
        name, owner = ("x", "the model") if len(specs) == 1 else (f"x[{spec.name!r}]", "input")
        array = as_numbers(entry, name, where=where)
        _check_axes(array, name, where)
        if not fits(array.shape[1:], spec.shape):
            raise ValueError(
                f"{where}: {name} must have {owner}'s input shape {(None, *spec.shape)}; "
                f"received {array.shape}"
                if len(specs) == 1
                else f"{where}: {name} must have shape {(None, *spec.shape)}; "
                f"received {array.shape}"
            )
        if spec.dtype == "uint8" and array.dtype != np.uint8:
            raise TypeError(f"{where}: the model's input is uint8; received {array.dtype}")
        arrays.append(array)
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(f"{where}: all inputs must be of one length; received {lengths}")
    return arrays


def check_samples(
    model: Model,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    where: str,
) -> Samples:
    """Samples and targets of one length, at least one; targets in the form that each loss takes."""
    compiled = model.require_compiled(where)
    model.require_loss(where)
    arrays = check_x(model, x, where=where)
    if y is None:
        raise ValueError(f"{where}: y, the targets, must be given; received None")
    specs = model.output_specs
    losses = compiled.losses(specs)
    with_loss = [spec for spec, loss in zip(specs, losses, strict=True) if loss is not None]
    given = _for_losses(y, specs, with_loss, "y", where)
    targets = [
        loss.targets(entry, spec.shape, where=where)
        for entry, spec, loss in zip(given, with_loss, filter(None, losses), strict=True)
    ]
    for target in targets:
        if len(arrays[0]) != len(target) or not len(target):
            raise ValueError(
                f"{where}: x and y must have the same number of samples, at least one; "
                f"received {len(arrays[0])} and {len(target)}"
            )
    weights = _weights(sample_weight, targets, specs, with_loss, where)
    return Samples(arrays, targets, weights)


def with_class_weight(
    model: Model, data: Samples, class_weight: Mapping[int, float] | None, *, where: str
) -> Samples:
    """`data` with every sample's weight multiplied by that of its class."""
    if class_weight is None:
        return data
    if len(data.y) > 1:
        raise ValueError(
            f"{where}: class_weight belongs to a model with one loss; received {len(data.y)} "
            "losses (use sample_weight)"
        )
    losses = model.require_compiled(where).losses(model.output_specs)
    labels = next(loss.spec.is_sparse for loss in losses if loss is not None)
    found = class_weights(data.y[0], class_weight, labels=labels, where=where)
    weights = _times(data.weights[0], found)
    return Samples(data.x, data.y, [weights])


def split_off(data: Samples, share: float, *, where: str) -> tuple[Samples, Samples]:
    """Split off the last `share` of the samples, before any shuffling: (training, validation)."""
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share < 1:
        raise ValueError(f"{where}: validation_split must be between 0 and 1; received {share!r}")
    cut = int(len(data) * (1 - share))
    if cut in (0, len(data)):
        raise ValueError(
            f"{where}: validation_split must leave samples on both sides; "
            f"received {share!r} of {len(data)} samples"
        )
    return data[slice(None, cut)], data[slice(cut, None)]


def shuffled(n: int, seed: int, epoch: int, iterations: int) -> np.ndarray:
    """The order of an epoch: depends on the model's seed, the epoch and the steps before it."""
    return generator(seed, epoch, iterations).permutation(n)


def _shapes_of(x: Any, several: bool, where: str) -> Any:
    """The shapes of the samples; with `several`, a list or dictionary holds several inputs."""
    if several and isinstance(x, Mapping):
        return {key: _shapes_of(part, False, where) for key, part in x.items()}
    if several and isinstance(x, (list, tuple)) and all(np.ndim(part) > 1 for part in x):
        return [_shapes_of(part, False, where) for part in x]
    array = as_numbers(x, "x", where=where)
    _check_axes(array, "x", where)
    return as_open_shape(array.shape[1:], "input_shape", where="build")


def _check_axes(array: np.ndarray, name: str, where: str) -> None:
    if array.ndim < 2:
        raise ValueError(
            f"{where}: {name} must have a batch axis and at least one other; received {array.shape}"
        )


def _for_losses(
    value: Any, specs: list[TensorSpec], with_loss: list[TensorSpec], what: str, where: str
) -> list[Any]:
    """Entries for the outputs that have a loss; those for the others may be omitted."""
    if len(with_loss) < len(specs):
        if isinstance(value, Mapping):
            value = {k: v for k, v in value.items() if k in {spec.name for spec in with_loss}}
        elif isinstance(value, (list, tuple)) and len(value) == len(specs):
            value = [v for v, spec in zip(value, specs, strict=True) if spec in with_loss]
            if len(with_loss) == 1:
                return value
    return by_name(value, with_loss, what, where=where)


def _weights(
    given: Any,
    targets: list[np.ndarray],
    specs: list[TensorSpec],
    with_loss: list[TensorSpec],
    where: str,
) -> list[np.ndarray | None]:
    """A weight for each sample (or each row of its output) and each loss, or None."""
    if given is None:
        return [None] * len(targets)
    each = [given] * len(targets)
    if len(specs) > 1 and isinstance(given, (list, tuple, Mapping)) and not _is_flat(given):
        each = _for_losses(given, specs, with_loss, "sample_weight", where)
    found: list[np.ndarray | None] = []
    for entry, target, spec in zip(each, targets, with_loss, strict=True):
        if entry is None:
            found.append(None)
            continue
        array = as_numbers(entry, "sample_weight", where=where).astype(np.float32, copy=False)
        rows = (len(target), *target.shape[1 : len(spec.shape)])
        if array.shape == (len(target), 1) and len(rows) == 1:
            array = array[:, 0]
        if array.shape not in ((len(target),), rows):
            raise ValueError(
                f"{where}: sample_weight must have one number for each of the {len(target)} "
                f"samples; received shape {array.shape}"
            )
        found.append(array)
    return found


def _is_flat(given: Any) -> bool:
    """Whether a list holds the weights themselves, and not arrays of them."""
    return not isinstance(given, Mapping) and bool(given) and all(np.ndim(g) == 0 for g in given)


def _times(a: np.ndarray | None, b: np.ndarray) -> np.ndarray:
    return b if a is None else a.reshape(a.shape + (1,) * (b.ndim - a.ndim)) * b
