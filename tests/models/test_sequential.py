"""Sequential: how it is put together, named, built, shown, and what it refuses."""

import re

import numpy as np
import pytest

from fastconv.layers import Activation, Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D
from fastconv.models import Sequential
from fastconv.utils import set_random_seed


def small(seed=1, **first):
    begin = [] if first else [Input((8, 8, 3))]
    return Sequential(
        [
            *begin,
            Conv2D(4, 3, activation="relu", **first),
            MaxPooling2D(),
            Flatten(),
            Dropout(0.5),
            Dense(10, activation="softmax"),
        ],
        seed=seed,
    )


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


def copies(layers):
    return [type(layer).from_config(layer.get_config()) for layer in layers]


def test_shapes_names_and_counts():
    model = small()
    assert [layer.name for layer in model.layers] == [
        "conv2d", "max_pooling2d", "flatten", "dropout", "dense",
    ]  # fmt: skip
    assert [p.name for p in model.weights] == [
        "conv2d/kernel", "conv2d/bias", "dense/kernel", "dense/bias",
    ]  # fmt: skip
    assert [w.shape for w in model.get_weights()] == [(3, 3, 3, 4), (4,), (36, 10), (10,)]
    assert model.count_params() == 112 + 370
    assert model.output_sample_shape == (10,)
    assert model.get_layer("dense") is model.layers[-1] is model.get_layer(index=4)


def test_names_are_numbered_and_must_differ():
    model = Sequential([Input((4,)), Dense(3), Dense(3), Dense(3, name="dense_3"), Dense(3)])
    assert [layer.name for layer in model.layers] == ["dense", "dense_1", "dense_3", "dense_2"]
    with pytest.raises(ValueError, match="names must differ; received 'dense_3' twice"):
        model.add(Dense(3, name="dense_3"))
    with pytest.raises(ValueError, match="names must differ; received 'dense' twice"):
        model.add(model.layers[0])


def test_ways_to_say_the_input_shape_give_the_same_weights():
    first = small()
    by_argument = small(input_shape=(8, 8, 3))
    added = Sequential(seed=1)
    added.add(Input((8, 8, 3)))
    for layer in copies(first.layers):
        added.add(layer)
    deferred = Sequential(copies(first.layers), seed=1)
    assert not deferred.built
    deferred.build((None, 8, 8, 3))
    seen = Sequential(copies(first.layers), seed=1)
    seen.predict(np.zeros((1, 8, 8, 3)))
    for other in (by_argument, added, deferred, seen):
        assert same(first, other)


def test_seeds():
    assert same(small(3), small(3))
    assert not same(small(3), small(4))
    set_random_seed(9)
    one, other = small(None), small(None)
    set_random_seed(9)
    again = small(None)
    assert same(one, again)
    assert not same(one, other)
    assert one.seed != other.seed


def test_layers_of_one_shape_begin_differently():
    model = Sequential([Input((6,)), Dense(6), Dense(6)], seed=1)
    assert not np.array_equal(model.get_weights()[0], model.get_weights()[2])


def test_a_failing_add_leaves_the_model_as_it_was():
    model = small()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"conv2d_1: x must have the axes \(batch, height"):
        model.add(Conv2D(4, 3))
    assert len(model.layers) == 5
    assert model.predict(np.zeros((1, 8, 8, 3))).shape == (1, 10)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_pop_and_go_on():
    model = small()
    model.pop()
    model.add(Dense(7))
    assert model.predict(np.zeros((2, 8, 8, 3))).shape == (2, 7)


def test_a_model_is_a_layer():
    inner = Sequential([Dense(5, activation="relu"), Dense(4)])
    model = Sequential([Input((3,)), inner, Dropout(0.2), Dense(2)], seed=1)
    assert [p.name for p in model.weights] == [
        "sequential/dense/kernel", "sequential/dense/bias",
        "sequential/dense_1/kernel", "sequential/dense_1/bias",
        "dense/kernel", "dense/bias",
    ]  # fmt: skip
    x = np.ones((2, 3), np.float32)
    y = inner(x)
    np.testing.assert_array_equal(model.predict(x), model.layers[2](y))
    inner.trainable = False
    assert [p.name for p in model.trainable_weights] == ["dense/kernel", "dense/bias"]


def test_models_that_share_a_layer_see_the_same_weights():
    x = np.random.default_rng(0).random((8, 4), np.float32)
    shared = Dense(3, activation="relu")
    one = Sequential([Input((4,)), shared, Dense(2, name="one")], seed=1)
    two = Sequential([Input((4,)), shared, Dense(2, name="two")], seed=2)
    for model in (one, two):
        model.compile("sgd", "mse")
    before = two.predict(x)
    for _ in range(3):
        one.train_on_batch(x, np.ones((8, 2)))
        two.train_on_batch(x, np.ones((8, 2)))
    np.testing.assert_array_equal(one.get_weights()[0], two.get_weights()[0])
    assert not np.array_equal(two.predict(x), before)
    np.testing.assert_array_equal(two.predict(x), two(x))


