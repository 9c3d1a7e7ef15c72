"""What the normalisations check: x with channels, and numbers for each of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv.ops._checks import Array, float32, number, vector


def with_channels(x: Any, where: str, axes: int = 2) -> Array:
    """`x` with at least `axes` axes and at least one channel."""
    array = float32(x, "x", where)
    if array.ndim < axes or array.shape[-1] == 0:
        raise ValueError(
            f"{where}: x must have at least {axes} axes, the last one of channels; "
            f"received shape {array.shape}"
        )
    return array


def per_channel(value: Any, default: float, x: Array, what: str, where: str) -> Array:
    """One number for each channel of x; `default` for all if None."""
    if value is None:
        return np.full(x.shape[-1], default, np.float32)
    return vector(value, x.shape[-1], what, "channels of x", where)


def inverse(variance: Array, epsilon: Any, where: str) -> Array:
    """1 / sqrt(variance + epsilon)."""
    small = number(epsilon, "epsilon", where, 0)
    return np.float32(1) / np.sqrt(variance + np.float32(small))
