"""Metrics: their values by hand, over batches, with weights, and inside a model."""

import numpy as np
import pytest

from fastconv import metrics
from fastconv.layers import Dense, Input
from fastconv.losses import CategoricalCrossentropy
from fastconv.metrics import AUC, ConfusionMatrix, F1Score, Precision, Recall, confusion_matrix
from fastconv.models import Sequential

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 4, 40)
ROWS = np.eye(4)[LABELS]
OUTPUTS = RNG.dirichlet(np.ones(4), 40)
WEIGHTS = RNG.random(40)
YES = (RNG.random(40) < 0.4).astype(np.float32)
CHANCE = np.round(0.3 * YES + 0.7 * RNG.random(40), 2)


def in_parts(metric, y_true, y_pred, weights=None):
    """The result over batches, which must be that of all at once."""
    for start in (0, 15, 30):
        part = slice(start, start + 15)
        metric.update_state(y_true[part], y_pred[part], None if weights is None else weights[part])
    found = metric.result()
    metric.reset_state()
    metric.update_state(y_true, y_pred, weights)
    np.testing.assert_allclose(found, metric.result(), rtol=1e-12)
    return found


def test_accuracies():
    right = OUTPUTS.argmax(axis=1) == LABELS
    for metric, y in (
        (metrics.SparseCategoricalAccuracy(), LABELS),
        (metrics.SparseCategoricalAccuracy(), LABELS[:, None]),
        (metrics.CategoricalAccuracy(), ROWS),
    ):
        assert in_parts(metric, y, OUTPUTS) == right.mean()
        metric.reset_state()
        weighted = (right * WEIGHTS).sum() / WEIGHTS.sum()
        assert in_parts(metric, y, OUTPUTS, WEIGHTS) == pytest.approx(weighted)
    assert in_parts(metrics.Accuracy(), LABELS, OUTPUTS.argmax(axis=1)) == right.mean()
    assert (
        in_parts(metrics.BinaryAccuracy(threshold=0.3), YES, CHANCE)
        == ((CHANCE > 0.3) == (YES > 0.3)).mean()
    )


@pytest.mark.parametrize("k", [1, 2, 4, 9])
def test_top_k(k):
    wanted = np.mean(
        [label in row.argsort()[-k:] for row, label in zip(OUTPUTS, LABELS, strict=True)]
    )
    assert in_parts(metrics.SparseTopKCategoricalAccuracy(k), LABELS, OUTPUTS) == wanted
    assert in_parts(metrics.TopKCategoricalAccuracy(k), ROWS, OUTPUTS) == wanted


def test_top_k_counts_equal_outputs_as_keras_does_and_never_nan():
    top = metrics.SparseTopKCategoricalAccuracy(2)
    top.update_state([0, 1, 2], [[1, 1, 1], [3, np.nan, 1], [5, 4, 3]])
    assert top.result() == pytest.approx(1 / 3)


def test_precision_and_recall():
    chosen = CHANCE > 0.5
    hits = (chosen & (YES > 0)).sum()
    assert in_parts(Precision(), YES, CHANCE) == pytest.approx(hits / chosen.sum())
    assert in_parts(Recall(), YES[:, None], CHANCE[:, None]) == pytest.approx(hits / YES.sum())
    assert Precision(0.99)([1, 0], [0.5, 0.5]) == 0
    weighted = (WEIGHTS * chosen * YES).sum() / (WEIGHTS * YES).sum()
    assert in_parts(Recall(), YES, CHANCE, WEIGHTS) == pytest.approx(weighted)


def test_f1_and_the_confusion_matrix():
    matrix = in_parts(ConfusionMatrix(4), LABELS, OUTPUTS)
    assert matrix.sum() == 40
    np.testing.assert_array_equal(matrix, confusion_matrix(ROWS, OUTPUTS.argmax(axis=1)))
    hits = np.diag(matrix)
    scores = 2 * hits / (matrix.sum(axis=0) + matrix.sum(axis=1))
    np.testing.assert_allclose(in_parts(F1Score(), LABELS, OUTPUTS), scores)
    assert in_parts(F1Score("macro"), ROWS, OUTPUTS) == pytest.approx(scores.mean())
    assert in_parts(F1Score("micro"), ROWS, OUTPUTS) == pytest.approx(hits.sum() / 40)
    sizes = matrix.sum(axis=1)
    assert in_parts(F1Score("weighted"), ROWS, OUTPUTS) == pytest.approx(
        (scores * sizes).sum() / 40
    )
    with pytest.raises(ValueError, match="y_true must be classes from 0 to 1; received 0 to 2"):
        ConfusionMatrix(2)([0, 2], [0, 1])


def test_area_under_the_curve():
    """With a threshold between any two outputs it is the share of pairs in the right order."""
    pairs = [(a > b) + 0.5 * (a == b) for a in CHANCE[YES > 0] for b in CHANCE[YES == 0]]
    assert in_parts(AUC(1001), YES, CHANCE) == pytest.approx(np.mean(pairs), abs=1e-12)
    assert AUC()([0, 1], [0.2, 0.8]) == 1
    assert AUC()([1, 1], [0.2, 0.8]) == 0
    assert 0.4 < in_parts(AUC(curve="PR"), YES, CHANCE, WEIGHTS) < 1


