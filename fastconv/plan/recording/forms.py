"""Recording: steps that change only the form of a value."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fastconv._arguments import as_int, items_of
from fastconv.plan import primitives
from fastconv.plan.values import Recorder, Value, with_batch


class Forms(Recorder):
    """Steps that change only the form of a value."""

    def reshape(self, x: Value, shape: Sequence[int]) -> Value:
        """The same elements under another shape (without the batch axis); one size may be -1."""
        where = self._where("reshape")
        self._own(x, where)
        given = items_of(shape)
        if given is None:
            raise TypeError(f"{where}: shape must be a sequence of sizes; received {shape!r}")
        sizes = [-1 if s == -1 else as_int(s, "every size", where=where) for s in given]
        known = math.prod(s for s in sizes if s != -1)
        if sizes.count(-1) == 1 and x.size % known == 0:
            sizes[sizes.index(-1)] = x.size // known
        if -1 in sizes or math.prod(sizes) != x.size:
            raise ValueError(
                f"{where}: the number of elements must stay {x.size}; "
                f"received x {with_batch(x)}, shape {tuple(given)}"
            )
        return self._record(primitives.Reshape(), (x,), tuple(sizes), x.dtype)
