"""Steps that bring values to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastconv.plan.parameters import Parameter
from fastconv.plan.primitives.base import Primitive


@dataclass(frozen=True, eq=False)
class Normalization(Primitive):
    """y = (x - mean) / sqrt(variance + epsilon) * gamma + beta; gamma and beta may be missing."""

    gamma: Parameter | None
    beta: Parameter | None
    epsilon: float

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(p for p in (self.gamma, self.beta) if p is not None)


@dataclass(frozen=True, eq=False)
class BatchNorm(Normalization):
    """Statistics over everything but the last axis: the batch's while training, else `mean` and
    `variance` (c,), which training moves: mean = momentum * mean + (1 - momentum) * the batch's.

    `adapts` says, at every training step, whether it does so; if not, the statistics stay as they
    are and are used as in inference.
    """

    mean: Parameter
    variance: Parameter
    momentum: float
    adapts: Callable[[], bool]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (*super().parameters, self.mean, self.variance)

    @property
    def title(self) -> str:
        return "batch norm"


@dataclass(frozen=True, eq=False)
class GroupNorm(Normalization):
    """Statistics of each sample's groups of neighbouring channels, over all places."""

    groups: int

    @property
    def title(self) -> str:
        return f"group norm {self.groups}"


@dataclass(frozen=True, eq=False)
class LayerNorm(Normalization):
    """Statistics over the last `axes` axes; gamma and beta have the shape of these."""

    axes: int

    @property
    def title(self) -> str:
        return "layer norm"
