"""What every optimizer is: a learning rate, a count of steps, arrays beside the weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastconv.plan.arena import aligned_zeros
from fastconv.plan.parameters import Parameter, ParameterStore
from fastconv.utils.configured import Configured

Slots = dict[str, dict[Parameter, np.ndarray]]


class Optimizer(Configured):
    """Changes a model's parameters by their gradients.

    A subclass names its slots (arrays as large as the trainable parameters, zero at the start) and
    defines `update`.

    Parameters
    ----------
    learning_rate : float

    Attributes
    ----------
    learning_rate : float
        May be set at any time.
    iterations : int
        Steps taken so far.
    """

    slot_names: tuple[str, ...] = ()

    def __init__(self, learning_rate: float, **unknown: Any) -> None:
        super().__init__(**unknown)
        self.learning_rate = learning_rate
        self.iterations = 0
        self.store: ParameterStore | None = None
        self._slots: dict[str, np.ndarray] = {}

    @property
    def learning_rate(self) -> float:
        """Size of a step."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = check_number(
            value, "learning_rate", 0, math.inf, where=type(self).__name__
        )

    def build(self, store: ParameterStore) -> None:
        """Work on `store` from now on; what the slots held for its parameters is kept."""
        if store is self.store:
            return
        before = self.slots()
        self.store = store
        store.allocate_grads()
        self._slots = {
            name: aligned_zeros((store.trainable_size,), np.float32) for name in self.slot_names
        }
        for name, views in self.slots().items():
            for parameter, view in views.items():
                if parameter in before.get(name, {}):
                    view[...] = before[name][parameter]

    def slots(self) -> Slots:
        """For every slot's name, its part of each parameter: views that may be written to."""
        if self.store is None:
            return {}
        return {name: dict(self.store.views(flat)) for name, flat in self._slots.items()}

    def apply(self) -> None:
        """Take one step along the gradients that lie in the store."""
        store = self.store
        if store is None or store.grads is None:
            raise ValueError("optimizer: apply follows build(store) and a backward pass")
        self.iterations += 1
        weights = store.values[: store.trainable_size]
        if weights.size:
            self.update(weights, store.grads, self._slots)

    def update(self, w: np.ndarray, g: np.ndarray, slots: dict[str, np.ndarray]) -> None:
        """One step over flat float32 arrays: changes `w` and `slots` in place."""
        raise NotImplementedError(f"{type(self).__name__} must define update(w, g, slots)")

    def get_config(self) -> dict[str, Any]:
        return {"learning_rate": self.learning_rate}


def check_number(value: Any, what: str, low: float, high: float, *, where: str) -> float:
    """A finite float with low <= value < high; TypeError or ValueError otherwise."""
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise TypeError(f"{where}: {what} must be a number; received {value!r}")
    number = float(value)
    if not (low <= number < high):
        rule = f"at least {low}" if high == math.inf else f"at least {low} and below {high}"
        raise ValueError(f"{where}: {what} must be finite, {rule}; received {value!r}")
    return number
