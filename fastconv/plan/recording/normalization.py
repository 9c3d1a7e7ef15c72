"""Recording: steps that bring values to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Callable

from fastconv._arguments import as_float, as_int
from fastconv.plan import primitives
from fastconv.plan.parameters import Parameter
from fastconv.plan.recorder import Recorder, Value, with_batch


def _always() -> bool:
    return True


class Normalizing(Recorder):
    """Steps that bring values to mean 0 and variance 1."""

    def batch_norm(
        self,
        x: Value,
        gamma: Parameter | None,
        beta: Parameter | None,
        mean: Parameter,
        variance: Parameter,
        *,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        adapts: Callable[[], bool] = _always,
    ) -> Value:
        """Normalise each channel of the last axis over the batch and all places.

        `mean` and `variance` (c,) are moved by training forward passes while `adapts` says so.
        """
        where = self._where("batch_norm")
        channels = self._channels(x, where)
        for name, parameter in (
            ("gamma", gamma),
            ("beta", beta),
            ("mean", mean),
            ("variance", variance),
        ):
            _check_shape(parameter, (channels,), name, x, where)
        momentum = as_float(momentum, "momentum", where=where)
        if not 0 <= momentum <= 1:
            raise ValueError(f"{where}: momentum must be from 0 to 1; received {momentum!r}")
        step = primitives.BatchNorm(
            gamma, beta, _epsilon(epsilon, where), mean, variance, momentum, adapts
        )
        return self._record(step, (x,), x.shape)

    def group_norm(
        self,
        x: Value,
        gamma: Parameter | None,
        beta: Parameter | None,
        groups: int,
        *,
        epsilon: float = 1e-3,
    ) -> Value:
        """Normalise each sample's `groups` groups of channels of the last axis."""
        where = self._where("group_norm")
        channels = self._channels(x, where)
        number = as_int(groups, "groups", where=where)
        if channels % number:
            raise ValueError(
                f"{where}: groups must divide the channels of x; "
                f"received groups {number}, x {with_batch(x)}"
            )
        for name, parameter in (("gamma", gamma), ("beta", beta)):
            _check_shape(parameter, (channels,), name, x, where)
        step = primitives.GroupNorm(gamma, beta, _epsilon(epsilon, where), number)
        return self._record(step, (x,), x.shape)

    def layer_norm(
        self,
        x: Value,
        gamma: Parameter | None,
        beta: Parameter | None,
        *,
        axes: int = 1,
        epsilon: float = 1e-3,
    ) -> Value:
        """Normalise over the last `axes` axes of each sample."""
        where = self._where("layer_norm")
        self._channels(x, where)
        number = as_int(axes, "axes", where=where)
        if number > len(x.shape):
            raise ValueError(
                f"{where}: axes must be at most those of a sample; "
                f"received axes {number}, x {with_batch(x)}"
            )
        for name, parameter in (("gamma", gamma), ("beta", beta)):
            _check_shape(parameter, x.shape[-number:], name, x, where)
        step = primitives.LayerNorm(gamma, beta, _epsilon(epsilon, where), number)
        return self._record(step, (x,), x.shape)

    def _channels(self, x: Value, where: str) -> int:
        self._float_input(x, where)
        if not x.shape:
            raise ValueError(f"{where}: x must have an axis of channels; received {with_batch(x)}")
        return x.shape[-1]


def _check_shape(
    parameter: Parameter | None, shape: tuple[int, ...], name: str, x: Value, where: str
) -> None:
    if parameter is not None and parameter.shape != shape:
        raise ValueError(
            f"{where}: {name} must have shape {shape}; "
            f"received {name} {parameter.shape}, x {with_batch(x)}"
        )


def _epsilon(value: float, where: str) -> float:
    number = as_float(value, "epsilon", where=where)
    if number < 0:
        raise ValueError(f"{where}: epsilon must be at least 0; received {value!r}")
    return number
