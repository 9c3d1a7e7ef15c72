"""From pixels to numbers of order one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from fastconv.layers.base import Layer

if TYPE_CHECKING:
    from fastconv.plan.graph import Graph
    from fastconv.plan.recorder import Value


class Rescaling(Layer):
    """y = scale * x + offset; takes uint8 images as they are.

    Parameters
    ----------
    scale : float
        1 / 255 brings pixels into [0, 1].
    offset : float
    name, input_shape
        As for every `Layer`.

    Raises
    ------
    TypeError, ValueError
        If a number is none, or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> Rescaling(1 / 255)(np.array([[0, 255]], np.uint8))
    array([[0., 1.]], dtype=float32)
    """

    takes_uint8 = True

    def __init__(self, scale: float, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for what, number in (("scale", scale), ("offset", offset)):
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                raise TypeError(f"Rescaling: {what} must be a number; received {number!r}")
            if not math.isfinite(number):
                raise ValueError(f"Rescaling: {what} must be finite; received {number!r}")
        self.scale, self.offset = float(scale), float(offset)

    def emit(self, graph: Graph, x: Value) -> Value:
        return graph.affine(x, self.scale, self.offset)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}
