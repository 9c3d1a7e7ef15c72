"""A network as a list of primitive steps, recorded in order and checked while it is recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastconv._arguments import as_int, check_choice, items_of
from fastconv.plan import primitives
from fastconv.plan.padding import Padding
from fastconv.plan.parameters import Parameter
from fastconv.plan.shapes import conv2d_shape, pool2d_shape
from fastconv.plan.values import Recorder, Value, with_batch

ACTIVATIONS = ("relu", "softmax")


class Graph(Recorder):
    """Records primitive steps; every method that records one returns its result as a `Value`.

    Shapes are checked here, so that a network that cannot be is refused before anything is
    computed: `ValueError` or `TypeError` with the rule and what was received.

    Examples
    --------
    >>> graph = Graph()
    >>> x = graph.input((32, 32, 3), dtype="uint8")
    >>> y = graph.pool2d(graph.affine(x, 1 / 255, 0), "max", 2)
    >>> graph.output(graph.reshape(y, (-1,)))
    >>> graph.outputs
    [Value((768,), float32)]
    """

    def conv2d(
        self,
        x: Value,
        w: Parameter,
        b: Parameter | None = None,
        *,
        strides: int | Sequence[int] = 1,
        padding: Padding = "valid",
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
    ) -> Value:
        """Convolve x (ih, iw, ic) with w (kh, kw, ic/groups, oc), plus b (oc,)."""
        where = self._where("conv2d")
        self._float_input(x, where, rank=3)
        shape = conv2d_shape(
            (1, *x.shape), w.shape, strides, padding, dilation, groups, where=where
        )
        _check_bias(b, shape.oc, w, where)
        return self._record(primitives.Conv2D(shape, w, b), (x,), shape.y_shape[1:])

    def dense(self, x: Value, w: Parameter, b: Parameter | None = None) -> Value:
        """Multiply the last axis of x by w (ic, oc), plus b (oc,)."""
        where = self._where("dense")
        self._float_input(x, where)
        if len(w.shape) != 2:
            raise ValueError(f"{where}: w must have two axes (ic, oc); received {w.shape}")
        ic = x.shape[-1] if x.shape else 0
        if ic != w.shape[0]:
            raise ValueError(
                f"{where}: x has {ic} features, w expects {w.shape[0]}; "
                f"received x {with_batch(x)}, w {w.shape}"
            )
        _check_bias(b, w.shape[1], w, where)
        return self._record(primitives.Dense(w, b), (x,), (*x.shape[:-1], w.shape[1]))

    def activation(self, x: Value, kind: str, **attrs: Any) -> Value:
        """Apply "relu" to every element, or "softmax" along the last axis."""
        where = self._where("activation")
        self._float_input(x, where)
        check_choice(kind, ACTIVATIONS, where=where, what="kind")
        if attrs:
            raise TypeError(f"{where}: {kind} takes no further arguments; received {attrs}")
        if kind == "softmax" and not x.shape:
            raise ValueError(
                f"{where}: softmax needs an axis of classes; received x {with_batch(x)}"
            )
        return self._record(primitives.Activation(kind, attrs), (x,), x.shape)

    def pool2d(
        self,
        x: Value,
        kind: str,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        padding: Padding = "valid",
        *,
        ceil_mode: bool = False,
        count_include_pad: bool = False,
    ) -> Value:
        """Pool x (ih, iw, ic) with "max" or "avg"; `strides` defaults to `pool_size`."""
        where = self._where("pool2d")
        check_choice(kind, ("max", "avg"), where=where, what="kind")
        self._float_input(x, where, rank=3)
        shape = pool2d_shape(
            (1, *x.shape), pool_size, strides, padding, ceil_mode=ceil_mode, where=where
        )
        step = primitives.Pool2D(kind, shape, bool(count_include_pad))
        return self._record(step, (x,), shape.y_shape[1:])

    def dropout(self, x: Value, rate: float, seed: int) -> Value:
        """Zero a share `rate` of the elements while training and scale up the rest."""
        where = self._where("dropout")
        self._float_input(x, where)
        rate = _as_float(rate, "rate", where)
        if not 0 <= rate < 1:
            raise ValueError(f"{where}: rate must be at least 0 and below 1; received {rate!r}")
        if isinstance(seed, bool) or not hasattr(seed, "__index__"):
            raise TypeError(f"{where}: seed must be a whole number; received {seed!r}")
        if not 0 <= int(seed) < 2**64:
            raise ValueError(f"{where}: seed must be between 0 and 2**64 - 1; received {seed!r}")
        if rate == 0:
            return x
        return self._record(primitives.Dropout(rate, int(seed)), (x,), x.shape)

    def affine(self, x: Value, scale: float, offset: float) -> Value:
        """scale * x + offset; the one step that takes uint8 values and makes float32 of them."""
        where = self._where("affine")
        self._own(x, where)
        step = primitives.Affine(
            _as_float(scale, "scale", where), _as_float(offset, "offset", where)
        )
        return self._record(step, (x,), x.shape)

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
        steps = [node.primitive for node in self.nodes]
        if any(isinstance(step, primitives.Opaque) and step.layer is layer for step in steps):
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


def _check_bias(b: Parameter | None, oc: int, w: Parameter, where: str) -> None:
    if b is not None and b.shape != (oc,):
        raise ValueError(
            f"{where}: b must have one element for each of the {oc} outputs of w; "
            f"received b {b.shape}, w {w.shape}"
        )


def _as_float(number: Any, what: str, where: str) -> float:
    try:
        value = float(number)
    except (TypeError, ValueError):
        raise TypeError(f"{where}: {what} must be a number; received {number!r}") from None
    if not math.isfinite(value):
        raise ValueError(f"{where}: {what} must be finite; received {number!r}")
    return value
