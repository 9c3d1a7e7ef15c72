"""Steps that the engine does not look into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastconv.plan.parameters import Parameter
from fastconv.plan.primitives.base import Primitive


@dataclass(frozen=True, eq=False)
class Opaque(Primitive):
    """A layer that computes by itself, in NumPy: `forward(x, training)` and `backward(dy)`."""

    layer: Any

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(getattr(self.layer, "parameters", ()))

    @property
    def title(self) -> str:
        return f"opaque {type(self.layer).__name__}"
