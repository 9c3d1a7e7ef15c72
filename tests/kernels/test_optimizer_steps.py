"""The optimizers' steps on every ISA and team."""

import numpy as np
import pytest
from kernel_checks import EDGES, EPS, TINY, assert_within, normal, on_every_isa

from fastconv import ops
from fastconv import reference as ref


@pytest.mark.parametrize("size", [0, *EDGES, 10_007])
@pytest.mark.parametrize(("momentum", "nesterov"), [(0, False), (0.9, False), (0.9, True)])
def test_sgd(size, momentum, nesterov):
    w, g, velocity = normal(size, 1), normal(size, 2), normal(size, 3) if momentum else None
    how = (0.1, momentum, nesterov)
    expected = ref.sgd_step(w, g, velocity, *how)
    state = abs(w) + abs(g) + (abs(velocity) if momentum else 0)

    def call():
        new_w, new_v = w.copy(), None if velocity is None else velocity.copy()
        ops.sgd_step(new_w, g, new_v, *how)
        return new_w, new_w if new_v is None else new_v

    for _, (new_w, new_v) in on_every_isa(call):
        assert_within(new_w, expected[0], 6 * EPS * state)
        if momentum:
            assert_within(new_v, expected[1], 6 * EPS * state)


@pytest.mark.parametrize("size", [0, *EDGES, 10_007])
@pytest.mark.parametrize("t", [1, 1000])
def test_adam(size, t):
    w, g, m, v = normal(size, 1), normal(size, 2), normal(size, 3), normal(size, 4) ** 2
    how = {"t": t, "learning_rate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}
    new_w, new_m, new_v = ref.adam_step(w, g, m, v, **how)

    def call():
        state = w.copy(), m.copy(), v.copy()
        ops.adam_step(state[0], g, state[1], state[2], **how)
        return state

    for _, actual in on_every_isa(call):
        allowed_m, allowed_v = 6 * EPS * (abs(m) + abs(g)), 6 * EPS * (v + g**2) + TINY
        assert_within(actual[1], new_m, allowed_m)
        assert_within(actual[2], new_v, allowed_v)
        step = abs(new_w - w)
        relative = allowed_m / np.maximum(abs(new_m), TINY) + allowed_v / np.maximum(new_v, TINY)
        assert_within(actual[0], new_w, 2 * EPS * abs(w) + step * (relative + 8 * EPS))


def test_a_bad_gradient_spoils_its_own_weight_only():
    w, g = normal(50, 1), normal(50, 2)
    g[17] = np.nan

    def call():
        new_w, m, v = w.copy(), np.zeros_like(w), np.zeros_like(w)
        ops.adam_step(new_w, g, m, v, 1)
        return new_w, m, v

    for _, arrays in on_every_isa(call):
        for array in arrays:
            assert np.flatnonzero(np.isnan(array)).tolist() == [17]


def test_adam_with_zero_gradients_does_not_move():
    w, zeros = normal(37, 1), np.zeros(37, np.float32)
    for _, moved in on_every_isa(lambda: stepped(w, zeros)):
        np.testing.assert_array_equal(moved, w)


def stepped(w, g):
    new_w = w.copy()
    ops.adam_step(new_w, g, np.zeros_like(w), np.zeros_like(w), 1)
    return new_w