def test_summary(capsys):
    small().summary()
    assert capsys.readouterr().out.splitlines() == [
        'Model: "sequential"',
        "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━┓",
        "┃ Layer (type)                 ┃ Output Shape    ┃ Param # ┃",
        "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━┩",
        "│ conv2d (Conv2D)              │ (None, 6, 6, 4) │     112 │",
        "├──────────────────────────────┼─────────────────┼─────────┤",
        "│ max_pooling2d (MaxPooling2D) │ (None, 3, 3, 4) │       0 │",
        "├──────────────────────────────┼─────────────────┼─────────┤",
        "│ flatten (Flatten)            │ (None, 36)      │       0 │",
        "├──────────────────────────────┼─────────────────┼─────────┤",
        "│ dropout (Dropout)            │ (None, 36)      │       0 │",
        "├──────────────────────────────┼─────────────────┼─────────┤",
        "│ dense (Dense)                │ (None, 10)      │     370 │",
        "└──────────────────────────────┴─────────────────┴─────────┘",
        " Total params: 482 (1.88 KB)",
        " Trainable params: 482 (1.88 KB)",
        " Non-trainable params: 0 (0.00 B)",
    ]
    lines = []
    Sequential([Dense(3)]).summary(print_fn=lines.append)
    assert "│ dense (Dense) │ ?            │ 0 (unbuilt) │" in lines[0]


def test_set_weights_is_all_or_none():
    model = small()
    before = model.get_weights()
    bad = [np.zeros_like(w) for w in before]
    bad[-1] = np.zeros(11)
    with pytest.raises(ValueError, match=r"dense/bias has shape \(10,\); received \(11,\)"):
        model.set_weights(bad)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    model.set_weights([np.zeros_like(w) for w in before])
    np.testing.assert_allclose(model.predict(np.ones((1, 8, 8, 3))), 0.1, rtol=1e-6)


def test_images_are_taken_as_they_are():
    model = small()
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), np.uint8)
    np.testing.assert_array_equal(model.predict(pixels), model.predict(pixels.astype(np.float32)))


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_predict_is_the_same_for_every_batch_size(batch_size):
    model = small()
    x = np.random.default_rng(0).random((7, 8, 8, 3), np.float32)
    np.testing.assert_allclose(
        model.predict(x, batch_size=batch_size), model.predict(x), rtol=0, atol=1e-6
    )
    assert model.predict(x[:0]).shape == (0, 10)


BAD = [
    (lambda: Sequential([Dense]), TypeError, "received <class 'fastconv.layers.dense.Dense'> (wri"),
    (lambda: Sequential(["dense"]), TypeError, "add takes a layer or Input; received 'dense'"),
    (lambda: Sequential([Dense(3), Input((4,))]), ValueError, "Input must come first, and once"),
    (lambda: Sequential(sed=1), TypeError, "received 'sed' (did you mean 'seed'?)"),
    (lambda: Sequential([]).build((4,)), ValueError, "a model needs a layer; received none"),
    (lambda: Sequential([]).pop(), ValueError, "pop needs a layer"),
    (lambda: Sequential([Dense(3)]).sample_shape, ValueError, "begin it with Input(shape)"),
    (lambda: Sequential([Dense(3)]).set_weights([]), ValueError, "begin it with Input(shape)"),
    (lambda: small().get_layer("dens"), ValueError, "the layers are conv2d, max_pooling2d"),
    (lambda: small().predict(np.zeros((2, 9, 9, 3))), ValueError,
     "predict: x must have the model's input shape (None, 8, 8, 3); received (2, 9, 9, 3)"),
    (lambda: small().predict(np.zeros((8, 8, 3))), ValueError, "received (8, 8, 3)"),
    (lambda: small().predict(np.zeros((2, 8, 8, 3)), batch_size=0), ValueError,
     "predict: batch_size must be at least 1; received 0"),
    (lambda: small().predict(np.zeros((2, 8, 8, 3), object)), TypeError, "received dtype object"),
    (lambda: Sequential([Input((4,), dtype="uint8"), Dense(3)]).predict(np.zeros((1, 4))),
     TypeError, "the model's input is uint8; received float64"),
    (lambda: Sequential([Input((4, 4)), MaxPooling2D()]), ValueError, "received (None, 4, 4)"),
    (lambda: Sequential([Activation("relu")]).add(Dense(-1)), ValueError, "units must be at least"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "error", "message"), BAD, ids=[m for _, _, m in BAD])
def test_errors(bad, error, message):
    with pytest.raises(error, match=re.escape(message)):
        bad()
