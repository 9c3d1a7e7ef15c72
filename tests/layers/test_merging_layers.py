"""The merging layers against the float64 definitions, alone and within a model."""

import re

import numpy as np
import pytest
from closeness import assert_close, fill

from fastconv import layers, reference
from fastconv.layers import (
    Add,
    Average,
    Concatenate,
    Dense,
    Input,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from fastconv.models import Model

A, B, C = (fill((3, 4, 5, 6), seed=seed) for seed in range(3))
DY = fill(A.shape, seed=9)


def chained(forward, backward, xs, dy):
    """y and the gradients of a chain ((x0 . x1) . x2) ..."""
    partial = [xs[0].astype(np.float64)]
    for x in xs[1:]:
        partial.append(forward(partial[-1], x))
    gradients = []
    for before, x in zip(partial[-2::-1], xs[:0:-1], strict=True):
        dy, d_x = backward(dy, before, x)
        gradients.append(d_x)
    return partial[-1], [dy, *gradients[::-1]]


def both(dy, a, b):
    return dy, dy


CASES = [
    (Add(), [A, B, C], lambda a, b: a + b, both),
    (Subtract(), [A, B], reference.subtract, lambda dy, a, b: (dy, -dy)),
    (Multiply(), [A, B, C], reference.multiply, reference.multiply_backward),
    (Maximum(), [A, B, C], reference.maximum, reference.maximum_backward),
    (Minimum(), [A, B, C], reference.minimum, reference.minimum_backward),
]


@pytest.mark.parametrize(
    ("layer", "xs", "forward", "backward"), CASES, ids=[case[0].name for case in CASES]
)
def test_elementwise(layer, xs, forward, backward):
    y, gradients = chained(forward, backward, xs, DY)
    assert_close(layer(xs), y, terms=len(xs), magnitude=1)
    for found, expected in zip(layer.backward(DY), gradients, strict=True):
        assert_close(found, expected, terms=len(xs), magnitude=1)


def test_average():
    layer = Average()
    assert_close(layer([A, B, C]), (A.astype(float) + B + C) / 3, terms=4, magnitude=1)
    for found in layer.backward(DY):
        assert_close(found, DY.astype(float) / 3, terms=1, magnitude=1)


@pytest.mark.parametrize("shape", [(3, 1, 1, 6), (3, 4, 5, 1)])
@pytest.mark.parametrize("swapped", [False, True])
def test_multiply_by_channel_or_pixel(shape, swapped):
    factors = fill(shape, seed=5)
    layer = Multiply()
    y = layer([factors, A] if swapped else [A, factors])
    assert_close(y, reference.multiply(A, factors), terms=1, magnitude=1)
    da, d_factors = reference.multiply_backward(DY, A, factors)
    expected = [d_factors, da] if swapped else [da, d_factors]
    for found, wanted in zip(layer.backward(DY), expected, strict=True):
        assert_close(found, wanted, terms=20, magnitude=1)


@pytest.mark.parametrize("axis", [-1, 1, 2, 3, -3])
def test_concatenate(axis):
    xs = [A, np.take(B, [0, 2], axis=axis), C]
    layer = Concatenate(axis)
    y = np.concatenate(xs, axis)
    np.testing.assert_array_equal(layer(xs), y)
    dy = fill(y.shape, seed=9)
    cuts = np.cumsum([x.shape[axis] for x in xs])[:-1]
    for found, expected in zip(layer.backward(dy), np.split(dy, cuts, axis), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_functions_are_the_layers():
    pair = [A, B]
    for cls in (Add, Subtract, Multiply, Average, Maximum, Minimum):
        function = getattr(layers, cls.__name__.lower())
        np.testing.assert_array_equal(function(pair), cls()(pair))
    np.testing.assert_array_equal(layers.concatenate(pair, axis=1), np.concatenate(pair, 1))
    y = layers.add([Input((5,)), Input((5,))], name="total")
    assert (y.name, y.shape) == ("total", (None, 5))


def test_symbolic_shapes():
    x, half, gate = Input((8, 8, 4)), Input((8, 8, 2)), Input((1, 1, 4))
    assert Concatenate()([x, half, x]).shape == (None, 8, 8, 10)
    assert Concatenate(axis=1)([x, x]).shape == (None, 16, 8, 4)
    assert Multiply()([x, gate]).shape == Multiply()([gate, x]).shape == (None, 8, 8, 4)
    assert (x * x - x).shape == (None, 8, 8, 4)


def test_a_branching_model():
    rows = fill((4, 5))
    x = Input((5,))
    y, z = Dense(3)(x), Dense(3)(x)
    total = Concatenate()([y * z, layers.maximum([y, z]), y - z])
    model = Model(x, Dense(2)(total), seed=1)
    w1, b1, w2, b2, w3, b3 = (w.astype(float) for w in model.get_weights())
    a, b = rows @ w1 + b1, rows @ w2 + b2
    expected = np.concatenate([a * b, np.maximum(a, b), a - b], axis=1) @ w3 + b3
    np.testing.assert_allclose(model.predict(rows), expected, rtol=0, atol=1e-5)


BAD = [
    (lambda: Subtract()([A, B, C]), ValueError, "subtract: takes a list of 2; received 3"),
    (lambda: Add()([A]), ValueError, "add: takes a list of at least two; received 1"),
    (lambda: Add()([A, B[:, :2]]), ValueError, "received (None, 4, 5, 6) and (None, 2, 5, 6)"),
    (lambda: Concatenate(0), ValueError, "Concatenate: axis must not be that of the batch"),
    (lambda: Concatenate("1"), TypeError, "Concatenate: axis must be a whole number; received '1'"),
    (lambda: Concatenate(4)([A, B]), ValueError,
     "concatenate: axis must be one of x behind the batch; received axis 4, x (None, 4, 5, 6)"),
    (lambda: Concatenate(axes=1), TypeError, "received 'axes' (did you mean 'axis'?)"),
    (lambda: Concatenate(1)([Input((3, 4)), Input((3, 5))]), ValueError,
     "concatenate: all inputs must agree in every axis but axis 1; received (None, 3, 4), "),
    (lambda: Multiply()([Input((3, 4)), Input((2, 4))]), ValueError, "must have one shape"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "error", "message"), BAD, ids=[m for _, _, m in BAD])
def test_errors(bad, error, message):
    with pytest.raises(error, match=re.escape(message)):
        bad()
