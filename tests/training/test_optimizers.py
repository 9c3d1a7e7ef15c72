"""Optimizers against their formulas in float64, and what they keep."""

import re

import numpy as np
import pytest

from fastconv import optimizers, reference
from fastconv.layers import Dense, Input
from fastconv.models import Sequential
from fastconv.optimizers import SGD, Adam

RNG = np.random.default_rng(0)
X, T = RNG.standard_normal((2, 16, 5)).astype(np.float32)
T = T[:, :3]
STEPS = 12
EPSILON = float(np.finfo(np.float32).eps)


def linear(optimizer):
    model = Sequential([Input((5,)), Dense(3)], seed=4)
    model.compile(optimizer, "mse")
    return model


def gradients(w, b):
    """Gradients of mean((x @ w + b - t)^2) in float64."""
    dy = 2 * (X.astype(float) @ w + b - T) / T.size
    return X.T.astype(float) @ dy, dy.sum(axis=0)


def expected(step):
    """Weights after STEPS steps of `step(w, g, state, t) -> (w, *state)` in float64."""
    weights = [w.astype(float) for w in linear("sgd").get_weights()]
    states = [None, None]
    for t in range(1, STEPS + 1):
        grads = gradients(*weights)
        for i in range(2):
            weights[i], states[i] = step(weights[i], grads[i], states[i], t)
    return weights


def sgd(w, g, velocity, t, **how):
    return reference.sgd_step(w, g, velocity, **how)


def adam(w, g, state, t, **how):
    m, v = state if state is not None else (np.zeros_like(w), np.zeros_like(w))
    w, m, v = reference.adam_step(w, g, m, v, t, **how)
    return w, (m, v)


CASES = [
    (SGD(0.1), lambda *a: sgd(*a, learning_rate=0.1)),
    (SGD(0.1, momentum=0.9), lambda *a: sgd(*a, learning_rate=0.1, momentum=0.9)),
    (
        SGD(0.1, momentum=0.9, nesterov=True),
        lambda *a: sgd(*a, learning_rate=0.1, momentum=0.9, nesterov=True),
    ),
    (Adam(0.05), lambda *a: adam(*a, learning_rate=0.05)),
    (
        Adam(0.05, beta_1=0.8, beta_2=0.9, epsilon=1e-3),
        lambda *a: adam(*a, learning_rate=0.05, beta1=0.8, beta2=0.9, epsilon=1e-3),
    ),
]


@pytest.mark.parametrize(("optimizer", "step"), CASES, ids=[repr(o) for o, _ in CASES])
def test_formula(optimizer, step):
    model = linear(type(optimizer).from_config(optimizer.get_config()))
    for _ in range(STEPS):
        model.train_on_batch(X, T)
    assert model.optimizer.iterations == STEPS
    # A step is off by a few roundings of the weights (of order 1) and of the update. Adam divides
    # by the gradient's own size, which undoes no more than the gradient's relative rounding.
    bound = STEPS * 64 * EPSILON
    for w, wanted in zip(model.get_weights(), expected(step), strict=True):
        assert np.abs(w - wanted).max() < bound


def test_learning_rate_can_be_set_at_any_time():
    model = linear(SGD(0.1))
    model.train_on_batch(X, T)
    model.optimizer.learning_rate = 0.0
    before = model.get_weights()
    model.train_on_batch(X, T)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert model.optimizer.learning_rate == 0


def test_slots_survive_freezing():
    """A parameter keeps its slots when others are frozen and unfrozen."""
    model = Sequential([Input((5,)), Dense(4), Dense(3)], seed=1)
    model.compile(Adam(0.01), "mse")
    model.train_on_batch(X, T)
    first, last = model.layers
    kept = model.optimizer.slots()["m"][last.kernel].copy()
    frozen = first.get_weights()
    first.trainable = False
    model.evaluate(X, T, verbose=0)
    np.testing.assert_array_equal(model.optimizer.slots()["m"][last.kernel], kept)
    assert first.kernel not in model.optimizer.slots()["m"]
    model.train_on_batch(X, T)
    np.testing.assert_array_equal(first.kernel.value, frozen[0])
    assert not np.array_equal(model.optimizer.slots()["m"][last.kernel], kept)
    first.trainable = True
    model.train_on_batch(X, T)
    assert not np.array_equal(first.kernel.value, frozen[0])


def test_everything_frozen():
    model = linear("adam")
    model.trainable = False
    before = model.get_weights()
    model.fit(X, T, epochs=2, verbose=0)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("value", ["sgd", "SGD", SGD, SGD(0.3)])
def test_names(value):
    assert type(optimizers.get(value)) is SGD


BAD = [
    (lambda: SGD(-0.1), ValueError, "SGD: learning_rate must be finite, at least 0; received -0.1"),
    (lambda: SGD(float("nan")), ValueError, "received nan"),
    (lambda: SGD("0.1"), TypeError, "SGD: learning_rate must be a number; received '0.1'"),
    (lambda: SGD(momentum=1), ValueError, "momentum must be finite, at least 0 and below 1; rec"),
    (lambda: SGD(learnin_rate=0.1), TypeError, "(did you mean 'learning_rate'?)"),
    (lambda: Adam(beta_1=1.0), ValueError, "beta_1 must be finite, at least 0 and below 1"),
    (lambda: Adam(epsilon=-1), ValueError, "epsilon must be finite, at least 0; received -1"),
    (lambda: Adam(beta1=0.9), TypeError, "(did you mean 'beta_1'?)"),
    (lambda: Adam().apply(), ValueError, "apply follows build(store) and a backward pass"),
]


@pytest.mark.parametrize(("bad", "error", "message"), BAD, ids=[m for _, _, m in BAD])
def test_errors(bad, error, message):
    with pytest.raises(error, match=re.escape(message)):
        bad()
