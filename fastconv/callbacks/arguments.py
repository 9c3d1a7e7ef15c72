"""Checks of arguments that several callbacks have."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from fastconv._arguments import as_int, is_whole


def as_frequency(value: Any, what: str, words: Mapping[str, int], *, where: str) -> int:
    """How often something is done: a number of steps, or the number that one of `words` means."""
    if isinstance(value, str) and value in words:
        return words[value]
    if not is_whole(value):
        listed = ", ".join(repr(word) for word in words)
        near = get_close_matches(value, words, n=1) if isinstance(value, str) else []
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise (ValueError if isinstance(value, str) else TypeError)(
            f"{where}: {what} must be {listed} or a whole number; received {value!r}{hint}"
        )
    return as_int(value, what, where=where)


def as_verbosity(value: Any, *, where: str) -> int:
    """Return a verbosity, 0, 1 or 2, or raise ValueError."""
    if value not in (0, 1, 2):
        raise ValueError(f"{where}: verbose must be one of 0, 1, 2; received {value!r}")
    return int(value)
