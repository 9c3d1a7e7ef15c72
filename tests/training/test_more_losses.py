"""Every loss inside a model: its value, its gradient by differences, its reductions and weights."""

import re

import numpy as np
import pytest

from fastconv import losses
from fastconv.layers import Dense, Input
from fastconv.models import Sequential, load_model
from fastconv.plan.graph import Graph
from fastconv.plan.losses.spec import LossSpec
from fastconv.plan.plan import Plan

RNG = np.random.default_rng(0)
ROWS, N = 6, 4
REAL = RNG.standard_normal((ROWS, N))
CHANCES = np.exp(REAL) / np.exp(REAL).sum(axis=1, keepdims=True)
OTHERS = RNG.dirichlet(np.ones(N), ROWS)
ONE_HOT = np.eye(N)[RNG.integers(0, N, ROWS)]
WEIGHTS = RNG.random(ROWS) + 0.5

CASES = [
    (losses.MeanSquaredError(), REAL, OTHERS),
    (losses.HalfSquaredError(), REAL, OTHERS),
    (losses.MeanAbsoluteError(), REAL, OTHERS),
    (losses.Huber(0.5), REAL, OTHERS),
    (losses.LogCosh(), REAL, OTHERS),
    (losses.Hinge(), REAL, ONE_HOT),
    (losses.SquaredHinge(), REAL, 2 * ONE_HOT - 1),
    (losses.KLDivergence(), CHANCES, OTHERS),
    (losses.Poisson(), CHANCES, 3 * OTHERS),
    (losses.BinaryCrossentropy(label_smoothing=0.1), CHANCES, ONE_HOT),
    (losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), REAL, ONE_HOT),
    (losses.BinaryFocalCrossentropy(), CHANCES, ONE_HOT),
    (losses.BinaryFocalCrossentropy(True, 0.3, 1.5, True, 0.1), REAL, ONE_HOT),
    (losses.CategoricalCrossentropy(label_smoothing=0.2), CHANCES, ONE_HOT),
    (losses.CategoricalCrossentropy(True, 0.2), REAL, ONE_HOT),
    (losses.CategoricalFocalCrossentropy(label_smoothing=0.1), CHANCES, ONE_HOT),
    (losses.CategoricalFocalCrossentropy(0.5, 1.5, True), REAL, ONE_HOT),
    (losses.SparseCategoricalCrossentropy(label_smoothing=0.2), CHANCES, ONE_HOT.argmax(axis=1)),
    (losses.SparseCategoricalCrossentropy(True, 0.2), REAL, ONE_HOT.argmax(axis=1)),
    (losses.CustomLoss(lambda t, y: (((y - t) ** 4).sum(axis=-1), 4 * (y - t) ** 3)), REAL, OTHERS),
]
IDS = [f"{type(loss).__name__} {number}" for number, (loss, _, _) in enumerate(CASES)]


def run(loss, y, targets, weights=None):
    """The loss and its gradient, as a plan computes them for outputs y."""
    graph = Graph()
    graph.output(graph.affine(graph.input((N,)), 1, 0))
    plan = Plan(graph, ROWS, training=True, loss=loss.spec, input_gradient=True)
    array = loss.targets(targets, (N,), where="test")
    value, _ = plan.train_step(y.astype(np.float32), array, weights)
    return value, plan.dx.copy()


@pytest.mark.parametrize(("loss", "y", "targets"), CASES, ids=IDS)
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_value_and_gradient(loss, y, targets, weights):
    value, dx = run(loss, y, targets, weights)
    assert value == pytest.approx(loss(targets, y, weights), rel=1e-5)
    y = y.astype(np.float32).astype(float)
    for at in np.ndindex(y.shape):
        high, low = y.copy(), y.copy()
        high[at] += 1e-6
        low[at] -= 1e-6
        difference = (loss(targets, high, weights) - loss(targets, low, weights)) / 2e-6
        assert dx[at] == pytest.approx(difference, rel=1e-4, abs=2e-6)


