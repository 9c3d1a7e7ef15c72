"""Losses and metrics that are functions: ours under Keras's names, and the caller's own."""

import contextlib
import functools
import inspect

import numpy as np
import pytest

from fastconv import losses, metrics
from fastconv.layers import Dense, Input
from fastconv.models import Sequential, load_model
from fastconv.optimizers import SGD

RNG = np.random.default_rng(0)
X = RNG.random((12, 3), np.float32)
LABELS = RNG.integers(0, 4, 12)
ROWS = np.eye(4)[LABELS]
OUTPUTS = RNG.dirichlet(np.ones(4), 12)
YES = (RNG.random(40) < 0.4).astype(np.float32)
CHANCE = RNG.random(40)


def network(loss, wanted=()):
    model = Sequential([Input((3,)), Dense(4, activation="softmax")], seed=1)
    model.compile(SGD(0.1), loss, list(wanted))
    return model


@pytest.mark.parametrize("name", losses.NAMES)
def test_every_loss_is_a_function_whose_mean_it_is(name):
    function, loss = getattr(losses, name), losses.get(name)
    assert type(losses.get(function)) is type(loss)
    y_true = LABELS if loss.spec.is_sparse else ROWS
    values = function(y_true, OUTPUTS)
    assert values.shape == (12,)
    assert values.mean() == pytest.approx(loss(y_true, OUTPUTS), rel=1e-12)
    assert getattr(metrics, name).__name__ == name


def test_settings_of_a_function():
    found = losses.categorical_crossentropy(ROWS, OUTPUTS, from_logits=True, label_smoothing=0.1)
    loss = losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    assert found.mean() == pytest.approx(loss(ROWS, OUTPUTS))
    with pytest.raises(TypeError, match=r"\(did you mean 'from_logits'\?\)"):
        losses.categorical_crossentropy(ROWS, OUTPUTS, from_logit=True)
    with pytest.raises(AttributeError, match="has no attribute 'categorical_crossentropie'"):
        losses.categorical_crossentropie  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute 'categorical_acuracy'"):
        metrics.categorical_acuracy  # noqa: B018


def test_functions_in_compile_are_the_classes_that_they_stand_for(tmp_path):
    by_function = network(
        losses.categorical_crossentropy,
        [metrics.categorical_accuracy, metrics.mean_squared_error, losses.mean_absolute_error],
    )
    by_name = network(
        "categorical_crossentropy",
        ["categorical_accuracy", "mean_squared_error", "mean_absolute_error"],
    )
    histories = [m.fit(X, ROWS, epochs=2, verbose=0).history for m in (by_function, by_name)]
    assert histories[0] == histories[1]
    by_function.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.evaluate(X, ROWS, verbose=0) == by_name.evaluate(X, ROWS, verbose=0)


def largest(y_true, y_pred):
    return y_pred.max(axis=-1)


def spread_of_the_batch(y_true, y_pred):
    return np.ptp(y_pred)


def test_metrics_of_ones_own(tmp_path):
    top = functools.partial(metrics.sparse_top_k_categorical_accuracy, k=2)
    top.__name__ = "one_of_two"
    wanted = [largest, spread_of_the_batch, top, metrics.MeanMetricWrapper(largest, name="top")]
    model = network("sparse_categorical_crossentropy", wanted)
    outputs = model.predict(X)
    found = model.evaluate(X, LABELS, batch_size=6, verbose=0, return_dict=True)
    assert list(found) == model.metrics_names
    assert found["largest"] == found["top"] == pytest.approx(outputs.max(axis=1).mean())
    halves = [np.ptp(half) for half in (outputs[:6], outputs[6:])]
    assert found["spread_of_the_batch"] == pytest.approx(np.mean(halves))
    metric = metrics.SparseTopKCategoricalAccuracy(2)
    assert found["one_of_two"] == metric(LABELS, outputs)

    model = network("sparse_categorical_crossentropy", [largest])
    model.save(tmp_path / "model")
    with pytest.raises(ValueError, match="give it to load_model in custom_objects"):
        load_model(tmp_path / "model")
    again = load_model(tmp_path / "model", custom_objects={"largest": largest})
    assert again.evaluate(X, LABELS, verbose=0) == model.evaluate(X, LABELS, verbose=0)


