"""The losses' numbers, checked."""

from __future__ import annotations

from typing import Any

from fastconv._arguments import as_float


def at_least(minimum: float, value: Any, what: str, *, where: str) -> float:
    """A finite number of at least `minimum`."""
    number = as_float(value, what, where=where)
    if number < minimum:
        raise ValueError(f"{where}: {what} must be at least {minimum}; received {value!r}")
    return number


def smoothing_of(value: Any, *, where: str) -> float:
    """A label smoothing: from 0 to 1."""
    number = at_least(0, value, "label_smoothing", where=where)
    if number > 1:
        raise ValueError(f"{where}: label_smoothing must be at most 1; received {value!r}")
    return number
