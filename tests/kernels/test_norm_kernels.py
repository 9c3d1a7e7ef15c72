"""Normalization kernels against their definitions, on every level, at vector edges."""

import numpy as np
import pytest
from kernel_checks import EDGES, EPS, assert_same_bits, assert_within, normal, on_every_isa

from fastconv import reference
from fastconv.kernels.activations.activation import activation_bwd, activation_fwd
from fastconv.kernels.normalization.channel_norm_bwd import (
    channel_norm_bwd,
    channel_norm_dx,
    channel_norm_sums,
)
from fastconv.kernels.normalization.channel_norm_fwd import channel_norm_fwd, moments
from fastconv.kernels.normalization.layer_norm import layer_norm_bwd, layer_norm_fwd, row_moments

SMALL = np.float32(1e-3)
SHAPES = [(1, 1, 5), (1, 37, 3), (1, 700, 16), (3, 5, 6), (2, 300, 70), (2, 19, 129)]
SHAPES += [(1, 9, n) for n in EDGES]


def nan(*shape):
    return np.full(shape, np.nan, np.float32)


def statistics(x, groups):
    samples, _, n = x.shape
    mean, variance = nan(samples, n), nan(samples, n)
    moments(x, groups, mean, variance)
    return mean, variance


def definition(x, groups):
    """Mean and variance of each sample's groups, one for each channel."""
    samples, rows, n = x.shape
    parts = x.astype(np.float64).reshape(samples, rows, groups, n // groups)
    spread = [part.repeat(n // groups, axis=1) for part in
              (parts.mean(axis=(1, 3)), parts.var(axis=(1, 3)))]  # fmt: skip
    return spread[0], spread[1]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("each", [True, False])
def test_moments(shape, each):
    x = normal(shape, 1) + 2
    groups = shape[2] if each else 1
    mean, variance = definition(x, groups)
    length = shape[1] + 8  # of the longest float32 sum
    size = abs(x).max()
    for _, (m, v) in on_every_isa(lambda: statistics(x, groups)):
        assert_within(m, mean, length * EPS * size)
        assert_within(v, variance, 2 * length * EPS * variance + (length * EPS * size) ** 2 + 1e-30)


def test_a_large_mean_does_not_swallow_the_variance():
    x = normal((1, 500, 3), 1) + 1000
    _, variance = definition(x, 3)
    for _, (_, v) in on_every_isa(lambda: statistics(x, 3)):
        # the mean of squares minus the squared mean would be off by 1000**2 * EPS = 0.12
        assert_within(v, variance, 508 * EPS * variance + (508 * EPS * 1000) ** 2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [None, "relu", "gelu", "sigmoid"])
def test_forward_and_gradients(shape, kind):
    samples, rows, n = shape
    x, dy = normal(shape, 1), normal(shape, 2)
    gamma, beta = normal(n, 3), normal(n, 4)
    groups = n if samples == 1 else (2 if n % 2 == 0 else 1)
    mean, variance = statistics(x, groups)
    inv = 1 / np.sqrt(variance + SMALL)

    h = (x - mean[:, None].astype(np.float64)) * inv[:, None]
    z = h * gamma + beta
    if kind == "relu":  # near 0 the slope depends on rounding: no gradient is sent there
        dy[abs(z) <= 1e-5 * (1 + abs(h * gamma) + abs(beta))] = 0

    def call():
        y, dx, dgamma, dbeta = nan(*shape), nan(*shape), nan(n), nan(n)
        channel_norm_fwd(x, mean, inv, gamma, beta, y, kind)
        arguments = dy, x, mean, inv, gamma, beta, groups
        channel_norm_bwd(*arguments, False, dx, dgamma, dbeta, kind)
        frozen, sums = nan(*shape), [nan(n), nan(n)]
        channel_norm_bwd(*arguments, True, frozen, *sums, kind)
        np.testing.assert_array_equal(sums, [dgamma, dbeta])
        return y, dx, dgamma, dbeta, frozen

    name = kind or "relu"
    f = getattr(reference, name)
    y = z if kind is None else f(z)
    slope = np.ones(shape)
    if kind is not None:
        read = z if kind == "gelu" else y
        slope = getattr(reference, f"{name}_backward")(slope, read)
    dz = dy * slope
    parts = (samples, rows, groups, n // groups)

    def means(g):
        spread = g.reshape(parts).mean(axis=(1, 3), keepdims=True)
        return np.broadcast_to(spread, parts).reshape(shape)

    g = dz * gamma
    dx = inv[:, None] * (g - means(g) - h * means(g * h))
    roundings = 40 * EPS
    length = (rows + 40) * EPS
    for _, (actual_y, actual_dx, dgamma, dbeta, frozen) in on_every_isa(call):
        assert_within(actual_y, y, roundings * (abs(h * gamma) + abs(beta) + abs(y) + 1e-6))
        size = abs(dy) * (1 + abs(z))
        weight = abs(gamma) * size
        allowed = inv[:, None] * (weight + means(weight) + abs(h) * means(weight * abs(h)))
        assert_within(actual_dx, dx, length * (allowed + 1e-6))
        assert_within(frozen, inv[:, None] * g, roundings * inv[:, None] * (weight + 1e-6))
        assert_within(dbeta, dz.sum(axis=(0, 1)), length * size.sum(axis=(0, 1)))
        assert_within(
            dgamma, (dz * h).sum(axis=(0, 1)), length * (size * (1 + abs(h))).sum(axis=(0, 1))
        )


@pytest.mark.parametrize("n", [*EDGES, 1023, 1024, 1025, 5000])
@pytest.mark.parametrize("rows", [1, 3, 70])
def test_layer_norm(rows, n):
    x, dy = normal((rows, n), 1) + 1, normal((rows, n), 2)
    gamma, beta = normal(n, 3), normal(n, 4)

    def call():
        mean, inv = nan(rows), nan(rows)
        row_moments(x, mean, inv)
        inv = 1 / np.sqrt(inv + SMALL)
        y, dx, dgamma, dbeta = nan(rows, n), nan(rows, n), nan(n), nan(n)
        layer_norm_fwd(x, mean, inv, gamma, beta, y)
        layer_norm_bwd(dy, x, mean, inv, gamma, dx, dgamma, dbeta)
        return y, dx, dgamma, dbeta

    y = reference.layer_norm(x, gamma, beta, SMALL)
    dx, dgamma, dbeta = reference.layer_norm_backward(dy, x, gamma, SMALL)
    inv = 1 / np.sqrt(x.astype(np.float64).var(axis=1, keepdims=True) + SMALL)
    # A row's mean may be off by that of its longest piece; divided by its deviation.
    length = (min(n, 1024) + 40) * EPS
    reach = 1 + inv * abs(x).max(axis=1, keepdims=True)
    h = reach + abs(y - beta) / np.maximum(abs(gamma), 1e-6)
    weight = abs(dy * gamma)
    means = weight.mean(axis=1, keepdims=True)
    for _, actual in on_every_isa(call):
        assert_within(actual[0], y, length * (abs(gamma) * h + abs(beta)))
        assert_within(actual[1], dx, length * inv * h * h * (weight + 2 * means))
        assert_within(actual[2], dgamma, (length + rows * EPS) * (abs(dy) * h).sum(axis=0))
        assert_within(actual[3], dbeta, (rows + 8) * EPS * abs(dy).sum(axis=0))


@pytest.mark.parametrize("cuts", [[700], [1, 699], [256, 300, 144]])
@pytest.mark.parametrize("kind", [None, "relu", "silu"])
@pytest.mark.parametrize("two", [False, True])
def test_gradients_by_parts_of_the_rows(cuts, kind, two):
    """The same but for the order in which the sums are added."""
    shape, n = (1, 700, 21), 21
    x, dy, add, more = (normal(shape, seed) for seed in (1, 2, 3, 4))
    gamma, beta = normal(n, 5), normal(n, 6)
    mean, variance = statistics(x, n)
    inv = 1 / np.sqrt(variance + SMALL)
    arguments = mean, inv, gamma, beta
    joined, y = kind == "relu" and two, nan(*shape)
    channel_norm_fwd(x, *arguments, y, kind, add=add if joined else None)

    def call():
        dx, dgamma, dbeta = nan(*shape), nan(n), nan(n)
        dz, sums = dy.copy(), np.zeros((1, 2, n))
        whole = {"more": more if two else None, "y": y if joined else None}
        parts = np.split(np.arange(700), np.cumsum(cuts)[:-1])
        for at in (slice(part[0], part[-1] + 1) for part in parts):
            rest = {k: None if v is None else v[:, at] for k, v in whole.items()}
            channel_norm_sums(dz[:, at], x[:, at], *arguments, sums, kind, **rest)
        for at in (slice(part[0], part[-1] + 1) for part in parts):
            channel_norm_dx(
                dz[:, at], x[:, at], mean, inv, gamma, sums, n, 700, False, dx[:, at], dgamma, dbeta
            )
        expected = nan(*shape), nan(n), nan(n)
        channel_norm_bwd(dy, x, *arguments, n, False, *expected, kind, **whole)
        for rows, total in ((dy, dy.copy()), (dz, dz.copy())):  # added to what is there
            dz_, sums_, before = rows.copy(), [nan(n), nan(n)], total.copy()
            if rows is dy:
                channel_norm_bwd(
                    dz_, x, *arguments, n, False, total, *sums_, kind, **whole, dz=dz_,
                    accumulate=True,
                )  # fmt: skip
                assert_same_bits(total, before + expected[0])
            else:
                channel_norm_dx(
                    dz_, x, mean, inv, gamma, sums, n, 700, False, total, *sums_, True
                )  # fmt: skip
                assert_same_bits(total, before + dx)
        return *expected, dx, dgamma, dbeta

    largest = 8 * abs(gamma).max() * (abs(dy) + abs(more)).max() * (inv * abs(x - mean)).max()
    for _, found in on_every_isa(call):
        for a, b, scale in zip(found[3:], found[:3], (inv.max(), 700, 700), strict=True):
            assert_within(a, b, 740 * EPS * largest * scale)


def test_results_may_take_the_place_of_the_inputs():
    x, dy = normal((2, 50, 21), 1), normal((2, 50, 21), 2)
    gamma, beta = normal(21, 3), normal(21, 4)
    mean, variance = statistics(x, 7)
    inv = 1 / np.sqrt(variance + SMALL)
    y, dx, over, over_dx = nan(*x.shape), nan(*x.shape), x.copy(), dy.copy()
    sums = nan(21), nan(21)
    channel_norm_fwd(x, mean, inv, gamma, beta, y, "gelu")
    channel_norm_fwd(over, mean, inv, gamma, beta, over, "gelu")
    np.testing.assert_array_equal(over, y)
    channel_norm_bwd(dy, x, mean, inv, gamma, beta, 7, False, dx, *sums, "gelu")
    channel_norm_bwd(over_dx, x, mean, inv, gamma, beta, 7, False, over_dx, *sums, "gelu")
    np.testing.assert_array_equal(over_dx, dx)


def test_nan_stays_in_its_channel_and_constant_channels_are_zero():
    x = normal((1, 40, 5), 1)
    x[0, 3, 2], x[..., 4] = np.nan, 7
    for _, (mean, variance) in on_every_isa(lambda: statistics(x, 5)):
        assert np.isnan(mean[0]).tolist() == [False, False, True, False, False]
        assert np.isnan(variance[0]).tolist() == [False, False, True, False, False]
        assert mean[0, 4] == 7
        assert variance[0, 4] == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda x, s, g, bad: moments(x, 2, s, s),
        lambda x, s, g, bad: moments(x, 3, s[:, :2].copy(), s),
        lambda x, s, g, bad: channel_norm_fwd(x, s, s, g, bad, x),
        lambda x, s, g, bad: channel_norm_fwd(x, s, s, g, g, x[:, :1].copy()),
        lambda x, s, g, bad: channel_norm_fwd(x, s, s, g, g, x, "rely"),
        lambda x, s, g, bad: channel_norm_bwd(x, x, s, s, g, g, 2, False, x, g, g),
        lambda x, s, g, bad: channel_norm_bwd(x, x, s, s, g, g, 3, False, x, bad, g),
        lambda x, s, g, bad: channel_norm_sums(x, x, s, s, g, g, np.ones((1, 2, 4))),
        lambda x, s, g, bad: channel_norm_sums(x, x, s, s, g, g, np.ones((1, 1, 3))),
        lambda x, s, g, bad: channel_norm_sums(
            x, x, s, s, g, g, np.ones((1, 2, 3)), dz=x[:, :1].copy()
        ),
        lambda x, s, g, bad: channel_norm_dx(
            x, x, s, s, g, np.ones((1, 2, 3)), 3, 2, False, x, g, g
        ),
        lambda x, s, g, bad: row_moments(x[0], bad, bad),
        lambda x, s, g, bad: layer_norm_fwd(x[0], g, g, bad, g, x[0]),
        lambda x, s, g, bad: layer_norm_bwd(x[0], x[0], g, g, g, x[0], g, bad),
    ],
)
def test_refused_before_anything_is_written(call):
    x, s, g = (np.full(shape, 5, np.float32) for shape in ((1, 3, 3), (1, 3), 3))
    with pytest.raises(ValueError):
        call(x, s, g, np.full(4, 5, np.float32))
    assert all((array == 5).all() for array in (x, s, g))


@pytest.mark.parametrize("shape", [(1, 700, 16), (2, 300, 70), (2, 19, 129), (1, 9, 1)])
@pytest.mark.parametrize("kind", [None, "relu", "tanh"])
def test_what_joins_before_the_activation_and_after_the_output(shape, kind):
    """f(norm(x) + add), and a gradient that arrives in two parts: as if they were added before."""
    n = shape[2]
    x, add, dy, more = (normal(shape, seed) for seed in (1, 2, 3, 4))
    gamma, beta = normal(n, 5), normal(n, 6)
    mean, variance = statistics(x, n)
    inv = 1 / np.sqrt(variance + SMALL)

    def fused():
        y, dz, dx, sums = nan(*shape), nan(*shape), nan(*shape), (nan(n), nan(n))
        channel_norm_fwd(x, mean, inv, gamma, beta, y, kind, add=add)
        arguments = x, mean, inv, gamma, beta, n, False
        channel_norm_bwd(dy, *arguments, dx, *sums, kind, more=more, y=y, dz=dz)
        over, over_dx, again = dy.copy(), more.copy(), (nan(n), nan(n))
        channel_norm_bwd(over, *arguments, over_dx, *again, kind, more=over_dx, y=y, dz=over)
        assert_same_bits((over, over_dx, *again), (dz, dx, *sums))
        return y, dz, dx, *sums

    def apart():
        y, dz, dx, sums = nan(*shape), dy + more, nan(*shape), (nan(n), nan(n))
        channel_norm_fwd(x, mean, inv, gamma, beta, y)
        y += add
        if kind is not None:
            activation_fwd(kind, y.ravel(), y.ravel())
            activation_bwd(kind, dz.ravel(), y.ravel(), dz.ravel())
        channel_norm_bwd(dz, x, mean, inv, gamma, beta, n, False, dx, *sums)
        return y, dz, dx, *sums

    for (_, one), (_, other) in zip(on_every_isa(fused), on_every_isa(apart), strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_an_output_that_tells_no_gradient_is_refused():
    x, s, g = (np.ones(shape, np.float32) for shape in ((1, 3, 3), (1, 3), 3))
    with pytest.raises(ValueError, match="whose gradient it tells; received 'gelu'"):
        channel_norm_bwd(x, x, s, s, g, g, 3, False, x, g, g, "gelu", y=x)
