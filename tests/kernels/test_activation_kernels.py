"""Elementwise activations: every kind on every level against its definition, within its bound."""

import numpy as np
import pytest
from kernel_checks import EDGES, EPS, TINY, assert_within, bound, counting, normal, on_every_isa

from fastconv import reference
from fastconv.kernels.activations.activation import FROM_OUTPUT, activation_bwd, activation_fwd
from fastconv.kernels.activations.prelu import prelu_bwd, prelu_fwd

# kind: (parameters of the kernel, what the reference is called with)
KINDS = {
    "relu": ((), reference.relu, reference.relu_backward, {}),
    "leaky_relu": ((0.25,), reference.leaky_relu, reference.leaky_relu_backward,
                   {"negative_slope": 0.25}),
    "clipped_relu": ((6, 0.25, 1), reference.clipped_relu, reference.clipped_relu_backward,
                     {"max_value": 6, "negative_slope": 0.25, "threshold": 1}),
    "elu": ((1, 0.75), reference.elu, reference.elu_backward, {"alpha": 0.75}),
    "gelu": ((), reference.gelu, reference.gelu_backward, {}),
    "gelu_tanh": ((), reference.gelu, reference.gelu_backward, {"approximate": True}),
    "silu": ((), reference.silu, reference.silu_backward, {}),
    "hard_silu": ((), reference.hard_silu, reference.hard_silu_backward, {}),
    "sigmoid": ((), reference.sigmoid, reference.sigmoid_backward, {}),
    "hard_sigmoid": ((), reference.hard_sigmoid, reference.hard_sigmoid_backward, {}),
    "tanh": ((), reference.tanh, reference.tanh_backward, {}),
    "softplus": ((), reference.softplus, reference.softplus_backward, {}),
    "softsign": ((), reference.softsign, reference.softsign_backward, {}),
    "exponential": ((), reference.exponential, reference.exponential_backward, {}),
}  # fmt: skip


def forward(kind, x):
    y = np.full(x.shape, np.nan, np.float32)
    activation_fwd(kind, x, y, *KINDS[kind][0])
    return y


def backward(kind, dy, s):
    dx = np.full(s.shape, np.nan, np.float32)
    activation_bwd(kind, dy, s, dx, *KINDS[kind][0])
    return dx


def allowed_forward(kind, x, y):
    """A few roundings of the result; where a function falls off, those of its exponent as well."""
    x = np.asarray(x, np.float64)
    if kind == "gelu":  # as its kernel states
        return 4 * EPS * abs(y) + np.minimum(abs(x), 6) * 2.0**-22 + 8 * TINY
    exponent = {"gelu_tanh": 5 * abs(x) + abs(x) ** 3}.get(kind, 0)
    return (8 + exponent) * EPS * abs(y) + 8 * TINY * (1 + abs(x))


def allowed_backward(kind, dy, s):
    """A few roundings of the largest part of the derivative."""
    s = np.asarray(s, np.float64)
    if kind == "gelu":
        return abs(dy) * (2.0**-21 + 2 * EPS)  # as its kernel states
    return abs(dy) * 16 * EPS * np.maximum(1, abs(s))


def test_the_table_is_complete():
    assert set(KINDS) == set(FROM_OUTPUT)


@pytest.mark.parametrize("kind", KINDS)
def test_against_the_definition(kind):
    _, value, gradient, arguments = KINDS[kind]
    sizes = [1, *EDGES, 8191, 20_003]
    for n in sizes:
        x = np.linspace(-16, 16, n, dtype=np.float32) + np.float32(0.01)
        dy = normal(n, 1)
        y = value(x, **arguments)
        for _, actual in on_every_isa(lambda x=x: forward(kind, x)):
            assert_within(actual, y, allowed_forward(kind, x, y))
        s = y.astype(np.float32) if FROM_OUTPUT[kind] else x
        dx = gradient(dy, s, **arguments)
        for _, actual in on_every_isa(lambda dy=dy, s=s: backward(kind, dy, s)):
            assert_within(actual, dx, allowed_backward(kind, dy, s))


@pytest.mark.parametrize("kind", KINDS)
def test_near_zero_and_far_out(kind):
    _, value, _, arguments = KINDS[kind]
    tiny = np.logspace(-30, 0, 999, dtype=np.float32)
    x = np.concatenate([tiny, -tiny, [3e4, -3e4, 1e12, -1e12, 88, -88, 90, -90]]).astype(np.float32)
    with np.errstate(over="ignore"):
        y = value(x, **arguments)
        y = y.astype(np.float32).astype(np.float64)
    finite = np.isfinite(y)
    for _, actual in on_every_isa(lambda: forward(kind, x)):
        assert_within(actual[finite], y[finite], allowed_forward(kind, x, y)[finite])
        np.testing.assert_array_equal(actual[~finite], y[~finite])


