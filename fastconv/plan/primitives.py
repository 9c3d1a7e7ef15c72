"""The primitive steps: what a layer can say of itself, one small record each.

Shapes leave out the batch axis; a `Conv2DShape` or `Pool2DShape` in here has `mb` 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastconv.plan.parameters import Parameter
from fastconv.plan.shapes import Conv2DShape, Pool2DShape


@dataclass(frozen=True, eq=False)
class Primitive:
    """A step of a graph. `parameters` are those that it reads and, if trainable, differentiates."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return ()

    @property
    def title(self) -> str:
        """A word or two for the plan's report."""
        return type(self).__name__.lower()


@dataclass(frozen=True, eq=False)
class Conv2D(Primitive):
    """y = conv(x, w) + b; x (ih, iw, ic), w (kh, kw, ic/groups, oc), b (oc,)."""

    shape: Conv2DShape
    w: Parameter
    b: Parameter | None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (self.w,) if self.b is None else (self.w, self.b)

    @property
    def title(self) -> str:
        shape = self.shape
        stride = f"/{shape.sh}" if shape.sh == shape.sw else f"/{shape.sh}x{shape.sw}"
        groups = f" groups {shape.groups}" if shape.groups > 1 else ""
        bias = "" if self.b is None else " + bias"
        return f"conv {shape.kh}x{shape.kw}{stride if stride != '/1' else ''}{groups}{bias}"


@dataclass(frozen=True, eq=False)
class Dense(Primitive):
    """y = x @ w + b along the last axis; w (ic, oc), b (oc,)."""

    w: Parameter
    b: Parameter | None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (self.w,) if self.b is None else (self.w, self.b)

    @property
    def title(self) -> str:
        return "dense" if self.b is None else "dense + bias"


@dataclass(frozen=True, eq=False)
class Activation(Primitive):
    """y = f(x); "softmax" works along the last axis, everything else on single elements."""

    kind: str
    attrs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.kind


@dataclass(frozen=True, eq=False)
class Pool2D(Primitive):
    """The largest element or the mean of each window; padding is never counted as an element.

    With `count_include_pad` the mean divides by the whole window, also where it hangs over.
    """

    kind: str
    shape: Pool2DShape
    count_include_pad: bool = False

    @property
    def title(self) -> str:
        shape = self.shape
        stride = f"/{shape.sh}" if shape.sh == shape.sw else f"/{shape.sh}x{shape.sw}"
        return f"{self.kind} pool {shape.kh}x{shape.kw}{stride}"


@dataclass(frozen=True, eq=False)
class Dropout(Primitive):
    """y = x * mask / (1 - rate) while training, y = x otherwise; mask = f(seed, step, element)."""

    rate: float
    seed: int

    @property
    def title(self) -> str:
        return f"dropout {self.rate:g}"


@dataclass(frozen=True, eq=False)
class Affine(Primitive):
    """y = scale * x + offset, from uint8 or float32 to float32."""

    scale: float
    offset: float

    @property
    def title(self) -> str:
        return f"affine {self.scale:.4g}, {self.offset:.4g}"


@dataclass(frozen=True, eq=False)
class Reshape(Primitive):
    """The same elements in the same order under another shape: nothing is copied."""


@dataclass(frozen=True, eq=False)
class Add(Primitive):
    """y = a + b, of one shape."""


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
