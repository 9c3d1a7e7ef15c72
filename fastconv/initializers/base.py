"""What every initializer is: a function from a shape and a seed to float32 values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastconv.utils.configured import Configured
from fastconv.utils.random import check_seed, generator, next_seed


class Initializer(Configured):
    """Makes an array of a given shape: ``initializer(shape)``.

    Parameters
    ----------
    seed : int, optional
        With one, every call gives the same values. Without one, the layer's seed decides, or for a
        call outside of a layer the global seed (`fastconv.utils.set_random_seed`).
    """

    def __init__(self, seed: int | None = None, **unknown: Any) -> None:
        super().__init__(**unknown)
        self.seed = check_seed(seed, where=type(self).__name__)

    def __call__(
        self, shape: Sequence[int], dtype: Any = np.float32, *, seed: int | None = None
    ) -> np.ndarray:
        """An array of `shape`; `seed` is used if the initializer has none of its own."""
        chosen = seed if self.seed is None else self.seed
        rng = generator(next_seed() if chosen is None else chosen)
        return self.draw(rng, tuple(shape)).astype(dtype, copy=False)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """The float32 values; what a subclass defines."""
        raise NotImplementedError(f"{type(self).__name__} must define draw(rng, shape)")

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}
