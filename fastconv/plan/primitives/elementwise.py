"""Steps that work on single elements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastconv.plan.parameters import Parameter
from fastconv.plan.primitives.base import Primitive


@dataclass(frozen=True, eq=False)
class Activation(Primitive):
    """y = f(x); "softmax" works along the last axis, everything else on single elements."""

    kind: str
    attrs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.kind


@dataclass(frozen=True, eq=False)
class PReLU(Primitive):
    """y = x, or alpha * x where x <= 0; alpha has the shape of x, or 1 on axes that share it."""

    alpha: Parameter

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (self.alpha,)


@dataclass(frozen=True, eq=False)
class Dropout(Primitive):
    """y = x * mask / (1 - rate) while training, y = x otherwise; mask = f(seed, step, element)."""

    rate: float
    seed: int

    @property
    def title(self) -> str:
        return f"dropout {self.rate:g}"


@dataclass(frozen=True, eq=False)
class SpatialDropout(Primitive):
    """As `Dropout`, with one draw for all places of a sample's channel."""

    rate: float
    seed: int

    @property
    def title(self) -> str:
        return f"spatial dropout {self.rate:g}"


@dataclass(frozen=True, eq=False)
class Affine(Primitive):
    """y = scale * x + offset, from uint8 or float32 to float32."""

    scale: float
    offset: float

    @property
    def title(self) -> str:
        return f"affine {self.scale:.4g}, {self.offset:.4g}"


@dataclass(frozen=True, eq=False)
class ActivityPenalty(Primitive):
    """y = x, which costs (l1 * sum(abs(x)) + l2 * sum(x**2)) / samples where there is a loss."""

    l1: float
    l2: float

    @property
    def title(self) -> str:
        return f"penalty l1 {self.l1:.4g}, l2 {self.l2:.4g}"


@dataclass(frozen=True, eq=False)
class Add(Primitive):
    """y = a + b, of one shape."""
