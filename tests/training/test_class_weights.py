"""Weights by class: what they multiply, for every kind of target, and what is refused."""

import re

import numpy as np
import pytest

from fastconv.layers import Dense, Input
from fastconv.models import Sequential

RNG = np.random.default_rng(0)
X = RNG.random((12, 3), np.float32)
LABELS = RNG.integers(0, 4, 12)
ROWS = np.eye(4)[LABELS]


def loss_of(loss, y, units=4, activation="softmax", **weights):
    model = Sequential([Input((3,)), Dense(units, activation=activation)], seed=1)
    model.compile("sgd", loss)
    return model.fit(X, y, batch_size=12, verbose=0, **weights).history["loss"][0]


CASES = [
    ("sparse_categorical_crossentropy", LABELS, 4, "softmax"),
    ("categorical_crossentropy", ROWS, 4, "softmax"),
    ("binary_crossentropy", LABELS > 1, 1, "sigmoid"),
    ("binary_crossentropy", (LABELS > 1).astype(np.int64), 1, "sigmoid"),
    ("categorical_crossentropy", ROWS.astype(np.int64), 4, "softmax"),
    ("mse", LABELS.astype(float), 1, None),
    ("hinge", np.where(LABELS > 1, 1.0, -1.0), 1, None),
    ("hinge", (LABELS > 1).astype(float), 1, None),
]


@pytest.mark.parametrize(("loss", "y", "units", "activation"), CASES)
def test_every_kind_of_target(loss, y, units, activation):
    classes = y.argmax(axis=1) if y.ndim == 2 else np.maximum(y, 0).astype(int)
    each = np.where(classes == 0, 2.0, 1.0) * np.where(classes == 1, 0.25, 1.0)
    weighted = loss_of(loss, y, units, activation, class_weight={0: 2, np.int64(1): 0.25})
    assert weighted == loss_of(loss, y, units, activation, sample_weight=each)
    assert weighted != loss_of(loss, y, units, activation)


BAD = [
    ({-1: 2.0}, ROWS, ValueError, "must have class numbers from 0 to 3 as keys; received -1"),
    ({4: 2.0}, ROWS, ValueError, "must have class numbers from 0 to 3 as keys; received 4"),
    ({-1: 2.0}, LABELS, ValueError, "must have class numbers from 0 as keys; received -1"),
    ({"cat": 2.0}, LABELS, ValueError, "must have class numbers from 0 as keys; received 'cat'"),
    ({0.5: 2.0}, LABELS, ValueError, "received 0.5"),
    ({1: "two"}, LABELS, TypeError, "class_weight[1] must be a number; received 'two'"),
    ({1: float("nan")}, LABELS, ValueError, "class_weight[1] must be finite; received nan"),
    ({1: -2.0}, LABELS, ValueError, "class_weight[1] must be at least 0; received -2.0"),
    ({}, LABELS, TypeError, "must be a dict from class numbers to weights; received {}"),
]


@pytest.mark.parametrize(("given", "y", "error", "message"), BAD, ids=[m for *_, m in BAD])
def test_errors(given, y, error, message):
    loss = "categorical_crossentropy" if y.ndim == 2 else "sparse_categorical_crossentropy"
    with pytest.raises(error, match=re.escape(message)):
        loss_of(loss, y, class_weight=given)
