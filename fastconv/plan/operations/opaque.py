"""User-defined layers, in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastconv._arguments import as_int
from fastconv.plan.executor import (
    Executor,
    FusedStep,
    Setting,
)
from fastconv.plan.parameters import Parameter
from fastconv.plan.recorder import Primitive, Recorder, Value


@dataclass(frozen=True, eq=False)
class Opaque(Primitive):
    """A user-defined layer in NumPy, with `forward(x, training)` and `backward(dy)`."""

    layer: Any

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(getattr(self.layer, "parameters", ()))

    @property
    def title(self) -> str:
        return f"opaque {type(self.layer).__name__}"


class OpaqueRecorder(Recorder):
    """Steps computed by user-defined layers."""

    def opaque(self, xs: Value | Sequence[Value], layer: Any) -> Value:
        """A user-defined layer.

        `layer.forward(x, training)` returns y and `layer.backward(dy)` returns dx, with the batch
        axis first; with several inputs, x and dx are lists. If the layer has
        `compute_output_shape`, it is called with the input's shape without the batch axis (or a
        list of shapes); otherwise y has the shape of x. The layer's `backward` writes the gradients
        of its `parameters` into their `grad`.
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
        if any(isinstance(step, Opaque) and step.layer == layer for step in steps):
            raise ValueError(
                f"{where}: a layer that keeps what its backward needs stands in a graph once; "
                f"received {layer!r} again"
            )
        shapes = [value.shape for value in values]
        shape = shapes[0]
        if hasattr(layer, "compute_output_shape"):
            shape = layer.compute_output_shape(shapes if len(shapes) > 1 else shape)
        sizes = tuple(as_int(s, "every size of the output", where=where) for s in shape)
        return self._record(Opaque(layer), values, sizes)


class _InInference:
    """A layer that runs as in inference even when the plan trains."""

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


class OpaqueExecutor(Executor):
    """y = layer.forward(x, training), dx = layer.backward(dy); results are copied.

    The layer may keep references to its arguments: its input and the gradient are not overwritten
    before its `backward` has returned.
    """

    algorithm = "the layer's own"

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        opaque = step.get(Opaque)
        self.layer = opaque.layer
        self.reads_input = self.reads_output = setting.backward

    def forward(self, training: bool, step: int) -> None:
        x = self.inputs if len(self.inputs) > 1 else self.inputs[0]
        self._copy(self.layer.forward(x, training), self.output, "forward")

    def backward(self, step: int) -> None:
        returned = self.layer.backward(self.d_output)
        gradients = returned if len(self.inputs) > 1 else [returned]
        for given, dx in zip(gradients, self.d_inputs, strict=True):
            if dx is not None:
                self._copy(given, dx, "backward")

    def _copy(self, given: Any, into: np.ndarray, method: str) -> None:
        array = np.asarray(given)
        if array.shape != into.shape:
            raise ValueError(
                f"{type(self.layer).__name__}.{method}: the result must have the shape "
                f"{into.shape}; received {array.shape}"
            )
        np.copyto(into, array, casting="same_kind")
