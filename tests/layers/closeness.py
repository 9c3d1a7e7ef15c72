"""Tolerances from the arithmetic: how far float32 may be from the float64 definition."""

import numpy as np

EPSILON = float(np.finfo(np.float32).eps)


def assert_close(actual, expected, *, terms, magnitude):
    """Sums of `terms` products, each at most `magnitude`, differ by rounding only.

    A sum of n float32 products is off by at most about (n + 1) * eps / 2 times the sum of their
    sizes; twice that leaves room for products that are formed in a transformed domain.
    """
    actual = np.asarray(actual)
    assert actual.dtype == np.float32
    assert actual.shape == np.shape(expected)
    bound = (terms + 1) * EPSILON * terms * magnitude
    worst = np.abs(actual - np.asarray(expected, np.float64)).max(initial=0)
    assert worst <= bound, f"off by {worst:.3g}, allowed {bound:.3g}"


def fill(shape, seed=0):
    """Values of both signs that depend on their index, from -1 to 1."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, shape).astype(np.float32)
