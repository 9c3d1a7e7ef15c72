"""The loss entries themselves: every kind against its definition, vector edges, aliasing."""

import numpy as np
import pytest
from kernel_checks import EDGES, EPS, counting, normal, on_every_isa

from fastconv import reference
from fastconv.kernels.losses.loss_rows import KINDS, pointwise_loss, probabilities_loss
from fastconv.kernels.losses.softmax_cross_entropy import softmax_cross_entropy

SOME = [1, 2, 5, 16, 17, 33]
NUMBERS = {"huber": (0.75,), "binary_focal_crossentropy": (2, 0.25, 0.75)}
NUMBERS["binary_focal_crossentropy_of_logits"] = NUMBERS["binary_focal_crossentropy"]


def data(kind, rows, n):
    """Outputs and targets that the loss is made for, with some at the edges of what it takes."""
    y, t = normal((rows, n), 1), normal((rows, n), 2)
    if kind in ("hinge", "squared_hinge"):
        return y, np.sign(t)
    if "binary" in kind or kind in ("kl_divergence", "poisson"):
        t = 1 / (1 + np.exp(-t))
        if not kind.endswith("logits"):
            y = 1 / (1 + np.exp(-3 * y))
            y[0, 0], y[-1, -1] = (0.5, 0.25) if kind == "poisson" else (0, 1)
    return y.astype(np.float32), t.astype(np.float32)


@pytest.mark.parametrize("n", EDGES)
@pytest.mark.parametrize("rows", [1, 3, 64, 131])
def test_squares_are_exact_for_small_integers(rows, n):
    y, t = counting((rows, n), 13), counting((rows, n), 7)
    weights = (1 + np.arange(rows) % 3).astype(np.float32)
    loss = (weights[:, None] * (y - t) ** 2).sum(dtype=np.float64)
    slope = 2 * (1 + np.arange(rows) % 3)[:, None] * (y - t)

    def call():
        dy = np.full(y.shape, np.nan, np.float32)
        with_gradient = pointwise_loss("mean_squared_error", y, t, weights, dy)
        alone = pointwise_loss("mean_squared_error", y, t, weights)
        return np.array([with_gradient, alone]), dy

    for _, (losses, dy) in on_every_isa(call):
        np.testing.assert_array_equal(losses, loss)
        np.testing.assert_array_equal(dy, slope)


@pytest.mark.parametrize("n", SOME)
@pytest.mark.parametrize("kind", KINDS)
def test_against_the_definitions(kind, n):
    rows = 7
    y, t = data(kind, rows, n)
    weights, numbers = np.linspace(0.25, 2, rows).astype(np.float32), NUMBERS.get(kind, ())

    def call():
        dy = np.full(y.shape, np.nan, np.float32)
        loss = pointwise_loss(kind, y, t, weights, dy, 0.5, numbers=numbers)
        return np.array([loss, pointwise_loss(kind, y, t, weights, None, 0.5, numbers=numbers)]), dy

    wanted, slope = reference.pointwise_loss(kind, y, t, weights, 0.5, numbers)
    # Logarithms and exponentials to 2 units in the last place, a dozen roundings besides. A
    # probability of 1 is clipped 1e-7 below it, which float32 rounds to 2^-23: this changes the
    # logarithm by 0.18, and gradients, which are 0 there, not at all, except for the term of the
    # focal loss's that is gamma = 2 times the logarithm.
    values = reference.pointwise_loss(kind, y, t, np.ones(rows), 1, numbers)[0]
    edge = 0.2 * weights.max() if "binary" in kind and not kind.endswith("logits") else 0
    for _, (losses, dy) in on_every_isa(call):
        assert losses[0] == losses[1]
        assert abs(losses[0] - wanted) <= 64 * EPS * (abs(values) + n * rows) + edge
        allowed = 64 * EPS * (1 + abs(slope) + abs(slope).max())
        allowed[(y == 0) | (y == 1)] += 2 * edge * ("focal" in kind)
        assert (np.abs(dy - slope) <= allowed).all()
    in_place = y.copy()
    pointwise_loss(kind, in_place, t, weights, in_place, 0.5, numbers=numbers)
    np.testing.assert_array_equal(in_place, dy)


