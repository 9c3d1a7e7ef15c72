"""Array types and conversions that the definitions share."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]


def float64(x: ArrayLike) -> Array:
    return np.asarray(x, np.float64)


def activate(y: Array, activation: str | None) -> Array:
    return np.maximum(y, 0) if activation == "relu" else y
