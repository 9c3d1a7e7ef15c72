"""Steps that multiply by a matrix of weights: convolution and dense."""

from __future__ import annotations

from dataclasses import dataclass

from fastconv.plan.geometry.shapes import Conv2DShape
from fastconv.plan.parameters import Parameter
from fastconv.plan.primitives.base import Primitive


@dataclass(frozen=True, eq=False)
class Conv2D(Primitive):
    """y = conv(x, w) + b; x (ih, iw, ic), w (kh, kw, ic/groups, oc), b (oc,).

    w may have other axes, as long as its numbers lie in this order.
    """

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
class Conv2DTranspose(Primitive):
    """y = the gradient of a convolution's input, plus b; `shape` is the convolution's from y to x.

    x (ih, iw, ic), w (kh, kw, oc, ic), b (oc,).
    """

    shape: Conv2DShape
    w: Parameter
    b: Parameter | None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (self.w,) if self.b is None else (self.w, self.b)

    @property
    def title(self) -> str:
        bias = "" if self.b is None else " + bias"
        return f"conv transposed {self.shape.kh}x{self.shape.kw}/{self.shape.sh}{bias}"


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