@pytest.mark.parametrize("gamma", [0, 1.5])
@pytest.mark.parametrize("n", SOME[1:])
def test_cross_entropy_of_probabilities(n, gamma):
    rows = 7
    y, t = np.exp(normal((rows, n), 1)), reference.softmax(3 * normal((rows, n), 2))
    t = t.astype(np.float32)
    weights = np.linspace(0.25, 2, rows).astype(np.float32)

    def call():
        dy = np.full(y.shape, np.nan, np.float32)
        loss = probabilities_loss(y, t, weights, dy, 0.75, 0.25 / n, gamma, 0.5)
        alone = probabilities_loss(y, t, weights, None, 0.75, 0.25 / n, gamma, 0.5)
        return np.array([loss, alone]), dy

    target = reference.smoothed(t, 0.25, n)
    wanted, slope = reference.probabilities_loss(y, target, weights, gamma, 0.5)
    for _, (losses, dy) in on_every_isa(call):
        assert losses[0] == losses[1]
        assert losses[0] == pytest.approx(wanted, rel=64 * EPS, abs=rows * n * EPS)
        np.testing.assert_allclose(dy, slope, atol=64 * EPS * (1 + abs(slope).max()))
    in_place = y.copy()
    probabilities_loss(in_place, t, weights, in_place, 0.75, 0.25 / n, gamma, 0.5)
    np.testing.assert_array_equal(in_place, dy)


@pytest.mark.parametrize("n", SOME)
@pytest.mark.parametrize("sparse", [False, True])
def test_label_smoothing(n, sparse):
    rows, share = 7, 0.2
    z = 3 * normal((rows, n), 1)
    labels = np.arange(rows, dtype=np.int64) % n
    one_hot = np.eye(n, dtype=np.float32)[labels]
    weights = np.linspace(0.25, 2, rows).astype(np.float32)

    def call():
        dz, p = np.full(z.shape, np.nan, np.float32), np.empty_like(z)
        targets = labels if sparse else one_hot
        loss = softmax_cross_entropy(z, targets, weights, None, dz, share)
        both = softmax_cross_entropy(z, targets, weights, p, None, share)
        return np.array([loss, both]), dz

    wanted, slope = reference.softmax_cross_entropy(
        z, reference.smoothed(one_hot, share, n), weights
    )
    for _, (losses, dz) in on_every_isa(call):
        np.testing.assert_allclose(losses, wanted, atol=64 * EPS * rows * (1 + abs(z).max()))
        np.testing.assert_allclose(dz, slope, atol=32 * EPS)


@pytest.mark.parametrize("kind", KINDS)
def test_nan_stays(kind):
    y, t = data(kind, 2, 3)
    y[1, 1] = np.nan
    for _, loss in on_every_isa(lambda: np.array(pointwise_loss(kind, y, t, np.ones(2, "f4")))):
        assert np.isnan(loss)


def test_what_does_not_fit_is_refused():
    a, b = np.ones((3, 4), np.float32), np.ones((3, 5), np.float32)
    weights = np.ones(3, np.float32)
    for args in ((a, b, weights), (a, a, weights[:2]), (a, a, weights, b), (a, a[:2], weights)):
        with pytest.raises(ValueError, match="received"):
            pointwise_loss("huber", *args)
        with pytest.raises(ValueError, match="received"):
            probabilities_loss(*args)
    with pytest.raises(ValueError, match=r"kind must be one of mean_squared_error.*received 'mse'"):
        pointwise_loss("mse", a, a, weights)
    assert pointwise_loss("huber", a[:0], a[:0], weights[:0]) == 0
