"""The optimizer entries themselves: vector edges, the gradient's scale, arguments that disagree."""

import numpy as np
import pytest
from kernel_checks import EDGES, EPS, assert_within, counting, normal, on_every_isa

from fastconv.kernels.optimizer_step import adam_step, sgd_step

SIZES = [*EDGES, 8193]


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("kind", ["plain", "momentum", "nesterov"])
def test_sgd_is_exact_for_small_integers(n, kind):
    w, g, v = counting(n, 13), counting(n, 7), counting(n, 5)
    lr, momentum, scale = 0.5, 0 if kind == "plain" else 0.25, 4

    def call():
        state = w.copy(), v.copy()
        velocity = None if kind == "plain" else state[1]
        sgd_step(state[0], g, velocity, lr, momentum, kind == "nesterov", scale)
        return state

    step = lr * scale * g
    new_v = v if kind == "plain" else momentum * v - step
    change = {"plain": -step, "momentum": new_v, "nesterov": momentum * new_v - step}[kind]
    for level, (new_w, velocity) in on_every_isa(call):
        np.testing.assert_array_equal(velocity, new_v, level)
        np.testing.assert_array_equal(new_w, w + change, level)


@pytest.mark.parametrize("n", SIZES)
def test_adam(n):
    w, g, m, v = normal(n, 1), normal(n, 2), normal(n, 3), normal(n, 4) ** 2

    def call():
        state = w.copy(), m.copy(), v.copy()
        adam_step(state[0], g, state[1], state[2], 0.01, 0.9, 0.999, 1e-7, 0.5)
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


def test_arguments_that_disagree_are_refused():
    four, three = np.zeros(4, np.float32), np.zeros(3, np.float32)
    for call in (
        lambda: sgd_step(four, three, None, 0.1),
        lambda: sgd_step(four, four, three, 0.1),
        lambda: sgd_step(four, four, None, 0.1, 0.9),
        lambda: adam_step(four, three, four, four, 0.1),
        lambda: adam_step(four, four, three, four, 0.1),
        lambda: adam_step(four, four, four, three, 0.1),
    ):
        with pytest.raises(ValueError, match="received"):
            call()
    sgd_step(four[:0], four[:0], None, 0.1)
    adam_step(four[:0], four[:0], four[:0], four[:0], 0.1)
