"""Recording: steps that change an image's colours, or what lies in a box of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastconv._arguments import as_float, items_of
from fastconv.plan import primitives
from fastconv.plan.parameters import Parameter
from fastconv.plan.recorder import Value, with_batch
from fastconv.plan.recording.sampling import Sampling


class Adjusting(Sampling):
    """Steps that change an image's colours, or what lies in a box of it.

    x may be of bytes; within `inference` the random ones record nothing but their conversion.
    """

    def contrast(self, x: Value, factor: Any, limits: Any, seed: int) -> Value:
        """While training, clip((x - mean) * f + mean), f from `factor`, mean by channel."""
        where = self._where("contrast")
        self._image(x, where)
        step = primitives.Contrast(
            _range(factor, "factor", where),
            _range(limits, "limits", where),
            self._seed(seed, where),
        )
        return self._in_training(step, x)

    def brightness(self, x: Value, delta: Any, limits: Any, seed: int) -> Value:
        """While training, clip(x + d), d from the range `delta`."""
        where = self._where("brightness")
        self._image(x, where)
        step = primitives.Brightness(
            _range(delta, "delta", where), _range(limits, "limits", where), self._seed(seed, where)
        )
        return self._in_training(step, x)

    def erase(
        self,
        x: Value,
        chance: Any,
        scale: Any,
        fill: Sequence[float] | None,
        limits: Any,
        seed: int,
    ) -> Value:
        """While training, overwrite a box of some images; see `primitives.Erase`."""
        where = self._where("erase")
        self._image(x, where)
        if fill is not None and len(fill) != x.shape[2]:
            raise ValueError(
                f"{where}: fill must have a number for each of the {x.shape[2]} channels; "
                f"received {fill!r}"
            )
        step = primitives.Erase(
            _range(chance, "chance", where, 0, 1),
            _range(scale, "scale", where, 0, 1),
            None if fill is None else tuple(as_float(n, "fill", where=where) for n in fill),
            _range(limits, "limits", where),
            self._seed(seed, where),
        )
        return self._in_training(step, x)

    def standardize(
        self,
        x: Value,
        mean: Parameter,
        variance: Parameter,
        axes: Sequence[int],
        invert: bool = False,
    ) -> Value:
        """(x - mean) / sqrt(variance), or the way back, with a mean for each place along `axes`.

        `axes` are those of a sample, in order; mean and variance have their sizes.
        """
        where = self._where("standardize")
        self._own(x, where)
        kept = tuple(axes)
        if list(kept) != sorted({axis for axis in kept if 0 <= axis < len(x.shape)}):
            raise ValueError(
                f"{where}: axes must be axes of a sample in their order; received {kept}, "
                f"x {with_batch(x)}"
            )
        if not tuple(x.shape[axis] for axis in kept) == mean.shape == variance.shape:
            raise ValueError(
                f"{where}: mean and variance must have the sizes of x along {kept}; received "
                f"x {with_batch(x)}, mean {mean.shape}, variance {variance.shape}"
            )
        step = primitives.Standardize(mean, variance, kept, bool(invert))
        return self._record(step, (x,), x.shape)

    def _in_training(self, step: primitives.Primitive, x: Value) -> Value:
        if self.in_inference:
            return self.as_float(x)
        return self._record(step, (x,), x.shape)


def _range(
    given: Any, what: str, where: str, low: float = -math.inf, high: float = math.inf
) -> tuple[float, float]:
    ends = items_of(given)
    if ends is None or len(ends) != 2:
        raise ValueError(f"{where}: {what} must be (smallest, largest); received {given!r}")
    first, second = (as_float(end, what, where=where) for end in ends)
    if not low <= first <= second <= high:
        bounds = f", from {low:g} to {high:g}" if high < math.inf else ""
        raise ValueError(f"{where}: {what} must be (smallest, largest){bounds}; received {given!r}")
    return first, second
