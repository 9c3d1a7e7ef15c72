"""Steps that change only the form of a value."""

from __future__ import annotations

from dataclasses import dataclass

from fastconv.plan.primitives.base import Primitive


@dataclass(frozen=True, eq=False)
class Reshape(Primitive):
    """The same elements in the same order under another shape: nothing is copied."""
