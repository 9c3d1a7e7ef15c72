"""How weights begin: Keras's initializers, drawn in float32 from a seed."""

from __future__ import annotations

from typing import Any

from fastconv.initializers.base import Initializer
from fastconv.initializers.constant import Constant, Ones, Zeros
from fastconv.initializers.dirac import Dirac
from fastconv.initializers.random import RandomNormal, RandomUniform, TruncatedNormal
from fastconv.initializers.variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
    compute_fans,
)
from fastconv.utils.configured import resolve

__all__ = [
    "Constant",
    "Dirac",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "get",
]

_TABLE: dict[str, type[Initializer]] = {
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "variance_scaling": VarianceScaling,
    "truncated_normal": TruncatedNormal,
    "random_normal": RandomNormal,
    "random_uniform": RandomUniform,
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "dirac": Dirac,
}


def get(value: Any) -> Initializer:
    """The initializer that a name, a class, an instance or a configuration stands for."""
    return resolve(value, Initializer, _TABLE, what="initializer")


def __getattr__(name: str) -> Any:
    if name in _TABLE:  # Keras's older names: initializers.he_normal()
        return _TABLE[name]
    raise AttributeError(f"module 'fastconv.initializers' has no attribute {name!r}")
