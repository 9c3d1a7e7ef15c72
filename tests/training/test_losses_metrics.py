"""Losses and metrics: values, names, and targets that do not fit."""

import re

import numpy as np
import pytest

from fastconv import losses, metrics
from fastconv.layers import Dense, Input
from fastconv.losses import (
    CategoricalCrossentropy,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from fastconv.models import Sequential
from fastconv.utils import to_categorical

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 3, (6, 4))
LABELS = np.array([0, 3, 1, 1, 2, 0])
PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
CROSSENTROPY = -np.log(PROBABILITIES[np.arange(6), LABELS]).mean()


def test_crossentropies_agree():
    for from_logits, output in ((True, LOGITS), (False, PROBABILITIES)):
        sparse = SparseCategoricalCrossentropy(from_logits=from_logits)
        dense = CategoricalCrossentropy(from_logits=from_logits)
        assert sparse(LABELS, output) == pytest.approx(CROSSENTROPY, rel=1e-9)
        assert dense(to_categorical(LABELS), output) == pytest.approx(CROSSENTROPY, rel=1e-9)


def test_crossentropy_of_extreme_values():
    assert SparseCategoricalCrossentropy(from_logits=True)([0], [[-1000.0, 1000.0]]) == 2000
    floor = SparseCategoricalCrossentropy()([0], [[0.0, 1.0]])
    assert floor == pytest.approx(-np.log(1e-7))


def test_mean_squared_error():
    assert MeanSquaredError()([[1, 2], [3, 4]], [[1, 0], [0, 4]]) == (4 / 2 + 9 / 2) / 2


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("mse", MeanSquaredError),
        ("mean_squared_error", MeanSquaredError),
        ("MeanSquaredError", MeanSquaredError),
        ("categorical_crossentropy", CategoricalCrossentropy),
        ("sparse_categorical_crossentropy", SparseCategoricalCrossentropy),
        (CategoricalCrossentropy, CategoricalCrossentropy),
        (CategoricalCrossentropy(from_logits=True), CategoricalCrossentropy),
    ],
)
def test_loss_names(name, cls):
    assert type(losses.get(name)) is cls


@pytest.mark.parametrize("loss", [MeanSquaredError(name="m"), CategoricalCrossentropy(True)])
def test_loss_configurations(loss):
    again = losses.get({"class": type(loss).__name__, "config": loss.get_config()})
    assert again.get_config() == loss.get_config()
    assert again.spec == loss.spec


SPARSE, DENSE = "sparse_categorical_crossentropy", "categorical_crossentropy"
UNFIT = [
    (SPARSE, [0, 1, 4], "labels must be whole numbers from 0 to 3, the output has 4 classes; rec"),
    (SPARSE, [0, -1, 2], "received labels from -1 to 2"),
    (SPARSE, [0, 0.5, 2], "received labels from 0.0 to 2.0"),
    (SPARSE, [0, np.nan, 2], "received labels from nan to nan"),
    (SPARSE, np.eye(4)[:3], "needs one label for each sample, shape (None,) (for one-hot rows use"),
    (SPARSE, np.zeros((3, 2)), "shape (None,); received y (3, 2)"),
    (DENSE, [0, 1, 2], "needs targets of the output's shape (None, 4), one-hot (for labels use"),
    (DENSE, np.eye(5)[:3], "shape (None, 4); received y (3, 5)"),
    (DENSE, -np.eye(4)[:3], "needs targets of at least 0; received -1.0"),
    (DENSE, np.eye(4)[:2], "the same number of samples, at least one; received 3 and 2"),
    ("mse", np.zeros((3, 2)), "mean_squared_error needs targets of the output's shape (None, 4)"),
    (SPARSE, None, "y, the targets, must be given; received None"),
]


@pytest.mark.parametrize(("loss", "y", "message"), UNFIT, ids=[m for _, _, m in UNFIT])
def test_targets_that_do_not_fit(loss, y, message):
    model = Sequential([Input((2,)), Dense(4, activation="softmax")])
    model.compile("sgd", loss)
    before = model.get_weights()
    for use in (model.fit, model.evaluate, model.train_on_batch):
        with pytest.raises(ValueError, match=re.escape(message)):
            use(np.zeros((3, 2)), y)
    assert model.optimizer.iterations == 0
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_loss_that_does_not_fit_the_output():
    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"at least two classes; received output \(None, 1\)"):
        model.fit(np.zeros((3, 2)), np.zeros(3))


