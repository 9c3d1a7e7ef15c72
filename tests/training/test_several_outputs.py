"""Lists and dicts of inputs, targets, losses, weights and metrics."""

import re

import numpy as np
import pytest

from fastconv.layers import Concatenate, Dense, Input
from fastconv.models import Model

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((2, 14, 3)).astype(np.float32)
LABELS = RNG.integers(0, 4, 14)
REAL = RNG.standard_normal((14, 2)).astype(np.float32)
WEIGHTS = RNG.random(14).astype(np.float32)


def network(loss=None, **how):
    a, b = Input((3,), name="a"), Input((3,), name="b")
    both = Concatenate(name="both")([a, b])
    kind = Dense(4, activation="softmax", name="kind")(both)
    size = Dense(2, name="size")(both)
    model = Model([a, b], [kind, size], seed=1)
    model.compile("sgd", loss or ["sparse_categorical_crossentropy", "mse"], **how)
    return model


LIST = ([A, B], [LABELS, REAL])
DICT = ({"b": B, "a": A}, {"size": REAL, "kind": LABELS})


def batches():
    for start in (0, 8):
        part = slice(start, start + 8)
        yield [A[part], B[part]], {"kind": LABELS[part], "size": REAL[part]}


@pytest.mark.parametrize("form", [LIST, DICT, (tuple(LIST[0]), DICT[1])])
def test_lists_dicts_and_batches_train_alike(form):
    wanted, model, streamed = network(), network(), network()
    a = wanted.fit(*LIST, batch_size=8, epochs=2, shuffle=False, verbose=0)
    b = model.fit(*form, batch_size=8, epochs=2, shuffle=False, verbose=0)
    c = streamed.fit(list(batches()), epochs=2, verbose=0)
    assert a.history == b.history == c.history
    assert list(a.history) == ["loss", "kind_loss", "size_loss"]
    for other in (model, streamed):
        for one, two in zip(wanted.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)


def test_the_loss_is_the_weighted_sum():
    plain = network().evaluate(*LIST, verbose=0, return_dict=True)
    assert plain["loss"] == pytest.approx(plain["kind_loss"] + plain["size_loss"], rel=1e-6)
    for weights in ([2.0, 0.0], {"kind": 2.0, "size": 0.0}):
        model = network(loss_weights=weights)
        found = model.evaluate(*LIST, verbose=0, return_dict=True)
        assert found["loss"] == pytest.approx(2 * plain["kind_loss"], rel=1e-6)
        assert found["size_loss"] == pytest.approx(plain["size_loss"], rel=1e-6)
        before = model.get_layer("size").get_weights()
        model.train_on_batch(*LIST)
        for now, then in zip(model.get_layer("size").get_weights(), before, strict=True):
            np.testing.assert_array_equal(now, then)


def test_metrics_by_output():
    model = network(metrics={"kind": ["accuracy"], "size": "mae"})
    found = model.evaluate(*LIST, verbose=0, return_dict=True)
    kind, size = model.predict(LIST[0])
    assert found["kind_accuracy"] == (kind.argmax(axis=1) == LABELS).mean()
    assert found["size_mae"] == pytest.approx(np.abs(size - REAL).mean(), rel=1e-5)
    chances = kind[np.arange(14), LABELS].astype(float)
    assert found["kind_loss"] == pytest.approx(-np.log(chances).mean(), rel=1e-5)
    assert found["size_loss"] == pytest.approx(((size - REAL) ** 2).mean(), rel=1e-5)


def test_an_output_without_a_loss():
    model = network({"kind": "sparse_categorical_crossentropy"})
    whole = model.evaluate(LIST[0], {"kind": LABELS}, verbose=0)
    assert whole == model.evaluate(*DICT, verbose=0)
    assert whole == model.evaluate(LIST[0], LABELS, verbose=0)
    before = model.get_layer("size").get_weights()
    model.fit(LIST[0], [LABELS, None], verbose=0)
    for now, then in zip(model.get_layer("size").get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_sample_weights_by_output():
    one = network().evaluate(*LIST, sample_weight=WEIGHTS, verbose=0, return_dict=True)
    plain = network().evaluate(*LIST, verbose=0, return_dict=True)
    found = network().evaluate(
        *LIST, sample_weight={"kind": WEIGHTS, "size": None}, verbose=0, return_dict=True
    )
    assert found["kind_loss"] == one["kind_loss"] != plain["kind_loss"]
    assert found["size_loss"] == plain["size_loss"] != one["size_loss"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda m: m.fit(A, LIST[1]),
            "x must be a list of 2, or a dict, with an entry for each of",
        ),
        (
            lambda m: m.fit({"a": A}, LIST[1]),
            "x as a dict must have the keys 'a', 'b'; received 'a",
        ),
        (
            lambda m: m.fit([A, B[:5]], LIST[1]),
            "all inputs must be of one length; received [14, 5]",
        ),
        (lambda m: m.fit([A, B[:, :2]], LIST[1]), "x['b'] must have shape (None, 3); received (14"),
        (lambda m: m.fit(LIST[0], LABELS), "y must be a list of 2"),
        (lambda m: m.fit(*LIST, class_weight={0: 1.0}), "class_weight belongs to a model with one"),
        (lambda m: m.compile("sgd", {"knd": "mse"}) or m.fit(*LIST), "outputs as keys, kind, size"),
        (lambda m: m.compile("sgd", ["mse"]) or m.fit(*LIST), "an entry for each of the 2 outputs"),
    ],
)
def test_errors(call, message):
    model = network()
    with pytest.raises(ValueError, match=re.escape(message)):
        call(model)
    assert model.optimizer.iterations == 0
