"""Recording: steps that the engine does not look into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastconv._arguments import as_int
from fastconv.plan import primitives
from fastconv.plan.recorder import Recorder, Value


class Opaques(Recorder):
    """Steps that the engine does not look into."""

    def opaque(self, xs: Value | Sequence[Value], layer: Any) -> Value:
        """A layer that computes by itself.

        `layer.forward(x, training)` returns y and `layer.backward(dy)` returns dx, with
        the batch axis first; with several inputs, x and dx are lists. If the layer has
        `compute_output_shape`, it is asked with the input's shape without the batch axis (or a list
        of them); otherwise y has the shape of x. Gradients of the layer's own `parameters` are
        written by its `backward` into their `grad`.
        """
        where = self._where("opaque")
        values = (xs,) if isinstance(xs, Value) else tuple(xs)
        if not values:
            raise ValueError(f"{where}: a layer needs an input; received none")
        for value in values:
            self._float_input(value, where)
        for method in ("forward", "backward"):
            if not callable(getattr(layer, method, None)):
                raise TypeError(f"{where}: a layer needs a method {method}; received {layer!r}")
        if self.in_inference:
            layer = _InInference(layer)
        steps = [node.primitive for node in self.nodes]
        if any(isinstance(step, primitives.Opaque) and step.layer == layer for step in steps):
            raise ValueError(
                f"{where}: a layer that keeps what its backward needs stands in a graph once; "
                f"received {layer!r} again"
            )
        shapes = [value.shape for value in values]
        shape = shapes[0]
        if hasattr(layer, "compute_output_shape"):
            shape = layer.compute_output_shape(shapes if len(shapes) > 1 else shape)
        sizes = tuple(as_int(s, "every size of the output", where=where) for s in shape)
        return self._record(primitives.Opaque(layer), values, sizes)


class _InInference:
    """A layer that computes as in inference while the plan trains."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.parameters = tuple(getattr(layer, "parameters", ()))
        self.backward = layer.backward
        if hasattr(layer, "compute_output_shape"):
            self.compute_output_shape = layer.compute_output_shape

    def forward(self, x: Any, training: bool) -> Any:
        return self.layer.forward(x, False)

    def __eq__(self, other: object) -> bool:
        return other is self.layer or (
            isinstance(other, _InInference) and other.layer is self.layer
        )

    __hash__ = None  # type: ignore[assignment]
