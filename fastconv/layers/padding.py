"""The `padding` argument of convolutions and poolings."""

from __future__ import annotations

from typing import Any

from fastconv.plan.geometry.padding import Pair, resolve_padding


def check_padding(padding: Any, *, where: str) -> str | tuple[Pair, Pair]:
    """The names "valid" and "same" as they are, numbers as ((top, bottom), (left, right))."""
    if isinstance(padding, str):
        resolve_padding(padding.lower(), (1, 1), (1, 1), (1, 1), where=where)
        return padding.lower()
    return resolve_padding(padding, (1, 1), (1, 1), (1, 1), where=where)
