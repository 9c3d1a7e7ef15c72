"""Learning rates that change from step to step; Keras's names where Keras has them."""

from __future__ import annotations

from typing import Any

from fastconv.optimizers.schedules.base import LearningRateSchedule
from fastconv.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from fastconv.optimizers.schedules.cycles import OneCycle, Triangular
from fastconv.optimizers.schedules.decays import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from fastconv.utils.configured import resolve

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "Triangular",
    "get",
]

_TABLE: dict[str, type[LearningRateSchedule]] = {
    cls.__name__: cls
    for cls in (
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        OneCycle,
        PiecewiseConstantDecay,
        PolynomialDecay,
        Triangular,
    )
}


def get(value: Any) -> LearningRateSchedule:
    """The schedule that an instance or a configuration stands for."""
    return resolve(value, LearningRateSchedule, _TABLE, what="schedule")