@pytest.mark.parametrize(("loss", "y", "targets"), CASES[:1] + CASES[-2:], ids=IDS[:1] + IDS[-2:])
def test_reductions(loss, y, targets):
    mean, dx = run(loss, y, targets, WEIGHTS)
    for reduction, factor in (
        ("sum", ROWS), ("mean", 1), ("mean_with_sample_weight", ROWS / WEIGHTS.sum()),
    ):  # fmt: skip
        loss.reduction = reduction
        value, gradient = run(loss, y, targets, WEIGHTS)
        assert value == pytest.approx(factor * mean, rel=1e-6)
        assert value == pytest.approx(loss(targets, y, WEIGHTS), rel=1e-5)
        np.testing.assert_allclose(gradient, factor * dx, rtol=1e-5)
    loss.reduction = "sum_over_batch_size"


def test_the_summed_loss_of_a_model_does_not_depend_on_how_the_rows_are_cut():
    model = Sequential([Input((N,)), Dense(N, activation="softmax")], seed=1)
    model.compile("sgd", losses.CategoricalCrossentropy(label_smoothing=0.2, reduction="sum"))
    whole = model.test_on_batch(REAL, ONE_HOT)
    parts = model.test_on_batch(REAL[:2], ONE_HOT[:2]) + model.test_on_batch(REAL[2:], ONE_HOT[2:])
    assert whole == pytest.approx(parts, rel=1e-6)


@pytest.mark.parametrize(("loss", "y", "targets"), CASES[:-1], ids=IDS[:-1])
def test_configurations(loss, y, targets):
    again = losses.get({"class": type(loss).__name__, "config": loss.get_config()})
    assert again.spec == loss.spec


def absolute(y_true, y_pred):
    return np.abs(y_pred - y_true).sum(axis=-1), np.sign(y_pred - y_true)


def test_a_function_of_the_users_own_trains_and_is_found_again(tmp_path):
    model = Sequential([Input((N,)), Dense(N)], seed=1)
    model.compile("sgd", absolute)
    before = model.evaluate(REAL, OTHERS, verbose=0)
    history = model.fit(REAL, OTHERS, epochs=5, verbose=0)
    assert history.history["loss"][-1] < before
    model.save(tmp_path / "model")
    with pytest.raises(ValueError, match="give it to load_model in custom_objects"):
        load_model(tmp_path / "model")
    again = load_model(tmp_path / "model", custom_objects={"absolute": absolute})
    assert again.evaluate(REAL, OTHERS, verbose=0) == model.evaluate(REAL, OTHERS, verbose=0)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (lambda: run(losses.CustomLoss(lambda t, y: 0), REAL, OTHERS), TypeError, "received int"),
        (
            lambda: run(losses.CustomLoss(lambda t, y: (y, y)), REAL, OTHERS),
            ValueError,
            "losses of shape (6,) and a gradient of shape (6, 4); received (6, 4)",
        ),
        (lambda: losses.Huber(0), ValueError, "Huber: delta must be above 0; received 0"),
        (lambda: losses.Huber(1e20), ValueError, "Huber: delta must be at most 1e+19, so that"),
        (lambda: losses.Huber(-1), ValueError, "delta must be at least 0; received -1"),
        (lambda: losses.CategoricalCrossentropy(label_smoothing=2), ValueError, "at most 1; rece"),
        (lambda: losses.MeanSquaredError(reduction="summ"), ValueError, "(did you mean 'sum'?)"),
        (lambda: losses.get("binary_crossentrop"), ValueError, "(did you mean 'binary_crossentro"),
        (
            lambda: losses.BinaryCrossentropy()([[2.0]], [[0.5]]),
            ValueError,
            "needs targets from 0 to 1; received 2.0 to 2.0",
        ),
        (lambda: LossSpec("mean_squared_error", label_smoothing=0.1), ValueError, "belongs to a"),
        (lambda: LossSpec("custom"), ValueError, "a function goes with kind 'custom'"),
    ],
)
def test_errors(bad, error, message):
    with pytest.raises(error, match=re.escape(message)):
        bad()


def test_a_binary_crossentropy_of_a_linear_output():
    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "binary_crossentropy")
    with pytest.raises(ValueError, match="end the model with a sigmoid, or use BinaryCrossentropy"):
        model.fit(np.zeros((3, 2)), np.zeros(3))
