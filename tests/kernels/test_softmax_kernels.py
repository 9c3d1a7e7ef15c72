"""Softmax and cross-entropy entries: the exponential, vector edges, aliasing, bad labels."""

import numpy as np
import pytest
from kernel_checks import EDGES, EPS, assert_within, normal, on_every_isa

from fastconv.kernels.activations.softmax import softmax_bwd, softmax_fwd
from fastconv.kernels.losses.softmax_cross_entropy import softmax_cross_entropy


def exact_softmax(x):
    e = np.exp(x.astype(np.float64) - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_exponential_is_accurate_to_a_few_units_in_the_last_place():
    # one huge class makes the sum exactly 1 (or 1 and a bit): what is left in the others is exp(x)
    x = np.zeros((20_000, 2), np.float32)
    x[:, 1] = -np.linspace(17.5, 87.0, 20_000, dtype=np.float32)
    exact = np.exp(x[:, 1].astype(np.float64))
    for _, y in on_every_isa(lambda: into(softmax_fwd, x)):
        assert (y[:, 0] == 1).all()
        assert (abs(y[:, 1] - exact) <= 2 * EPS * exact).all()


def into(call, *arrays):
    out = np.full(arrays[0].shape, np.nan, np.float32)
    call(*arrays, out)
    return out


@pytest.mark.parametrize("n", [*EDGES, 1000])
@pytest.mark.parametrize("rows", [1, 3, 70])
def test_rows_of_every_length(rows, n):
    x, dy = 3 * normal((rows, n), 1), normal((rows, n), 2)
    p = exact_softmax(x)
    for _, y in on_every_isa(lambda: into(softmax_fwd, x)):
        assert_within(y, p, (abs(x - x.max(axis=1, keepdims=True)) + n + 8) * EPS * p)
    y = p.astype(np.float32)
    dot = (dy * p).sum(axis=1, keepdims=True)
    size = (abs(dy) * p).sum(axis=1, keepdims=True)
    for _, dx in on_every_isa(lambda: into(softmax_bwd, dy, y)):
        assert_within(dx, p * (dy - dot), (n + 8) * EPS * p * (abs(dy) + size))


def call_with_labels(z, labels, weights, **out):
    return np.float64(softmax_cross_entropy(z, labels, weights, **out))


@pytest.mark.parametrize("n", [*EDGES, 1000])
def test_labels_and_their_one_hot_rows_agree(n):
    rows = 130
    z, weights = 3 * normal((rows, n), 1), abs(normal(rows, 2))
    labels = np.arange(rows) * 7 % n
    one_hot = np.eye(n, dtype=np.float32)[labels]
    p = exact_softmax(z)
    distance = abs(z - z.max(axis=1, keepdims=True))
    allowed = (distance + n + 8) * EPS * p
    losses = -np.log(p[np.arange(rows), labels])
    allowed_loss = (weights * (n + 8 + distance.max(axis=1)) * EPS).sum()

    def call(targets):
        probs, dz = np.full(z.shape, np.nan, np.float32), np.full(z.shape, np.nan, np.float32)
        loss = softmax_cross_entropy(z, targets, weights, probs, dz)
        alone = np.full(z.shape, np.nan, np.float32)
        losses = loss, softmax_cross_entropy(z, targets, weights, None, alone)
        return np.array([*losses, softmax_cross_entropy(z, targets, weights)]), probs, dz, alone

    for targets in (labels, one_hot):
        for _, (loss, probs, *dzs) in on_every_isa(lambda targets=targets: call(targets)):
            assert (abs(loss - (weights * losses).sum()) <= allowed_loss).all()
            assert_within(probs, p, allowed)
            for dz in dzs:
                expected = weights[:, None] * (p - one_hot)
                assert_within(dz, expected, weights[:, None] * (allowed + 4 * EPS * one_hot))


def test_targets_that_do_not_sum_to_one_have_the_gradient_of_their_loss():
    z, t = normal((1, 5), 1), np.array([[0.5, 0, 2, 0.25, 0]], np.float32)
    one = np.ones(1, np.float32)
    dz = np.empty_like(z)
    loss = softmax_cross_entropy(z, t, one, None, dz)
    p = exact_softmax(z)
    assert loss == pytest.approx(-(t * np.log(p)).sum(), rel=8 * EPS)
    np.testing.assert_allclose(dz, t.sum() * p - t, atol=16 * EPS)


def test_an_impossible_class_costs_nothing_unless_it_is_the_target():
    z = np.array([[0, -np.inf, 0]] * 3, np.float32)
    one, dz = np.ones(3, np.float32), np.empty_like(z)
    for _, loss in on_every_isa(lambda: call_with_labels(z, np.array([0, 2, 0]), one, dlogits=dz)):
        assert loss == pytest.approx(3 * np.log(2), rel=4 * EPS)
        np.testing.assert_array_equal(dz, [[-0.5, 0, 0.5], [0.5, 0, -0.5], [-0.5, 0, 0.5]])
    soft = np.array([[1, 0, 0]] * 3, np.float32)
    assert softmax_cross_entropy(z, soft, one) == pytest.approx(3 * np.log(2), rel=4 * EPS)
    assert softmax_cross_entropy(z, np.array([1, 0, 0]), one) == np.inf


def test_results_may_take_the_place_of_the_logits():
    z, labels, weights = normal((9, 21), 1), np.arange(9), abs(normal(9, 2))
    soft = exact_softmax(normal((9, 21), 3)).astype(np.float32)
    for targets in (labels, soft):
        p, dz = np.empty_like(z), np.empty_like(z)
        loss = softmax_cross_entropy(z, targets, weights, p, dz)
        over_p, over_dz = z.copy(), z.copy()
        assert softmax_cross_entropy(over_p, targets, weights, over_p, None) == loss
        assert softmax_cross_entropy(over_dz, targets, weights, np.empty_like(z), over_dz) == loss
        np.testing.assert_array_equal(over_p, p)
        np.testing.assert_array_equal(over_dz, dz)
        with pytest.raises(ValueError, match="two arrays"):
            softmax_cross_entropy(z, targets, weights, p, p)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (np.array([0, 5, 0]), r"labels must be in \[0, 5\); received 5 in row 1"),
        (np.array([0, 0, -1]), r"received -1 in row 2"),
        (np.array([0, 0]), "received 3, 2"),
        (np.zeros((3, 4), np.float32), "received 5, 4"),
        (np.array([0, 0, 0], np.int32), "Buffer dtype mismatch"),
        (np.zeros((3, 5)), "Buffer dtype mismatch"),
    ],
)
def test_bad_targets_are_refused_before_anything_is_written(targets, message):
    z, p, dz = normal((3, 5), 1), np.full((3, 5), 7, np.float32), np.full((3, 5), 7, np.float32)
    with pytest.raises(ValueError, match=message):
        softmax_cross_entropy(z, targets, np.ones(3, np.float32), p, dz)
    assert (p == 7).all()
    assert (dz == 7).all()


def test_no_rows():
    empty = np.empty((0, 5), np.float32)
    nothing = np.empty(0, np.float32)
    assert softmax_cross_entropy(empty, np.empty(0, np.int64), nothing, empty) == 0
    softmax_fwd(empty, empty)
