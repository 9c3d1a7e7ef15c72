"""Activation, bias, scaling and dropout on every ISA and team, at the edges of the vectors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_checks import (
    EDGES,
    EPS,
    assert_same_bits,
    assert_within,
    bound,
    counting,
    edge_sizes,
    normal,
    on_every_isa,
)

from fastconv import ops
from fastconv import reference as ref

SIZES = [0, *EDGES, 4096, 4097, 100_003]
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, -1.5], np.float32)


@pytest.mark.parametrize("size", SIZES)
def test_relu_and_its_gradient(size):
    x, dy = counting(size, 13), counting(size, 7)
    for _, (y, dx) in on_every_isa(lambda: (ops.relu(x), ops.relu_backward(dy, x))):
        np.testing.assert_array_equal(y, ref.relu(x))
        np.testing.assert_array_equal(dx, ref.relu_backward(dy, x))


def test_relu_of_special_values():
    x = np.repeat(SPECIAL, 9)
    for _, y in on_every_isa(lambda: ops.relu(x)):
        np.testing.assert_array_equal(y, ref.relu(x))
    dy = np.tile(SPECIAL, 9)
    for _, dx in on_every_isa(lambda: ops.relu_backward(dy, np.ones_like(dy))):
        np.testing.assert_array_equal(dx, dy)
    for _, dx in on_every_isa(lambda: ops.relu_backward(dy, np.zeros_like(dy))):
        np.testing.assert_array_equal(dx, np.zeros_like(dy))


@settings(max_examples=80)
@given(st.integers(1, 200), edge_sizes(130))
def test_bias_and_its_gradient(rows, channels):
    x, b = counting((rows, channels), 13), counting(channels, 11)
    for _, (y, db) in on_every_isa(lambda: (ops.bias_add(x, b), ops.bias_grad(x))):
        np.testing.assert_array_equal(y, ref.bias_add(x, b))
        np.testing.assert_array_equal(db, ref.bias_grad(x))


@pytest.mark.parametrize("rows", [1, 1000, 70_001])
@pytest.mark.parametrize("channels", [1, 10, 64])
def test_bias_gradient_rounds_within_its_bound(rows, channels):
    dy = normal((rows, channels), 1)
    magnitude = ref.bias_grad(abs(dy))
    for _, db in on_every_isa(lambda: ops.bias_grad(dy)):
        assert_within(db, ref.bias_grad(dy), bound(magnitude, rows))


@pytest.mark.parametrize("size", SIZES)
def test_affine_of_bytes_and_of_floats(size):
    bytes_ = (np.arange(size) % 251).astype(np.uint8)
    x = normal(size, 1)
    scale, offset = np.float32(1 / 255), np.float32(-0.5)
    for source in (bytes_, x):
        expected = ref.affine(source, scale, offset)
        magnitude = ref.affine(abs(source), scale, abs(offset))
        for _, y in on_every_isa(lambda source=source: ops.affine(source, scale, offset)):
            assert_within(y, expected, bound(magnitude, 2))


@settings(max_examples=80)
@given(
    st.sampled_from(SIZES[:-1]) | st.integers(0, 300), st.sampled_from([0, 0.1, 0.25, 0.5, 0.9]),
    st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1),
)  # fmt: skip
def test_dropout_keeps_what_the_definition_keeps(size, rate, seed, step):
    x = np.abs(normal(size, 1)) + 1
    expected = ref.dropout(x, rate, seed, step)
    call = lambda: (  # noqa: E731
        ops.dropout(x, rate, seed, step), ops.dropout_backward(x, rate, seed, step)
    )  # fmt: skip
    for _, (y, dx) in on_every_isa(call):
        np.testing.assert_array_equal(y == 0, expected == 0)
        assert_within(y, expected, 4 * EPS * expected)
        assert_same_bits(dx, y)


def test_dropout_of_special_values_keeps_nan_only_where_it_keeps():
    x = np.full(1000, np.nan, np.float32)
    kept = ref.dropout_mask((1000,), 0.5, seed=3, step=4)
    for _, y in on_every_isa(lambda: ops.dropout(x, 0.5, 3, 4)):
        np.testing.assert_array_equal(np.isnan(y), kept)
        assert (y[~kept] == 0).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda x, out: ops.relu(x, out=out),
        lambda x, out: ops.bias_add(x, np.arange(7), out=out),
        lambda x, out: ops.affine(x, 2, 1, out=out),
        lambda x, out: ops.dropout(x, 0.5, seed=1, out=out),
        lambda x, out: ops.relu_backward(x, np.sin(np.arange(x.size).reshape(x.shape)), out=out),
        lambda x, out: ops.dropout_backward(x, 0.5, seed=1, out=out),
        lambda x, out: ops.softmax(x, out=out),
        lambda x, out: ops.softmax_backward(x, np.abs(np.sin(x)), out=out),
    ],
)
def test_in_place(call):
    x = normal((301, 7), 1)

    fresh = x.copy()
    assert call(fresh, fresh) is fresh
    for _, (inside, apart) in on_every_isa(lambda: (call(copy := x.copy(), copy), call(x, None))):
        assert_same_bits(inside, apart)
