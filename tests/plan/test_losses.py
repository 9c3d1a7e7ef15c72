"""The losses against their definitions, the softmax fused or not, with and without weights."""

import numpy as np
import pytest

from fastconv import reference
from fastconv.plan.graph import Graph
from fastconv.plan.losses.spec import LossSpec
from fastconv.plan.plan import Plan

ROWS, CLASSES = 7, 5
RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, CLASSES, ROWS)
ONE_HOT = np.eye(CLASSES)[LABELS]
SOFT = 0.8 * ONE_HOT + 0.2 / CLASSES
WEIGHTS = RNG.random(ROWS)
X = RNG.standard_normal((ROWS, CLASSES)).astype(np.float32)


def graph_with(last, shape=(CLASSES,)):
    """input -> 2 x -> [softmax [-> a step that hides it from the loss]]"""
    g = Graph()
    x = g.affine(g.input(shape), 2, 0)
    if last != "logits":
        x = g.activation(x, "softmax")
    if last == "hidden":
        x = g.affine(x, 1, 0)
    g.output(x)
    return g


def train(graph, spec, x, targets, weights=None, **arguments):
    """Loss, output and dx of a train step; the loss alone must be the same."""
    plan = Plan(graph, len(x), training=True, loss=spec, input_gradient=True, **arguments)
    loss, y = plan.train_step(x, targets, weights)
    y, dx = y.copy(), plan.dx.copy()
    again, y_again = plan.loss_and_output(x, targets, weights)
    assert again == loss
    np.testing.assert_array_equal(y_again, y)
    return loss, y, dx


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(
    ("kind", "targets"),
    [
        ("sparse_categorical_crossentropy", LABELS),
        ("sparse_categorical_crossentropy", LABELS[:, None].astype(np.uint8)),
        ("sparse_categorical_crossentropy", LABELS.astype(float)),
        ("categorical_crossentropy", ONE_HOT),
        ("categorical_crossentropy", SOFT.astype(np.float32)),
    ],
)
@pytest.mark.parametrize("last", ["logits", "softmax", "hidden", "unfused"])
def test_cross_entropy(kind, targets, weights, last):
    spec = LossSpec(kind, from_logits=last == "logits")
    graph = graph_with("softmax" if last == "unfused" else last)
    loss, y, dx = train(graph, spec, X, targets, weights, fuse=last != "unfused")
    t = targets if kind.startswith("cat") else LABELS
    per_row = np.full(ROWS, 1 / ROWS) if weights is None else weights / ROWS
    right, dlogits = reference.softmax_cross_entropy(2 * X, t, per_row)
    probabilities = reference.softmax(2 * X)
    # exp and log cost a few roundings, the rest less; probabilities, weights and t are at most 1
    few = 32 * np.finfo(np.float32).eps
    np.testing.assert_allclose(y, 2 * X if last == "logits" else probabilities, atol=few)
    assert abs(loss - right) <= few * (1 + right)
    unseen = last in ("hidden", "unfused")  # divides by probabilities and multiplies by them again
    np.testing.assert_allclose(dx, 2 * dlogits, atol=few / (probabilities.min() if unseen else 1))


def test_mean_squared_error():
    t = RNG.standard_normal((ROWS, CLASSES))
    for weights in (None, WEIGHTS):
        loss, y, dx = train(graph_with("logits"), LossSpec("mean_squared_error"), X, t, weights)
        per_row = np.full(ROWS, 1 / ROWS) if weights is None else weights / ROWS
        right, dy = reference.mean_squared_error(2 * X, t, per_row)
        np.testing.assert_array_equal(y, 2 * X)
        few = 16 * np.finfo(np.float32).eps
        assert abs(loss - right) <= few * right
        np.testing.assert_allclose(dx, 2 * dy, atol=few * np.abs(dy).max())


