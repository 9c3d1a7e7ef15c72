"""Validation of the user's arguments: names, numbers, pairs and paths; errors state the rule."""

from __future__ import annotations

import itertools
import math
import operator
import os
from collections.abc import Iterable
from typing import Any

LARGEST = 2**31 - 1  # the kernels count in 32-bit integers along each axis
_MOST_ITEMS = 2**16  # of an argument; a range of 2**64 takes no more room than one of two


def check_choice(value: object, choices: Iterable[str], *, where: str, what: str) -> str:
    """Return `value` if it is one of `choices`.

    Parameters
    ----------
    value : object
        What the user passed.
    choices : iterable of str
        The valid names.
    where, what : str
        The function and the argument, for the message.

    Raises
    ------
    TypeError
        If `value` is not a string.
    ValueError
        If it is a string, but none of the names; the nearest name is proposed.
    """
    names = list(choices)
    listed = ", ".join(repr(name) for name in names)
    if not isinstance(value, str):
        raise TypeError(f"{where}: {what} must be one of {listed}; received {shown(value)}")
    if value in names:
        return value
    import difflib

    near = difflib.get_close_matches(value.lower(), names, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise ValueError(f"{where}: {what} must be one of {listed}; received {shown(value)}{hint}")


def as_int(value: Any, what: str, *, where: str, minimum: int = 1) -> int:
    """Return a whole number of at least `minimum`, or raise TypeError / ValueError."""
    if not is_whole(value):
        raise TypeError(f"{where}: {what} must be a whole number; received {shown(value)}")
    number = operator.index(value)
    if not minimum <= number <= LARGEST:
        rule = f"at least {minimum}" if number < minimum else f"at most {LARGEST}"
        raise ValueError(f"{where}: {what} must be {rule}; received {shown(value)}")
    return number


def as_pair(value: Any, what: str, *, where: str, minimum: int = 1) -> tuple[int, int]:
    """Return (rows, columns) from one whole number or a pair of them."""
    items = [value, value] if is_whole(value) else items_of(value)
    if items is None or not all(is_whole(item) for item in items):
        raise TypeError(
            f"{where}: {what} must be a whole number or a pair of them; received {shown(value)}"
        )
    if len(items) != 2:
        raise ValueError(f"{where}: {what} must have two entries; received {shown(value)}")
    first, second = (operator.index(item) for item in items)
    if not (minimum <= min(first, second) and max(first, second) <= LARGEST):
        rule = f"at least {minimum}" if min(first, second) < minimum else f"at most {LARGEST}"
        raise ValueError(f"{where}: {what} must be {rule}; received {shown(value)}")
    return first, second


def as_single(value: Any, what: str, *, where: str, minimum: int = 1) -> int:
    """Return the whole number in `value`, which may be a sequence of one, as in Keras."""
    items = items_of(value)
    if items is not None and len(items) == 1:
        value = items[0]
    return as_int(value, what, where=where, minimum=minimum)


def as_float(number: Any, what: str, *, where: str, minimum: float = -math.inf) -> float:
    """Return a finite number of at least `minimum`, or raise TypeError / ValueError."""
    value = to_float(number, what, where=where)
    if not math.isfinite(value):
        raise ValueError(f"{where}: {what} must be finite; received {shown(number)}")
    if value < minimum:
        raise ValueError(f"{where}: {what} must be at least {minimum}; received {shown(number)}")
    return value


def to_float(number: Any, what: str, *, where: str) -> float:
    """Return any number as a float, perhaps an infinite one or NaN, or raise."""
    try:
        return float(number)
    except OverflowError:  # of an integer or a fraction
        raise ValueError(
            f"{where}: {what} must be finite as a float; received {shown(number)}"
        ) from None
    except (TypeError, ValueError):
        raise TypeError(f"{where}: {what} must be a number; received {shown(number)}") from None


def optional_float(number: Any, what: str, *, where: str) -> float | None:
    """As `as_float`, or None."""
    return None if number is None else as_float(number, what, where=where)


def as_path(value: Any, what: str, *, where: str) -> str:
    """Return a path as text, or raise TypeError."""
    try:
        return os.fsdecode(value)
    except TypeError:
        raise TypeError(f"{where}: {what} must be a path; received {shown(value)}") from None


def as_flag(value: Any, what: str, *, where: str) -> bool:
    """Return whether `value` is true, or raise TypeError for what is neither, such as an array."""
    try:
        return bool(value)
    except (TypeError, ValueError):
        raise TypeError(f"{where}: {what} must be True or False; received {shown(value)}") from None


def as_name(value: Any, default: str | None = None, *, where: str) -> str:
    """Return the text that an argument `name` is, or else `default`, or raise TypeError."""
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise TypeError(f"{where}: name must be a text; received {shown(value)}")
    return value or default or ""


def is_whole(value: object) -> bool:
    """Whether `value` is a whole number, of Python or NumPy, but not a boolean or an array."""
    return (
        hasattr(value, "__index__")
        and not hasattr(value, "__len__")
        and type(value).__name__ not in ("bool", "bool_")
    )


def items_of(value: Any) -> list[Any] | None:
    """The items of a sequence; None for text, for what cannot be walked, and for an endless one."""
    if isinstance(value, (str, bytes, type)) or not hasattr(value, "__iter__"):
        return None
    if getattr(value, "shape", None) == ():  # an array without axes has no items
        return None
    items = list(itertools.islice(value, _MOST_ITEMS + 1))
    return items if len(items) <= _MOST_ITEMS else None


def shown(value: object) -> str:
    """`value` for a message; Python does not print integers of more than some thousand digits."""
    try:
        return repr(value)
    except ValueError:
        return f"a {type(value).__name__} too long to print"
