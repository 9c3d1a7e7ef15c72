"""Optimizers, with Keras's names and formulas: one fused pass over all parameters."""

from __future__ import annotations

from typing import Any

from fastconv.optimizers.adam import Adam
from fastconv.optimizers.base import Optimizer
from fastconv.optimizers.sgd import SGD
from fastconv.utils.configured import resolve

__all__ = ["SGD", "Adam", "Optimizer", "get"]

_TABLE: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam}


def get(value: Any) -> Optimizer:
    """The optimizer that a name, a class, an instance or a configuration stands for."""
    return resolve(value, Optimizer, _TABLE, what="optimizer")
