"""Recording: steps that work on single elements."""

from __future__ import annotations

from typing import Any

from fastconv._arguments import as_float
from fastconv.plan import primitives
from fastconv.plan.parameters import Parameter
from fastconv.plan.recorder import Recorder, Value, with_batch
from fastconv.plan.recording.activations import check_attrs


class Elementwise(Recorder):
    """Steps that work on single elements."""

    def activation(self, x: Value, kind: str, **attrs: Any) -> Value:
        """Apply a function to every element, or "softmax" along the last axis.

        `plan/recording/activations.py` has the kinds and their attributes.
        """
        where = self._where("activation")
        self._float_input(x, where)
        attrs = check_attrs(kind, attrs, where=where)
        if kind == "softmax" and not x.shape:
            raise ValueError(
                f"{where}: softmax needs an axis of classes; received x {with_batch(x)}"
            )
        return self._record(primitives.Activation(kind, attrs), (x,), x.shape)

    def prelu(self, x: Value, alpha: Parameter) -> Value:
        """x, or alpha * x where x <= 0; alpha has the shape of x, or 1 on axes that share it."""
        where = self._where("prelu")
        self._float_input(x, where)
        sizes = zip(alpha.shape, x.shape, strict=False)
        if len(alpha.shape) != len(x.shape) or not all(a in (1, size) for a, size in sizes):
            raise ValueError(
                f"{where}: alpha must have the axes of x, each of its size or 1; "
                f"received x {with_batch(x)}, alpha {alpha.shape}"
            )
        return self._record(primitives.PReLU(alpha), (x,), x.shape)

    def dropout(self, x: Value, rate: float, seed: int) -> Value:
        """Zero a share `rate` of the elements while training and scale up the rest.

        Within `inference` nothing is recorded, and x itself is returned.
        """
        where = self._where("dropout")
        self._float_input(x, where)
        rate, seed = _dropout_arguments(rate, seed, where)
        if rate == 0 or self.in_inference:
            return x
        return self._record(primitives.Dropout(rate, seed), (x,), x.shape)

    def spatial_dropout(self, x: Value, rate: float, seed: int) -> Value:
        """As `dropout`, but of whole channels: one draw for each sample and channel."""
        where = self._where("spatial_dropout")
        self._float_input(x, where)
        rate, seed = _dropout_arguments(rate, seed, where)
        if not x.shape:
            raise ValueError(f"{where}: x must have an axis of channels; received {with_batch(x)}")
        if rate == 0 or self.in_inference:
            return x
        return self._record(primitives.SpatialDropout(rate, seed), (x,), x.shape)

    def affine(self, x: Value, scale: float, offset: float) -> Value:
        """scale * x + offset; the one step that takes uint8 values and makes float32 of them."""
        where = self._where("affine")
        self._own(x, where)
        step = primitives.Affine(
            as_float(scale, "scale", where=where), as_float(offset, "offset", where=where)
        )
        return self._record(step, (x,), x.shape)

    def activity_penalty(self, x: Value, l1: float, l2: float) -> Value:
        """x, whose l1 * sum(abs(x)) + l2 * sum(x**2), by the number of samples, joins the loss."""
        where = self._where("activity_penalty")
        self._float_input(x, where)
        step = primitives.ActivityPenalty(
            as_float(l1, "l1", where=where), as_float(l2, "l2", where=where)
        )
        return self._record(step, (x,), x.shape)

    def add(self, a: Value, b: Value) -> Value:
        """a + b, element by element."""
        where = self._where("add")
        self._float_input(a, where)
        self._float_input(b, where)
        if a.shape != b.shape:
            raise ValueError(
                f"{where}: both must have one shape; received {with_batch(a)} and {with_batch(b)}"
            )
        return self._record(primitives.Add(), (a, b), a.shape)


def _dropout_arguments(rate: float, seed: int, where: str) -> tuple[float, int]:
    rate = as_float(rate, "rate", where=where)
    if not 0 <= rate < 1:
        raise ValueError(f"{where}: rate must be at least 0 and below 1; received {rate!r}")
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise TypeError(f"{where}: seed must be a whole number; received {seed!r}")
    if not 0 <= int(seed) < 2**64:
        raise ValueError(f"{where}: seed must be between 0 and 2**64 - 1; received {seed!r}")
    return rate, int(seed)
