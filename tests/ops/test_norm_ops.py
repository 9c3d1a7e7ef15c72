"""Normalizations as operations: the definitions, and the definitions' own gradients."""

import numpy as np
import pytest

from fastconv import ops, reference

RNG = np.random.default_rng(0)
X, DY = RNG.normal(1, 2, (5, 3, 6)), RNG.normal(size=(5, 3, 6))
GAMMA, BETA = RNG.normal(size=6), RNG.normal(size=6)


def batch(x, gamma, beta):
    return reference.batch_norm(x, gamma, beta, *reference.moments(x))


CASES = {
    "batch_norm": ((), batch),
    "layer_norm": ((), reference.layer_norm),
    "group_norm": ((3,), lambda x, gamma, beta: reference.group_norm(x, gamma, beta, 3)),
}


def backward(name, dy, x, gamma):
    extra = CASES[name][0]
    return getattr(reference, f"{name}_backward")(dy, x, gamma, *extra)


@pytest.mark.parametrize("name", CASES)
def test_operation_and_gradients_are_those_of_the_reference(name):
    extra, forward = CASES[name]
    y = getattr(ops, name)(X, *extra, GAMMA, BETA)
    np.testing.assert_allclose(y, forward(X, GAMMA, BETA), rtol=1e-5, atol=1e-5)
    bare = getattr(ops, name)(X, *extra)
    np.testing.assert_allclose(bare, forward(X, np.ones(6), np.zeros(6)), rtol=1e-5, atol=1e-5)
    actual = getattr(ops, f"{name}_backward")(DY, X, *extra, GAMMA)
    for ours, exact in zip(actual, backward(name, DY, X, GAMMA), strict=True):
        np.testing.assert_allclose(ours, exact, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("name", CASES)
def test_the_reference_gradients_are_the_derivatives(name):
    _, forward = CASES[name]
    arrays = [X, GAMMA, BETA]
    for number, gradient in enumerate(backward(name, DY, X, GAMMA)):
        for at in list(np.ndindex(arrays[number].shape))[:12]:
            ends = []
            for step in (1e-5, -1e-5):
                moved = [array.copy() for array in arrays]
                moved[number][at] += step
                ends.append((DY * forward(*moved)).sum())
            # truncation goes with step**2, cancellation with eps / step
            assert gradient[at] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6, abs=1e-8)


def test_given_statistics():
    mean, variance = RNG.normal(size=6), RNG.uniform(1, 2, 6)
    y = ops.batch_norm(X, GAMMA, BETA, mean, variance, 0.1)
    exact = reference.batch_norm(X, GAMMA, BETA, mean, variance, 0.1)
    np.testing.assert_allclose(y, exact, rtol=1e-5, atol=1e-5)
    for ours, exact in zip(ops.moments(X), reference.moments(X), strict=True):
        np.testing.assert_allclose(ours, exact, rtol=1e-6)