def test_names_of_what_evaluate_returns():
    model = network("sparse_categorical_crossentropy", ["accuracy", metrics.TruePositives()])
    assert model.metrics_names == ["loss", "accuracy", "true_positives"]
    assert list(model.evaluate(X, LABELS, verbose=0, return_dict=True)) == model.metrics_names


def test_counts_of_decisions():
    kinds = (metrics.TruePositives, metrics.FalsePositives, metrics.FalseNegatives,
             metrics.TrueNegatives)  # fmt: skip
    chosen, weights = CHANCE > 0.3, RNG.random(40)
    parts = (chosen * YES, chosen * (1 - YES), ~chosen * YES, ~chosen * (1 - YES))
    for kind, part in zip(kinds, parts, strict=True):
        assert kind(0.3)(YES, CHANCE) == part.sum()
        assert kind(0.3)(YES, CHANCE, weights) == pytest.approx((part * weights).sum())
        assert kind()(YES, CHANCE) == kind(0.5)(YES, CHANCE)


def test_precision_and_recall_of_a_class_and_of_the_largest():
    chosen = OUTPUTS > 0.3
    hits = chosen & (ROWS > 0)
    for k in range(4):
        precision = metrics.Precision(0.3, class_id=k)(ROWS, OUTPUTS)
        assert precision == pytest.approx(hits[:, k].sum() / max(1, chosen[:, k].sum()))
        recall = metrics.Recall(0.3, class_id=k)(LABELS, OUTPUTS)
        assert recall == pytest.approx(hits[:, k].sum() / max(1, ROWS[:, k].sum()))
    order = OUTPUTS.argsort(axis=1)
    among = np.array([label in row[-2:] for label, row in zip(LABELS, order, strict=True)])
    assert metrics.Recall(top_k=2)(ROWS, OUTPUTS) == among.mean()
    assert metrics.Precision(top_k=2)(ROWS, OUTPUTS) == pytest.approx(among.sum() / 24)
    assert metrics.Precision(top_k=9)(ROWS, OUTPUTS) == 0.25
    above = OUTPUTS * (np.sort(OUTPUTS)[:, -2:-1] <= OUTPUTS) > 0.3
    expected = (above & (ROWS > 0)).sum() / above.sum()
    assert metrics.Precision(0.3, top_k=2)(ROWS, OUTPUTS) == pytest.approx(expected)
    assert metrics.Precision(thresholds=None).threshold == 0.5
    with pytest.raises(ValueError, match="class_id must be below the number of classes, 4; rec"):
        metrics.Precision(class_id=4)(ROWS, OUTPUTS)


@pytest.mark.parametrize("name", sorted(set(metrics.__all__) - {"Metric", "MeanMetric"}))
def test_no_rows_of_many_classes_take_no_memory(name):
    """Nothing is to be counted, so nothing is allocated for each of 2**40 classes."""
    thing = getattr(metrics, name)
    outputs = np.zeros((0, 2**40), np.float32)
    needed = {"num_classes": 3, "function": lambda y_true, y_pred: y_pred, "fn": len}
    for targets in (outputs, np.zeros(0, np.int64)):
        with contextlib.suppress(ValueError, TypeError):
            if isinstance(thing, type):
                known = inspect.signature(thing).parameters
                metric = thing(**{k: v for k, v in needed.items() if k in known})
                assert np.size(metric(targets, outputs)) <= 9
            else:
                thing(targets, outputs)


@pytest.mark.parametrize("kind", ["Binary", "Categorical", "SparseCategorical"])
def test_crossentropies_as_metrics(tmp_path, kind):
    y = LABELS if kind == "SparseCategorical" else ROWS
    settings = {"from_logits": True, "label_smoothing": 0.1}
    metric = getattr(metrics, f"{kind}Crossentropy")(**settings)
    loss = getattr(losses, f"{kind}Crossentropy")(**settings)
    assert metric(y, OUTPUTS) == pytest.approx(loss(y, OUTPUTS), rel=1e-12)
    assert metric.name == loss.name
    model = network("mse" if kind == "Binary" else losses.get(loss.name), [metric])
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.metrics[0].get_config() == metric.get_config()
    assert again.evaluate(X, y, verbose=0) == model.evaluate(X, y, verbose=0)