@pytest.mark.parametrize("last", ["logits", "softmax", "hidden"])
def test_rows_may_have_axes_of_their_own(last):
    """An output (rows, 3, 2, classes) counts as rows * 6 rows, each with its sample's weight."""
    spec = LossSpec("sparse_categorical_crossentropy", from_logits=last == "logits")
    x = RNG.standard_normal((4, 3, 2, CLASSES)).astype(np.float32)
    labels = RNG.integers(0, CLASSES, (4, 3, 2))
    weights = np.array([1, 0, 2, 0.5])
    loss, _, dx = train(graph_with(last, (3, 2, CLASSES)), spec, x, labels, weights)
    right, dlogits = reference.softmax_cross_entropy(
        2 * x.reshape(-1, CLASSES), labels.ravel(), np.repeat(weights, 6) / 24
    )
    assert loss == pytest.approx(right, rel=1e-5)
    np.testing.assert_allclose(dx.reshape(-1, CLASSES), 2 * dlogits, atol=1e-5)


def test_a_certain_wrong_answer_has_a_finite_loss_and_a_gradient():
    x = np.array([[0, 200, 0, 0, 0]], np.float32)
    spec = LossSpec("sparse_categorical_crossentropy")
    loss, y, dx = train(graph_with("softmax"), spec, x, [0])
    assert loss == 400
    np.testing.assert_array_equal(y, [[0, 1, 0, 0, 0]])
    np.testing.assert_array_equal(dx, [[-2, 2, 0, 0, 0]])


REFUSED = {
    "too many classes": (
        "sparse_categorical_crossentropy",
        [5] * ROWS,
        "between 0 and 4; received 5",
    ),
    "negative": ("sparse_categorical_crossentropy", [-1] * ROWS, "between 0 and 4; received -1"),
    "not whole": ("sparse_categorical_crossentropy", [0.5] * ROWS, "class numbers must be whole"),
    "NaN": ("sparse_categorical_crossentropy", [np.nan] * ROWS, "between 0 and 4; received nan"),
    "too few": ("sparse_categorical_crossentropy", LABELS[1:], r"of shape \(7,\); received \(6,\)"),
    "one-hot for sparse": ("sparse_categorical_crossentropy", ONE_HOT, r"received \(7, 5\)"),
    "labels for dense": (
        "categorical_crossentropy",
        LABELS,
        r"output's shape \(7, 5\); received \(7,\); class numbers go with sparse_",
    ),
    "shape": ("mean_squared_error", ONE_HOT[:, :4], r"shape \(7, 5\); received \(7, 4\)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_targets_are_refused_before_anything_is_written(case):
    kind, targets, message = REFUSED[case]
    plan = Plan(graph_with("logits"), ROWS, training=True, loss=LossSpec(kind))
    y = plan.forward(X)
    before = y.copy()
    for call in (plan.train_step, plan.loss_and_output):
        with pytest.raises(ValueError, match=f"{kind}: .*{message}"):
            call(X * 3, targets)
    np.testing.assert_array_equal(y, before)


def test_wrong_types_and_weights_are_refused():
    plan = Plan(graph_with("logits"), ROWS, training=True, loss=LossSpec("mean_squared_error"))
    with pytest.raises(TypeError, match="targets must be real numbers; received dtype complex64"):
        plan.train_step(X, X + 1j)
    with pytest.raises(
        ValueError, match=r"one number for each of the 7 samples; received .*\(6,\)"
    ):
        plan.train_step(X, X, WEIGHTS[1:])
    with pytest.raises(TypeError, match="sample_weight: must be real numbers; received dtype <U1"):
        plan.train_step(X, X, ["a"] * ROWS)


def test_losses_that_do_not_fit_the_graph_are_refused():
    mse = LossSpec("mean_squared_error")
    with pytest.raises(ValueError, match="for each of the 1 outputs; received 2"):
        Plan(graph_with("logits"), 1, training=True, loss=[mse, mse])
    with pytest.raises(TypeError, match="a loss must be a LossSpec; received 'mse'"):
        Plan(graph_with("logits"), 1, training=True, loss=["mse"])
    with pytest.raises(ValueError, match="built without a loss"):
        Plan(graph_with("logits"), 1, training=True).train_step(X[:1], X[:1])
