"""Optimizers, with Keras's names and formulas: one fused pass over all parameters."""

from __future__ import annotations

from typing import Any

from fastconv.optimizers import schedules
from fastconv.optimizers.adam import LAMB, Adam, AdamW, Lamb, Nadam
from fastconv.optimizers.base import Optimizer, Step
from fastconv.optimizers.groups import Group
from fastconv.optimizers.lookahead import Lookahead
from fastconv.optimizers.muon import Muon
from fastconv.optimizers.rmsprop import Adagrad, RMSprop
from fastconv.optimizers.sgd import LARS, SGD, Lars, Lion
from fastconv.utils.configured import resolve

__all__ = [
    "LAMB",
    "LARS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Group",
    "Lamb",
    "Lars",
    "Lion",
    "Lookahead",
    "Muon",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "Step",
    "get",
    "schedules",
]

_TABLE: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "nadam": Nadam,
    "lars": Lars,
    "lamb": Lamb,
    "lion": Lion,
    "muon": Muon,
}


def get(value: Any) -> Optimizer:
    """The optimizer that a name, a class, an instance or a configuration stands for."""
    return resolve(value, Optimizer, _TABLE, what="optimizer")