@pytest.mark.parametrize("kind", KINDS)
def test_nan_and_infinity_as_the_formula_has_them(kind):
    _, value, gradient, arguments = KINDS[kind]
    x = np.tile(np.array([np.nan, np.inf, -np.inf, 0], np.float32), 9)
    dy = np.ones_like(x)
    with np.errstate(invalid="ignore"):
        y = value(x, **arguments).astype(np.float32)
        s = y if FROM_OUTPUT[kind] else x
        dx = gradient(dy, s, **arguments).astype(np.float32)
    if kind == "gelu":  # the formula's inf * 0 has a limit
        dx[np.isinf(x)] = x[np.isinf(x)] > 0
    for _, actual in on_every_isa(lambda: forward(kind, x)):
        np.testing.assert_allclose(actual, y, rtol=4 * EPS)
    for _, actual in on_every_isa(lambda: backward(kind, dy, s)):
        np.testing.assert_allclose(actual, dx, rtol=4 * EPS)


@pytest.mark.parametrize("kind", KINDS)
def test_results_may_take_the_place_of_the_inputs(kind):
    x, dy = normal(1003, 1), normal(1003, 2)
    y = forward(kind, x)
    over = x.copy()
    activation_fwd(kind, over, over, *KINDS[kind][0])
    np.testing.assert_array_equal(over, y)
    s = y if FROM_OUTPUT[kind] else x
    dx = backward(kind, dy, s)
    for place in (0, 1):
        arrays = [dy.copy(), s.copy()]
        activation_bwd(kind, *arrays, arrays[place], *KINDS[kind][0])
        np.testing.assert_array_equal(arrays[place], dx)


@pytest.mark.parametrize("rows", [1, 2, 31, 1500])
@pytest.mark.parametrize("n", EDGES)
def test_prelu(rows, n):
    x, dy, a = counting((rows, n), 13), counting((rows, n), 7), counting(n, 5) / 4

    def call():
        y, dx, da = np.full_like(x, np.nan), np.full_like(x, np.nan), np.full_like(a, np.nan)
        prelu_fwd(x, a, y)
        prelu_bwd(dy, x, a, dx, da)
        alone = np.full_like(a, np.nan)
        prelu_bwd(dy, x, a, None, alone)
        return y, dx, da, alone

    y = reference.prelu(x, a)
    dx, da = reference.prelu_backward(dy, x, a)
    for _, (actual_y, actual_dx, actual_da, alone) in on_every_isa(call):
        np.testing.assert_array_equal(actual_y, y)
        np.testing.assert_array_equal(actual_dx, dx)
        np.testing.assert_array_equal(actual_da, da)
        np.testing.assert_array_equal(alone, da)


def test_prelu_sums_round_like_their_blocks():
    x, dy, a = normal((30_000, 5), 1), normal((30_000, 5), 2), normal(5, 3)
    _, exact = reference.prelu_backward(dy, x, a)
    size = (abs(x.astype(np.float64) * dy) * (x <= 0)).sum(axis=0)
    for _, da in on_every_isa(lambda: prelu_sums(dy, x, a)):
        assert_within(da, exact, bound(size, 8192 // 5 + 1))


def prelu_sums(dy, x, a):
    da = np.empty_like(a)
    prelu_bwd(dy, x, a, None, da)
    return da


@pytest.mark.parametrize(
    "call",
    [
        lambda a, b: activation_fwd("gelu", a, b),
        lambda a, b: activation_fwd("geluu", a, a),
        lambda a, b: activation_bwd("gelu", a, b, a),
        lambda a, b: activation_bwd("gelu", a, a, b),
        lambda a, b: prelu_fwd(a[None], b, a[None]),
        lambda a, b: prelu_fwd(a[None], a, b[None]),
        lambda a, b: prelu_bwd(a[None], b[None], a, a[None], a),
        lambda a, b: prelu_bwd(a[None], a[None], a, b[None], a),
        lambda a, b: prelu_bwd(a[None], a[None], a, None, b),
    ],
)
def test_refused_before_anything_is_written(call):
    a, b = np.full(4, 5, np.float32), np.full(3, 5, np.float32)
    with pytest.raises(ValueError):
        call(a, b)
    assert (a == 5).all()
    assert (b == 5).all()
