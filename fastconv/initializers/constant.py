"""Weights that begin with one number."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastconv._arguments import as_float
from fastconv.initializers.base import Initializer


class Zeros(Initializer):
    """All zeros."""

    def __init__(self, **unknown: Any) -> None:
        super().__init__(**unknown)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.zeros(shape, np.float32)

    def get_config(self) -> dict[str, Any]:
        return {}


class Ones(Zeros):
    """All ones."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.ones(shape, np.float32)


class Constant(Initializer):
    """The same number everywhere."""

    def __init__(self, value: float = 0.0, **unknown: Any) -> None:
        super().__init__(**unknown)
        self.value = as_float(value, "value", where="Constant")

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.full(shape, self.value, np.float32)

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value}
