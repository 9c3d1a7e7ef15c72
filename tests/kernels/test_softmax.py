"""Softmax and the losses on every ISA and team."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_checks import EPS, TINY, assert_within, edge_sizes, normal, on_every_isa

from fastconv import ops
from fastconv import reference as ref

shapes = st.tuples(st.integers(1, 40), edge_sizes(70))
spreads = st.sampled_from([1e-3, 1.0, 30.0, 200.0])


def softmax_bound(x, p):
    """Rounding x - max moves exp by its size times eps; then exp itself, the sum and a quotient."""
    distance = x.max(axis=-1, keepdims=True) - x.astype(np.float64)
    return (2 * distance + x.shape[-1] + 8) * EPS * p + 2 * TINY


@settings(max_examples=80)
@given(shapes, spreads)
def test_softmax_and_its_gradient(shape, spread):
    x, dy = spread * normal(shape, 1), normal(shape, 2)
    p = ref.softmax(x)
    for _, y in on_every_isa(lambda: ops.softmax(x)):
        assert_within(y, p, softmax_bound(x, p))
        assert_within(y.sum(axis=1), np.ones(shape[0]), (2 * shape[1] + 4) * EPS)
    y = p.astype(np.float32)
    expected = ref.softmax_backward(dy, y)
    size = (abs(dy) * y).sum(axis=1, keepdims=True)
    for _, dx in on_every_isa(lambda: ops.softmax_backward(dy, y)):
        allowed = (shape[1] + 4) * EPS * y * (abs(dy) + size) + TINY * (shape[1] + 4)
        assert_within(dx, expected, allowed)


@pytest.mark.parametrize("classes", [1, 10, 33])
def test_softmax_of_special_values(classes):
    x = np.zeros((4, classes), np.float32)
    x[0, -1], x[1, 0], x[2] = np.nan, np.inf, -np.inf
    x[3] = 3e38
    with np.errstate(invalid="ignore"):
        expected = ref.softmax(x)
    for _, y in on_every_isa(lambda: ops.softmax(x)):
        np.testing.assert_array_equal(np.isnan(y), np.isnan(expected))
        np.testing.assert_allclose(y, expected, rtol=8 * EPS * classes)


def test_softmax_with_one_class_out_of_reach():
    x = np.array([[0.0, -np.inf, 0.0]] * 5, np.float32)
    for _, y in on_every_isa(lambda: ops.softmax(x)):
        np.testing.assert_allclose(y, [[0.5, 0, 0.5]] * 5, rtol=8 * EPS)


@settings(max_examples=80)
@given(shapes, spreads, st.booleans(), st.sampled_from(["labels", "one_hot", "smoothed"]))
def test_cross_entropy_and_its_gradient(shape, spread, weighted, kind):
    rows, classes = shape
    logits, labels = spread * normal(shape, 1), np.arange(rows) * 7 % classes
    one_hot = np.eye(classes)[labels]
    targets = {
        "labels": labels, "one_hot": one_hot, "smoothed": 0.8 * one_hot + 0.2 / classes
    }[kind]  # fmt: skip
    targets = targets.astype(np.int64 if kind == "labels" else np.float32)
    weights = np.abs(normal(rows, 3)) if weighted else None
    loss, dlogits = ref.softmax_cross_entropy(logits, targets, weights)
    p = ref.softmax(logits)
    row = np.full(rows, 1 / rows) if weights is None else weights
    t = one_hot if kind == "labels" else targets

    for _, (value, actual) in on_every_isa(
        lambda: ops.softmax_cross_entropy(logits, targets, weights)
    ):
        allowed = row[:, None] * (softmax_bound(logits, p) + 4 * EPS * (p + t)) + 2 * TINY
        assert_within(actual, dlogits, allowed)
        # of each row: log(sum) and the logits' distance from the largest, both rounded
        distance = 2 * abs(logits).max(axis=1) + np.log(classes) + 1
        assert abs(value - loss) <= (classes + rows + 16) * EPS * (row * distance).sum()


def test_cross_entropy_of_logits_too_large_for_exp():
    logits = np.array([[1e4, 0, -1e4], [0, 1e4, 0]], np.float32)
    for _, (loss, dlogits) in on_every_isa(lambda: ops.softmax_cross_entropy(logits, [1, 1])):
        assert loss == pytest.approx(5e3, rel=4 * EPS)
        np.testing.assert_allclose(dlogits, [[0.5, -0.5, 0], [0, 0, 0]], atol=EPS)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bad_logit_makes_its_row_and_the_loss_nan(bad):
    logits = normal((5, 10), 1)
    logits[2, 3] = bad
    for _, (loss, dlogits) in on_every_isa(lambda: ops.softmax_cross_entropy(logits, [1] * 5)):
        assert np.isnan(loss) or (bad == np.inf and loss == np.inf)
        assert np.isnan(dlogits[2, 3])
        assert np.isfinite(np.delete(dlogits, 2, axis=0)).all()


@settings(max_examples=60)
@given(shapes, st.booleans())
def test_mean_squared_error_and_its_gradient(shape, weighted):
    y, t = normal(shape, 1), normal(shape, 2)
    weights = np.abs(normal(shape[0], 3)) if weighted else None
    loss, dy = ref.mean_squared_error(y, t, weights)
    for _, (value, actual) in on_every_isa(lambda: ops.mean_squared_error(y, t, weights)):
        assert_within(actual, dy, 8 * EPS * abs(dy) + TINY)
        assert abs(value - loss) <= (y.size + 8) * EPS * loss
