"""Activations as operations: the definitions, and the definitions' own gradients."""

import inspect

import numpy as np
import pytest

from fastconv import ops, reference
from fastconv.kernels.activations.activation import FROM_OUTPUT

NAMES = [name for name in (*FROM_OUTPUT, "selu") if name != "gelu_tanh"]
ARGUMENTS = {
    "leaky_relu": [{}, {"negative_slope": 0.5}],
    "clipped_relu": [{}, {"max_value": 2.5, "negative_slope": 0.5, "threshold": 1}],
    "elu": [{}, {"alpha": 2}],
    "gelu": [{}, {"approximate": True}],
}
CASES = [(name, arguments) for name in NAMES for arguments in ARGUMENTS.get(name, [{}])]
X = np.random.default_rng(0).uniform(-4, 4, (5, 7)) + 1e-3


def reads_output(name):
    return "y" in inspect.signature(getattr(ops, f"{name}_backward")).parameters


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_operation_and_gradient_are_those_of_the_reference(name, arguments):
    x, dy = X.astype(np.float32), X[::-1].astype(np.float32)
    y = getattr(reference, name)(x, **arguments)
    actual = getattr(ops, name)(x, **arguments)
    np.testing.assert_allclose(actual, y, rtol=3e-6, atol=1e-6)
    read = actual if reads_output(name) else x
    dx = getattr(reference, f"{name}_backward")(dy, read, **arguments)
    actual = getattr(ops, f"{name}_backward")(dy, read, **arguments)
    np.testing.assert_allclose(actual, dx, rtol=3e-6, atol=1e-5 * np.abs(y).max())


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_the_reference_gradient_is_the_derivative(name, arguments):
    function, step = getattr(reference, name), 1e-6
    slope = (function(X + step, **arguments) - function(X - step, **arguments)) / (2 * step)
    read = function(X, **arguments) if reads_output(name) else X
    gradient = getattr(reference, f"{name}_backward")(np.ones_like(X), read, **arguments)
    # truncation goes with step**2, cancellation with eps / step
    np.testing.assert_allclose(gradient, slope, rtol=1e-7, atol=1e-8 * np.abs(slope).max() + 1e-9)


def test_the_reference_gradients_of_prelu_are_the_derivatives():
    rng = np.random.default_rng(1)
    x, alpha = rng.uniform(-1, 1, (4, 3, 2)), rng.uniform(-1, 1, (3, 1))
    dy = rng.uniform(-1, 1, x.shape)
    dx, dalpha = reference.prelu_backward(dy, x, alpha)
    for at in np.ndindex(alpha.shape):
        up = alpha.copy()
        up[at] += 1e-3  # linear in alpha: no truncation
        difference = (dy * (reference.prelu(x, up) - reference.prelu(x, alpha))).sum() / 1e-3
        assert dalpha[at] == pytest.approx(difference, rel=1e-9)
    step = 1e-7
    slope = (reference.prelu(x + step, alpha) - reference.prelu(x - step, alpha)) / (2 * step)
    np.testing.assert_allclose(dx, dy * slope, rtol=1e-6)


def test_the_stated_error_of_gelu():
    x = np.linspace(-14, 14, 100_001, dtype=np.float32)
    exact = reference.gelu(x)
    allowed = abs(x) * 2.0**-22 + abs(exact) * 2.0**-23
    assert (abs(ops.gelu(x) - exact) <= allowed).all()
    assert abs(ops.gelu(x, approximate=True) - exact).max() <= 5e-4
