"""Arguments of one-dimensional layers: a whole number, also as a sequence of one."""

from __future__ import annotations

from typing import Any

from fastconv._arguments import as_int, items_of


def as_single(value: Any, what: str, *, where: str, minimum: int = 1) -> int:
    """The whole number in `value`, which may be a sequence of one, as in Keras."""
    items = items_of(value)
    if items is not None and len(items) == 1:
        value = items[0]
    return as_int(value, what, where=where, minimum=minimum)
