"""The optimizer entries themselves: vector edges, what steps have in common, every definition."""

import numpy as np
import pytest
from kernel_checks import EDGES, EPS, assert_within, counting, normal, on_every_isa

from fastconv import reference
from fastconv.kernels.optimizers.optimizer_step import (
    Common,
    adagrad_step,
    adam_step,
    lamb_step,
    lion_step,
    muon_direction,
    nadam_step,
    rmsprop_step,
    sgd_step,
)
from fastconv.kernels.optimizers.parameter_sums import blend, regularize, sum_squares

SIZES = [*EDGES, 8193]
SOME = [1, 5, 16, 33, 8193, 20000]


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("kind", ["plain", "momentum", "nesterov", "gradients", "gradients ahead"])
def test_sgd_is_exact_for_small_integers(n, kind):
    w, g, v = counting(n, 13), counting(n, 7), counting(n, 5)
    lr, momentum, scale = 0.5, 0 if kind == "plain" else 0.25, 4
    ahead, of_gradients = kind in ("nesterov", "gradients ahead"), kind.startswith("grad")

    def call():
        state = w.copy(), v.copy()
        velocity = None if kind == "plain" else state[1]
        sgd_step(state[0], g, velocity, Common(lr, scale), momentum, ahead, of_gradients)
        return state

    step = lr * scale * g
    new_v = v if kind == "plain" else momentum * v - step
    change = {"plain": -step, "momentum": new_v, "nesterov": momentum * new_v - step}.get(kind)
    if of_gradients:
        new_v = momentum * v + scale * g
        change = -lr * (scale * g + momentum * new_v if ahead else new_v)
    for level, (new_w, velocity) in on_every_isa(call):
        np.testing.assert_array_equal(velocity, new_v, level)
        np.testing.assert_array_equal(new_w, w + change, level)


@pytest.mark.parametrize("n", SIZES)
def test_what_every_step_has_in_common(n):
    """Scaled, clipped, pulled towards zero; the weights decay before they are changed."""
    w, g = counting(n, 13), counting(n, 7)

    def call():
        state = w.copy()
        sgd_step(state, g, None, Common(0.5, 2, 3, 0.25, 0.75))
        return state

    kept = 0.75 * w
    for _, new in on_every_isa(call):
        np.testing.assert_array_equal(new, kept - 0.5 * (np.clip(2 * g, -3, 3) + 0.25 * kept))


@pytest.mark.parametrize("n", SIZES)
def test_adam(n):
    w, g, m, v = normal(n, 1), normal(n, 2), normal(n, 3), normal(n, 4) ** 2

    def call():
        state = w.copy(), m.copy(), v.copy()
        adam_step(state[0], g, state[1], state[2], Common(0.01, 0.5), 0.9, 0.999, 1e-7)
        return state

    grad = 0.5 * g.astype(np.float64)
    new_m, new_v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
    allowed_m, allowed_v = 4 * EPS * (abs(m) + abs(grad)), 4 * EPS * new_v
    for _, (now_w, now_m, now_v) in on_every_isa(call):
        assert_within(now_m, new_m, allowed_m)
        assert_within(now_v, new_v, allowed_v)
        step = 0.01 / (np.sqrt(new_v) + 1e-7)
        allowed = step * (allowed_m + 8 * EPS * abs(new_m)) + EPS * abs(w)
        assert_within(now_w, w - step * new_m, allowed)


# For each: the entry with its states, and the definition of the same step. The learning rate is
# 0.01, the step number 3, and the states are squares where they stand for squares.
T, RATE = 3, 0.01
ROOT = np.sqrt(1 - 0.999**T)


def nadam(w, g, m, v):
    u = 0.9 * (1 - 0.5 * 0.96 ** np.arange(1, T + 2))
    of_mean, of_gradient = u[T] / (1 - np.prod(u)), (1 - u[T - 1]) / (1 - np.prod(u[:T]))
    common = Common(RATE * ROOT * of_mean)
    nadam_step(w, g, m, v, common, 0.9, 0.999, 1e-3 * ROOT, of_gradient / of_mean)


STEPS = {
    "amsgrad": (
        lambda w, g, m, v, top: adam_step(w, g, m, v, Common(RATE), 0.9, 0.999, 1e-3, top),
        lambda w, g, m, v, top: amsgrad(w, g, m, v, top),
        ("m", "square", "square"),
    ),
    "nadam": (
        nadam,
        lambda w, g, m, v: reference.nadam_step(w, g, m, v, T, RATE, epsilon=1e-3),
        ("m", "square"),
    ),
    "rmsprop": (
        lambda w, g, v: rmsprop_step(w, g, v, Common(RATE), 0.9, 1e-3),
        lambda w, g, v: reference.rmsprop_step(w, g, v, learning_rate=RATE, epsilon=1e-3)[:2],
        ("square",),
    ),
    "rmsprop with momentum": (
        lambda w, g, v, b: rmsprop_step(w, g, v, Common(RATE), 0.9, 1e-3, 0.5, b),
        lambda w, g, v, b: reference.rmsprop_step(w, g, v, b, 0.0, RATE, 0.9, 0.5, 1e-3)[:3],
        ("square", "m"),
    ),
    "rmsprop centered": (
        lambda w, g, v, b, a: rmsprop_step(w, g, v, Common(RATE), 0.9, 1e-3, 0.5, b, a),
        lambda w, g, v, b, a: reference.rmsprop_step(w, g, v, b, a, RATE, 0.9, 0.5, 1e-3, True),
        ("square", "m", "small"),
    ),
    "adagrad": (
        lambda w, g, a: adagrad_step(w, g, a, Common(RATE), 1e-3),
        lambda w, g, a: reference.adagrad_step(w, g, a, RATE, 1e-3),
        ("square",),
    ),
    "lion": (
        lambda w, g, m: lion_step(w, g, m, Common(RATE)),
        lambda w, g, m: reference.lion_step(w, g, m, RATE),
        ("m",),
    ),
    "lamb": (
        lambda w, g, m, v: lamb_step(w, g, m, v, Common(RATE), T, eps=1e-3),
        lambda w, g, m, v: reference.lamb_step(w, g, m, v, T, RATE, epsilon=1e-3),
        ("m", "square"),
    ),
}


