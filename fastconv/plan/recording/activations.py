"""What an activation may be told: its kinds, their attributes and their rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fastconv._arguments import as_float, check_choice

# Each kind with its attributes and their defaults (Keras's).
KINDS: dict[str, dict[str, Any]] = {
    "relu": {},
    "leaky_relu": {"negative_slope": 0.2},
    "clipped_relu": {"max_value": 6.0, "negative_slope": 0.0, "threshold": 0.0},
    "elu": {"alpha": 1.0},
    "selu": {},
    "gelu": {"approximate": False},
    "silu": {},
    "hard_silu": {},
    "sigmoid": {},
    "hard_sigmoid": {},
    "tanh": {},
    "softplus": {},
    "softsign": {},
    "exponential": {},
    "softmax": {},
}


def check_attrs(kind: str, attrs: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """All attributes of an activation: those given, checked, and the defaults of the others.

    Raises
    ------
    TypeError, ValueError
        For an unknown kind or attribute, or a value that breaks its rule.
    """
    check_choice(kind, KINDS, where=where, what="kind")
    defaults = KINDS[kind]
    if not defaults and attrs:
        raise TypeError(f"{where}: {kind} takes no further arguments; received {dict(attrs)}")
    for name in attrs:
        check_choice(name, defaults, where=where, what=f"an argument of {kind}")
    return {name: _check(name, value, where) for name, value in {**defaults, **attrs}.items()}


def _check(name: str, value: Any, where: str) -> Any:
    if name == "approximate":
        if not isinstance(value, bool):
            raise TypeError(f"{where}: approximate must be True or False; received {value!r}")
        return value
    if name == "max_value" and (value is None or value == math.inf):
        return math.inf
    if isinstance(value, (bool, str)):
        raise TypeError(f"{where}: {name} must be a number; received {value!r}")
    number = as_float(value, name, where=where)
    if number < 0:
        raise ValueError(f"{where}: {name} must be at least 0; received {value!r}")
    return number