def test_a_crossentropy_of_a_linear_output():
    model = Sequential([Input((2,)), Dense(3)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"needs probabilities: .* received the output of 'dense'"):
        model.fit(np.zeros((3, 2)), np.zeros(3))
    model.compile("sgd", SparseCategoricalCrossentropy(from_logits=True))
    assert model.evaluate(np.zeros((3, 2)), np.zeros(3), verbose=0) == pytest.approx(np.log(3))


def test_targets_of_other_shapes_and_types_that_do_fit():
    x = RNG.random((6, 2))
    model = Sequential([Input((2,)), Dense(4, activation="softmax")], seed=1)
    model.compile("sgd", SPARSE)
    wanted = model.evaluate(x, LABELS, verbose=0)
    assert wanted == pytest.approx(SparseCategoricalCrossentropy()(LABELS, model.predict(x)))
    for y in (LABELS[:, np.newaxis], LABELS.tolist(), LABELS.astype(np.float32),
              LABELS.astype(np.uint8), LABELS.astype(">i2")):  # fmt: skip
        assert model.evaluate(x, y, verbose=0) == wanted
    model.compile("sgd", DENSE)
    rows = to_categorical(LABELS)
    for y in (rows, rows.astype(np.uint8), rows.astype(bool), np.asfortranarray(rows)):
        assert model.evaluate(x, y, verbose=0) == pytest.approx(wanted, rel=1e-6)
    model = Sequential([Input((2,)), Dense(1)], seed=1)
    model.compile("sgd", "mse")
    one = model.evaluate(x, x[:, :1], verbose=0)
    assert model.evaluate(x, x[:, 0], verbose=0) == one


@pytest.mark.parametrize(
    ("loss", "classes", "y"),
    [(SPARSE, 4, LABELS), (DENSE, 4, to_categorical(LABELS)), ("mse", 4, to_categorical(LABELS))],
)
@pytest.mark.parametrize("name", ["accuracy", "acc"])
def test_accuracy_is_the_one_that_fits(loss, classes, y, name):
    x = RNG.random((6, 3))
    model = Sequential([Input((3,)), Dense(classes, activation="softmax")], seed=1)
    model.compile("sgd", loss, [name])
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    assert list(found) == ["loss", name]
    assert found[name] == (model.predict(x).argmax(axis=1) == LABELS).mean()


def test_accuracy_of_a_single_output():
    model = Sequential([Input((1,)), Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse", "accuracy")
    x = np.array([[0.1], [0.7], [0.4], [0.9]])
    assert model.evaluate(x, [0, 1, 1, 1], verbose=0)[1] == 0.75


def test_metrics_average_over_batches():
    metric = metrics.SparseCategoricalAccuracy()
    assert metric.result() == 0
    metric.update_state([1, 0], [[0.2, 0.8], [0.3, 0.7]])
    metric.update_state([1], [[0.2, 0.8]])
    assert metric.result() == pytest.approx(2 / 3)
    metric.reset_state()
    assert metric.result() == 0


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (lambda m: m.compile("sgd", "mse", ["acuracy"]), ValueError, "(did you mean 'accuracy'?)"),
        (lambda m: m.compile("sgd", "mse", 3), TypeError, "metrics must be a list; received 3"),
        (lambda m: m.compile("sgd", metrics=["acc"]), ValueError, "metrics need a loss"),
        (lambda m: m.compile("sgd", "categorical_crossentrpy"), ValueError, "did you mean 'categ"),
        (lambda m: m.compile("sgd", 3), TypeError, "an instance of fastconv's Loss"),
        (lambda m: m.compile("adm", "mse"), ValueError, "(did you mean 'adam'?)"),
        (lambda m: m.compile(optimiser="adam"), TypeError, "(did you mean 'optimizer'?)"),
        (lambda m: m.fit(batchsize=3), TypeError, "fit: the arguments are x, y, batch_size, epo"),
        (lambda m: m.fit([[1.0]], [[1.0]]), ValueError, "call model.compile(...)"),
        (lambda m: (m.compile("sgd"), m.fit([[1.0]], [1])), ValueError, "compile must be given a"),
        (lambda m: CategoricalCrossentropy(from_logit=True), TypeError, "mean 'from_logits'?"),
    ],
)
def test_errors(bad, error, message):
    with pytest.raises(error, match=re.escape(message)):
        bad(Sequential([Input((1,)), Dense(1)]))


def test_to_categorical():
    np.testing.assert_array_equal(to_categorical([2, 0], 3), [[0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(to_categorical([[1], [0]]), [[0, 1], [1, 0]])
    assert to_categorical(np.zeros((2, 3), int), 4).shape == (2, 3, 4)
    assert to_categorical([]).shape == (0, 1)
    with pytest.raises(ValueError, match="received labels from 0 to 3"):
        to_categorical([0, 3], 3)
    with pytest.raises(TypeError, match="whole numbers; received dtype"):
        to_categorical([0.5])


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: MeanSquaredError(name=3), TypeError, "MeanSquaredError: name must be a text"),
        (lambda: losses.CustomLoss(max, name=np.ones(2)), TypeError, "CustomLoss: name must be"),
        (
            lambda: CategoricalCrossentropy(from_logits=np.ones(2)),
            TypeError,
            "CategoricalCrossentropy: from_logits must be True or False; received array",
        ),
        (
            lambda: MeanSquaredError()(np.ones((7, 2)), np.ones((7, 2)), np.ones(3)),
            ValueError,
            "mean_squared_error: sample_weight must have a number for each of the outputs (7,)",
        ),
        (
            lambda: MeanSquaredError()([[1], [1, 2]], [[1], [1]]),
            ValueError,
            "mean_squared_error: y must be an array, or lists whose rows have one length",
        ),
    ],
)
def test_arguments_are_checked(wrong, error, message):
    with pytest.raises(error, match=re.escape(message)):
        wrong()
