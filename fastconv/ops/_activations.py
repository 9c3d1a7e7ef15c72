"""The door of every elementwise activation: arrays are checked, then one kernel runs."""

from __future__ import annotations

from typing import Any

from fastconv.kernels.activations.activation import activation_bwd, activation_fwd
from fastconv.ops._checks import Array, float32, number, result, same_shape


def forward(where: str, kind: str, x: Any, out: Array | None, *numbers: float) -> Array:
    """f(x) for the kernel's function `kind` with its parameters."""
    inputs = float32(x, "x", where)
    y = result(out, inputs.shape, where, allow_same=True, x=x)
    activation_fwd(kind, inputs.reshape(-1), y.reshape(-1), *numbers)
    return y


def backward(
    where: str, kind: str, dy: Any, s: Any, what: str, out: Array | None, *numbers: float
) -> Array:
    """dy * f'(x), from `s`, which is called `what`: "y" or "x", as the kernel wants it."""
    dout, read = float32(dy, "dy", where), float32(s, what, where)
    same_shape(dout, read.shape, "dy", what, where)
    dx = result(out, read.shape, where, allow_same=True, **{"dy": dy, what: s})
    activation_bwd(kind, dout.reshape(-1), read.reshape(-1), dx.reshape(-1), *numbers)
    return dx


def positive(value: Any, what: str, where: str) -> float:
    """A number of at least 0."""
    return number(value, what, where, 0)
