"""Checks of an optimizer's hyperparameters: rates, decays, factors."""

from __future__ import annotations

import math
from typing import Any

from fastconv._arguments import shown, to_float


def check_number(value: Any, what: str, low: float, high: float, *, where: str) -> float:
    """A finite float with low <= value < high; TypeError or ValueError otherwise."""
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise TypeError(f"{where}: {what} must be a number; received {value!r}")
    number = to_float(value, what, where=where)
    if not (low <= number < high):
        rule = f"at least {low}" if high == math.inf else f"at least {low} and below {high}"
        raise ValueError(f"{where}: {what} must be finite, {rule}; received {shown(value)}")
    return number


def optional_number(value: Any, what: str, *, where: str) -> float | None:
    """A finite number of at least 0, or None."""
    return None if value is None else check_number(value, what, 0, math.inf, where=where)


def epsilon_of(value: Any, *, where: str) -> float:
    """A number of at least 0; None gives 1e-7, as in older Keras."""
    return check_number(1e-7 if value is None else value, "epsilon", 0, math.inf, where=where)
