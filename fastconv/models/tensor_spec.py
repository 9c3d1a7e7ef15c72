"""Descriptions of a model's inputs and outputs, and arrays matched with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """An input or an output of a model.

    `shape` leaves out the batch axis, and None is any size; `dtype` is "uint8" if only that is
    accepted.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str | None = None


def by_name(value: Any, specs: Sequence[TensorSpec], what: str, *, where: str) -> list[Any]:
    """One entry for each spec: from a list in their order, or a dict by their names.

    For a single spec `value` is the entry itself, or a list or dict that holds only it.
    """
    names = [spec.name for spec in specs]
    if isinstance(value, Mapping):
        if set(value) != set(names):
            raise ValueError(
                f"{where}: {what} as a dict must have the keys {_listed(names)}; "
                f"received {_listed(value)}"
            )
        return [value[name] for name in names]
    if len(specs) == 1:
        only = value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else None
        holds_it = getattr(only, "ndim", None) == len(specs[0].shape) + 1
        return [only if holds_it else value]
    if isinstance(value, (list, tuple)) and len(value) == len(specs):
        return list(value)
    received = f"{len(value)} entries" if isinstance(value, (list, tuple)) else kind_of(value)
    raise ValueError(
        f"{where}: {what} must be a list of {len(specs)}, or a dict, with an entry for each of "
        f"{_listed(names)}; received {received}"
    )


def one_or_list(entries: Sequence[Any]) -> Any:
    """A single entry by itself, several as a list: the form that a plan takes and returns."""
    return entries[0] if len(entries) == 1 else list(entries)


def kind_of(value: Any) -> str:
    """A short description of a value, for a message."""
    if isinstance(value, np.ndarray):
        return f"an array {value.shape}"
    return type(value).__name__


def _listed(names: Any) -> str:
    return ", ".join(repr(name) for name in names) or "none"
