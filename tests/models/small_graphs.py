"""Two small graphs of layers, what goes into them, and how exactly results are known."""

import numpy as np

from fastconv.layers import Add, Conv2D, Dense, Flatten, Input
from fastconv.models import Model

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-1, 1, (4, 6, 6, 3)).astype(np.float32)
ROWS = RNG.uniform(-1, 1, (8, 5)).astype(np.float32)


def residual(seed=1):
    """conv + relu, and its sum with a convolution of it; two classes."""
    x = Input((6, 6, 3))
    y = Conv2D(4, 3, padding="same", activation="relu")(x)
    z = Add()([Conv2D(4, 3, padding="same")(y), y])
    return Model(x, Dense(2)(Flatten()(z)), seed=seed)


def two_by_two(seed=1):
    a, b = Input((5,), name="a"), Input((5,), name="b")
    y = Dense(4, activation="relu", name="left")(a)
    z = Dense(4, activation="relu", name="right")(b)
    total = Add()([y, z])
    outputs = [Dense(2, name="two")(total), Dense(3, activation="softmax", name="three")(total)]
    return Model([a, b], outputs, seed=seed)


def close(actual, expected, scale=1.0):
    """Within float32's rounding of sums of at most a few hundred products of about `scale`."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-5 * scale)