def test_losses_as_metrics():
    assert metrics.MeanSquaredError()([[1.0, 3.0]], [[0.0, 0.0]]) == 5
    assert metrics.RootMeanSquaredError()([[3.0, 4.0]], [[0.0, 0.0]]) == np.sqrt(12.5)
    loss = CategoricalCrossentropy(label_smoothing=0.1)
    assert in_parts(metrics.LossMetric(loss), ROWS, OUTPUTS) == pytest.approx(loss(ROWS, OUTPUTS))


NAMES = ["mse", "mae", "rmse", "categorical_crossentropy", "precision", "auc", "f1_score",
         "top_k_categorical_accuracy", "accuracy"]  # fmt: skip


def test_names_inside_a_model(tmp_path):
    from fastconv.models import load_model

    model = Sequential([Input((4,)), Dense(4, activation="softmax")], seed=1)
    wanted = [*NAMES, F1Score("macro", name="f1"), metrics.LossMetric("huber")]
    model.compile("sgd", "categorical_crossentropy", wanted)
    found = model.evaluate(OUTPUTS, ROWS, verbose=0, return_dict=True)
    classes = [f"f1_score_{i}" for i in range(4)]
    names = [name for n in NAMES for name in (classes if n == "f1_score" else [n])]
    assert list(found) == ["loss", *names, "f1", "huber"]
    predicted = model.predict(OUTPUTS)
    assert found["mse"] == pytest.approx(((predicted - ROWS) ** 2).mean(), rel=1e-5)
    assert found["categorical_crossentropy"] == pytest.approx(found["loss"], rel=1e-5)
    assert found["f1"] == pytest.approx(np.mean([found[name] for name in classes]))
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model").evaluate(OUTPUTS, ROWS, verbose=0, return_dict=True)
    assert again == found


def test_errors():
    model = Sequential([Input((4,)), Dense(4)])
    with pytest.raises(TypeError, match=r"a metric must be a number; received ConfusionMatrix"):
        model.compile("sgd", "mse", [ConfusionMatrix(4)])
    with pytest.raises(ValueError, match="did you mean 'precision'"):
        model.compile("sgd", "mse", ["presicion"])
    with pytest.raises(ValueError, match="curve must be one of 'ROC', 'PR'; received 'R'"):
        AUC(curve="R")


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: AUC(name=3), TypeError, "AUC: name must be a text; received 3"),
        (lambda: AUC(name=None), TypeError, "AUC: name must be a text; received None"),
        (lambda: Precision(name=np.ones(2)), TypeError, "Precision: name must be a text"),
        (lambda: metrics.LossMetric("mse", name=3), TypeError, "LossMetric: name must be a text"),
        (lambda: metrics.MeanMetricWrapper(max, name=[]), TypeError, "Wrapper: name must be a te"),
        (lambda: F1Score()([0], [[]]), ValueError, "f1_score: every row of y_pred must have a nu"),
        (
            lambda: metrics.SparseCategoricalAccuracy()([0], np.ones((1, 0))),
            ValueError,
            "sparse_categorical_accuracy: every row of y_pred must have a number",
        ),
        (
            lambda: metrics.SparseTopKCategoricalAccuracy(1)([-1, 2], np.ones((2, 3))),
            ValueError,
            "accuracy: y_true must be labels from 0 to 2; received -1 to 2",
        ),
        (lambda: ConfusionMatrix(2**15 + 1), ValueError, "num_classes must be at most 32768"),
        (lambda: AUC(2**31 - 1), ValueError, "num_thresholds must be at most 1048576; received"),
        (lambda: confusion_matrix([], []), ValueError, "confusion_matrix: num_classes must be giv"),
        (lambda: confusion_matrix([0, 10**6], [0, 0]), ValueError, "must be at most 32768"),
        (lambda: metrics.get("accuracy", loss=3), TypeError, "loss: must be one of"),
        (lambda: metrics.get("accuracy", output_shape="a"), TypeError, "metrics.get: output_shape"),
        (lambda: AUC()([[1], [1, 0]], [[1], [1]]), ValueError, "auc: y_true must be an array, or"),
    ],
)
def test_arguments_and_arrays_are_checked(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong()


def test_targets_of_rows_of_one_fit_outputs_without_them():
    one_hot = np.eye(3, dtype=np.float32)[[0, 2, 1]]
    metric = metrics.CategoricalAccuracy()
    assert metric(one_hot[..., np.newaxis], one_hot) == 1
    assert Precision()(np.ones(0), np.ones(0)) == 0
    assert isinstance(metrics.get("accuracy", loss="sparse_categorical_crossentropy"),
                      metrics.SparseCategoricalAccuracy)  # fmt: skip