def amsgrad(w, g, m, v, top):
    _, m, v = reference.adam_step(w, g, m, v, 1)
    top = np.maximum(v, top)
    return w - RATE * m / (np.sqrt(top) + 1e-3), m, v, top


@pytest.mark.parametrize("n", SOME)
@pytest.mark.parametrize("name", STEPS)
def test_against_the_definitions(name, n):
    step, definition, kinds = STEPS[name]
    w, g = normal(n, 1), normal(n, 2)
    start = {"m": normal(n, 3), "square": 1 + normal(n, 4) ** 2, "small": normal(n, 5) / 8}
    states = [start[kind] for kind in kinds]

    def call():
        arrays = [a.copy() for a in (w, g, *states)]
        step(*arrays)
        assert arrays[1].tobytes() == g.tobytes()
        return arrays[0], *arrays[2:]

    wanted = definition(*(a.astype(np.float64) for a in (w, g, *states)))
    for _, found in on_every_isa(call):
        for now, right in zip(found, wanted, strict=True):
            # Numbers of order 1 to 20, a dozen roundings each; LAMB's norms are sums of n terms
            # in stretches of 1024, which divides their rounding by the length's root.
            assert_within(now, right, 16 * EPS * (np.abs(right).max() + 1) * (1 + (name == "lamb")))


def test_lion_goes_nowhere_without_a_gradient_and_nan_stays():
    w, g, m = (np.array(a, np.float32) for a in ([1, 2, 3], [0, np.nan, -1], [0, 0, 0]))
    lion_step(w, g, m, Common(0.5))
    np.testing.assert_array_equal(w, [1, np.nan, 3.5])


def test_nan_and_infinity_go_through_the_clipping_as_they_should():
    w, g = np.zeros(3, np.float32), np.array([np.nan, np.inf, -np.inf], np.float32)
    sgd_step(w, g, None, Common(1.0, clip=2))
    np.testing.assert_array_equal(w, [np.nan, -2, 2])


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("n", SOME)
def test_muon_direction_is_exact_for_small_integers(n, nesterov):
    w, g, m = counting(n, 13), counting(n, 7), counting(n, 5)

    def call():
        state, direction = (w.copy(), m.copy()), np.full(n, np.nan, np.float32)
        muon_direction(state[0], g, state[1], direction, Common(1.0, keep=0.5), 0.25, nesterov)
        return *state, direction

    new = 0.25 * m + g
    for _, (now_w, now_m, direction) in on_every_isa(call):
        np.testing.assert_array_equal(now_w, 0.5 * w)
        np.testing.assert_array_equal(now_m, new)
        np.testing.assert_array_equal(direction, g + 0.25 * new if nesterov else new)


@pytest.mark.parametrize("n", SIZES)
def test_sums_and_averages(n):
    x, y = counting(n, 13), counting(n, 7)

    def call():
        mean, g = y.copy(), y.copy()
        blend(x, mean, 0.25)
        penalty = regularize(x, 0.5, 0.25, g)
        return np.array([sum_squares(x), penalty, regularize(x, 0.5, 0.25)]), mean, g

    whole = x.astype(np.float64)
    penalty = 0.5 * np.abs(whole).sum() + 0.25 * (whole**2).sum()
    for _, (sums, mean, g) in on_every_isa(call):
        np.testing.assert_array_equal(sums, [(whole**2).sum(), penalty, penalty])
        np.testing.assert_array_equal(mean, y + 0.25 * (x - y))
        np.testing.assert_array_equal(g, y + 0.5 * np.sign(x) + 0.5 * x)


def test_arguments_that_disagree_are_refused():
    four, three = np.zeros(4, np.float32), np.zeros(3, np.float32)
    one = Common(0.1)
    for call in (
        lambda: sgd_step(four, three, None, one),
        lambda: sgd_step(four, four, three, one),
        lambda: sgd_step(four, four, None, one, 0.9),
        lambda: adam_step(four, three, four, four, one),
        lambda: adam_step(four, four, three, four, one),
        lambda: adam_step(four, four, four, three, one),
        lambda: adam_step(four, four, four, four, one, largest=three),
        lambda: lamb_step(four, four, four, three, one, 1),
        lambda: blend(four, three, 0.5),
        lambda: regularize(four, 1, 1, three),
    ):
        with pytest.raises(ValueError, match="received"):
            call()
    empty = four[:0]
    sgd_step(empty, empty, None, one)
    adam_step(empty, empty, empty, empty, one)
    lamb_step(empty, empty, empty, empty, one, 1)
    blend(empty, empty, 0.5)
    assert sum_squares(empty) == regularize(empty, 1, 1) == 0
