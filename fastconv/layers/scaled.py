"""What the normalisations share: a trained factor gamma and offset beta behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastconv import initializers
from fastconv._arguments import as_float
from fastconv.layers.base import Layer
from fastconv.plan.parameters import Parameter
from fastconv.utils.configured import serialize


class ScaledNormalization(Layer):
    """A normalisation with its epsilon, gamma and beta."""

    gamma: Parameter | None
    beta: Parameter | None

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        where = type(self).__name__
        self.epsilon = as_float(epsilon, "epsilon", where=where)
        if self.epsilon < 0:
            raise ValueError(f"{where}: epsilon must be at least 0; received {epsilon!r}")
        for what, value in (("center", center), ("scale", scale)):
            if not isinstance(value, bool):
                raise TypeError(f"{where}: {what} must be True or False; received {value!r}")
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)

    def add_scale(self, shape: Sequence[int]) -> None:
        """Make gamma and beta, as far as they are wanted."""
        self.gamma = self.add_weight("gamma", shape, self.gamma_initializer) if self.scale else None
        self.beta = self.add_weight("beta", shape, self.beta_initializer) if self.center else None

    def scale_config(self) -> dict[str, Any]:
        """The arguments that all normalisations have."""
        return {
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": serialize(self.beta_initializer),
            "gamma_initializer": serialize(self.gamma_initializer),
        }
