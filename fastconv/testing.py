"""Gradient check: a layer's backward pass against central differences of its forward pass."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastconv._arguments import as_float, as_int
from fastconv.layers.base import Layer
from fastconv.plan.graph import Graph
from fastconv.plan.plan import Plan
from fastconv.utils.arrays import as_numbers
from fastconv.utils.random import generator
from fastconv.utils.structures import leaves, rebuild

__all__ = ["GradientCheck", "check_gradients"]

_EPSILON = float(np.finfo(np.float32).eps)
# The first step minimizes the error of a central difference, h² from truncation and eps / h from
# rounding; the smaller ones are tried where the function has a kink within the step.
_STEPS = (2.0**-8, 2.0**-11, 2.0**-14)


@dataclass(frozen=True)
class GradientCheck:
    """The gradient of one array compared with central differences.

    Attributes
    ----------
    name : str
        "x", "x[1]", ... for the inputs, else the parameter's name.
    checked : int
        Number of elements checked.
    index : tuple of int
        The element with the largest error relative to its tolerance.
    backward, differences : float
        Its gradient by the backward pass and by central differences.
    allowed : float
        Its tolerance, for rounding and truncation errors.
    """

    name: str
    checked: int
    index: tuple[int, ...]
    backward: float
    differences: float
    allowed: float

    @property
    def right(self) -> bool:
        """Whether the two agree within the tolerance."""
        return abs(self.backward - self.differences) <= self.allowed

    def __str__(self) -> str:
        verdict = "right" if self.right else "wrong"
        return (
            f"{self.name}: {verdict} ({self.checked} elements; furthest off at {self.index}: "
            f"backward {self.backward:.6g}, differences {self.differences:.6g}, allowed "
            f"{self.allowed:.2g})"
        )


def check_gradients(
    layer: Layer,
    x: Any,
    *,
    training: bool = True,
    samples: int = 20,
    rtol: float = 2e-3,
    seed: int = 0,
) -> list[GradientCheck]:
    """Compare every gradient of a layer or a model with central differences.

    The outputs are summed with random weights; each element checked is moved up and down, and the
    change of the sum is taken in float64 and divided by the step as rounded to float32. At a kink
    (ReLU, max pooling) any slope between the one-sided slopes is right. Dropout keeps its mask.

    Parameters
    ----------
    layer : Layer or Model
        Built for `x` if it is not built yet; its parameters are restored afterwards.
    x : array, or a list or dictionary of them, with the batch axis first
        Converted to float32; values of order one suit the step size.
    training : bool
        Whether to check the layer in training mode.
    samples : int
        Largest number of elements checked in each array, drawn at random.
    rtol : float
        Tolerance relative to the gradient, in addition to rounding errors.
    seed : int
        Seed of the draws.

    Returns
    -------
    list of GradientCheck
        One for every input and every trainable parameter.

    Raises
    ------
    AssertionError
        If a gradient is wrong; says which, where, and both numbers.

    Examples
    --------
    >>> from fastconv.layers import Dense
    >>> layer = Dense(3, activation="relu")
    >>> checks = check_gradients(layer, np.linspace(-1, 1, 8).reshape(2, 4))
    >>> [check.name for check in checks]
    ['x', 'dense/kernel', 'dense/bias']
    """
    samples = as_int(samples, "samples", where="check_gradients")
    rtol = as_float(rtol, "rtol", where="check_gradients")
    if not isinstance(layer, Layer):
        raise TypeError(f"check_gradients: takes a layer or a model; received {layer!r}")
    probe = _Probe(layer, x, training, seed)
    try:
        checks = [
            _worst(probe, name, array, gradient, samples, rtol)
            for name, array, gradient in probe.gradients()
        ]
    finally:
        probe.restore()
    wrong = [check for check in checks if not check.right]
    if wrong:
        listed = "\n".join(f"  {check}" for check in checks)
        raise AssertionError(
            f"{layer.name}: the backward pass must be the derivative of the forward pass; received "
            f"{len(wrong)} wrong of {len(checks)} gradients:\n{listed}"
        )
    return checks


class _Probe:
    """A layer's plan on inputs and parameters that can be perturbed, and random output weights."""

    def __init__(self, layer: Layer, x: Any, training: bool, seed: int) -> None:
        given, structure = layer.split_inputs(x)
        where = "check_gradients"
        self.xs = [np.array(as_numbers(a, "x", where=where), np.float32) for a in given]
        layer.ensure_built(rebuild(structure, [a.shape[1:] for a in self.xs]))
        graph = Graph()
        values = [graph.input(a.shape[1:]) for a in self.xs]
        with graph.layer(layer.name), graph.inference(not training):
            for y in leaves(layer.emit(graph, rebuild(structure, values))):
                graph.output(y)
        self.plan = Plan(graph, len(self.xs[0]), training=True, input_gradient=True)
        self.parameters = graph.parameters
        self.before = [p.value.copy() for p in self.parameters]
        rng = generator(seed, 0)
        self.dys = [rng.uniform(0.5, 1.5, y.shape).astype(np.float32) for y in self.outputs()]
        for dy in self.dys:
            dy *= rng.choice([-1, 1], dy.shape)
        self.rng = rng

    def restore(self) -> None:
        """Restore all parameters (some, such as moving averages, change in a forward pass)."""
        for parameter, value in zip(self.parameters, self.before, strict=True):
            parameter.value = value

    def outputs(self) -> list[np.ndarray]:
        """The outputs, in new float64 arrays."""
        self.restore_untrained()
        y = self.plan.forward(_one_or_list(self.xs), step=1)
        return [part.astype(np.float64) for part in (y if isinstance(y, list) else [y])]

    def restore_untrained(self) -> None:
        """Restore the non-trainable parameters, so that every evaluation starts from the same."""
        for parameter, value in zip(self.parameters, self.before, strict=True):
            if not parameter.trainable:
                parameter.value = value

    def gradients(self) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """(name, array, copy of its gradient) of every input and trainable parameter."""
        trained = [p for p in self.parameters if p.trainable]
        for parameter in trained:
            parameter.allocate_grad()[...] = np.nan  # reveals elements that are not written
        self.outputs()
        dx = self.plan.backward(_one_or_list(self.dys))
        dxs = [np.array(part) for part in (dx if isinstance(dx, list) else [dx])]
        names = ["x"] if len(dxs) == 1 else [f"x[{k}]" for k in range(len(dxs))]
        parts = [(p, p.allocate_grad().copy()) for p in trained]
        yield from zip(names, self.xs, dxs, strict=True)
        for parameter, gradient in parts:
            with parameter.changing() as array:
                yield parameter.name, array, gradient


def _worst(
    probe: _Probe, name: str, array: np.ndarray, gradient: np.ndarray, samples: int, rtol: float
) -> GradientCheck:
    """The check of the element of `array` whose gradient is furthest off."""
    count = min(samples, array.size)
    flat_indices = probe.rng.choice(array.size, count, replace=False)
    checks = []
    for flat_index in flat_indices:
        index = tuple(int(i) for i in np.unravel_index(flat_index, array.shape))
        slope, allowed = _slope(probe, array, index, float(gradient[index]), rtol)
        checks.append(GradientCheck(name, count, index, float(gradient[index]), slope, allowed))
    return max(checks, key=_relative_error)


def _relative_error(check: GradientCheck) -> float:
    error = abs(check.backward - check.differences) / max(check.allowed, 1e-300)
    return math.inf if math.isnan(error) else error


def _slope(
    probe: _Probe, array: np.ndarray, index: tuple[int, ...], claimed: float, rtol: float
) -> tuple[float, float]:
    """The slope by central differences, and the tolerance for a gradient."""
    middle = float(array[index])
    at_middle = probe.outputs()
    for size in _STEPS:
        step = size * max(1.0, abs(middle))
        sides = []
        for sign in (1, -1):
            array[index] = middle + sign * step
            moved = float(array[index]) - middle  # the step as rounded to float32
            sides.append((moved, probe.outputs()))
            array[index] = middle
        (up, above), (down, below) = sides
        right = _sum(probe.dys, above, at_middle) / up
        left = _sum(probe.dys, below, at_middle) / down
        slope = _sum(probe.dys, above, below) / (up - down)
        allowed = 8 * _EPSILON * _changed_magnitude(probe.dys, above, below) / step
        allowed += rtol * max(abs(slope), abs(claimed))
        if min(left, right) <= claimed <= max(left, right):
            return claimed, allowed  # a kink, or too much curvature for this step
        if abs(claimed - slope) <= allowed or abs(right - left) <= allowed:
            break
    return slope, allowed


def _changed_magnitude(
    dys: list[np.ndarray], above: list[np.ndarray], below: list[np.ndarray]
) -> float:
    """The summed magnitude of all terms that the step changed, each of which is rounded."""
    return sum(
        float((np.abs(dy) * (a != b) * np.maximum(np.abs(a), np.abs(b).mean())).sum())
        for dy, a, b in zip(dys, above, below, strict=True)
    )


def _sum(dys: list[np.ndarray], a: list[np.ndarray], b: list[np.ndarray]) -> float:
    """The weighted change of the outputs from b to a."""
    parts = zip(dys, a, b, strict=True)
    return sum(float((dy.astype(np.float64) * (y - z)).sum()) for dy, y, z in parts)


def _one_or_list(arrays: list[np.ndarray]) -> Any:
    return arrays[0] if len(arrays) == 1 else arrays
