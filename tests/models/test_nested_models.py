"""Models within models, parts of models, and parts that are frozen or only infer."""

import numpy as np
import pytest
from small_graphs import IMAGES, ROWS, close, residual

from fastconv import reference
from fastconv.layers import Add, BatchNormalization, Dense, Dropout, Input, Layer
from fastconv.models import Model, Sequential


def test_models_within_models():
    block = Sequential([Dense(5, activation="relu"), Dropout(0.5), Dense(5)])
    inner_x = Input((5,))
    inner = Model(inner_x, [Dense(5)(inner_x), Dense(5)(inner_x)], name="pair")
    x = Input((5,))
    first, second = inner(block(x))
    model = Model(x, Add()([first, second, block(first)]), seed=1)
    assert [p.name for p in model.weights] == [
        "sequential/dense/kernel", "sequential/dense/bias",
        "sequential/dense_1/kernel", "sequential/dense_1/bias",
        "pair/dense/kernel", "pair/dense/bias", "pair/dense_1/kernel", "pair/dense_1/bias",
    ]  # fmt: skip
    w1, b1, w2, b2, w3, b3, w4, b4 = model.get_weights()

    def through_block(x):
        return np.maximum(x @ w1 + b1, 0) @ w2 + b2

    y = through_block(ROWS)
    one, two = y @ w3 + b3, y @ w4 + b4
    close(model.predict(ROWS), one + two + through_block(one))
    one_alone, two_alone = inner(ROWS)
    close(one_alone, ROWS @ w3 + b3)
    close(two_alone, ROWS @ w4 + b4)


def test_features_of_a_trained_model_share_its_weights():
    model = residual()
    model.compile("sgd", "mse")
    features = Model(model.input, model.get_layer("conv2d").output)
    assert features.output_shape == (None, 6, 6, 4)
    before = features.predict(IMAGES)
    model.train_on_batch(IMAGES, np.ones((4, 2)))
    w, b = model.get_weights()[:2]
    after = features.predict(IMAGES)
    close(after, reference.relu(reference.conv2d(IMAGES, w, b, padding="same")))
    assert not np.array_equal(before, after)


def test_features_of_a_chain():
    chain = Sequential([Input((5,)), Dense(4), Dense(3)], seed=1)
    features = Model(chain.input, chain.layers[0].output)
    w, b = chain.get_weights()[:2]
    close(features.predict(ROWS), ROWS @ w + b)
    assert chain.input_shape == (None, 5)
    assert chain.output_shape == (None, 3)


def test_branches_of_two_chains_keep_their_own_names():
    left = Sequential([Input((5,)), Dense(4)], seed=1)
    right = Sequential([Input((5,)), Dense(4)], seed=2)
    model = Model([left.input, right.input], Add()([left.output, right.output]))
    assert [layer.name for layer in left.layers + right.layers] == ["dense", "dense"]
    assert list(model.named_parameters()) == [
        "dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias",
    ]  # fmt: skip
    assert model.get_layer("dense_1") is right.layers[0]


def test_a_part_in_inference_drops_nothing():
    base = Sequential([Input((5,)), Dropout(0.5)])
    x = Input((5,))
    model = Model(x, base(x, training=False))
    np.testing.assert_array_equal(model(ROWS, training=True), ROWS)
    assert (Model(x, base(x), seed=1)(ROWS, training=True) == 0).any()


def test_a_part_in_inference_keeps_its_moving_averages():
    base = Sequential([Input((5,)), BatchNormalization(epsilon=3)])
    x = Input((5,))
    model = Model(x, base(x, training=False))
    before = model.get_weights()
    np.testing.assert_allclose(model(ROWS, training=True), ROWS / 2, rtol=1e-6)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert not np.allclose(Model(x, base(x))(ROWS, training=True), ROWS / 2, rtol=1e-2)


class Told(Layer):
    """A user's layer in NumPy whose output shows its argument `training`."""

    uses_training = True

    def forward(self, x, training):
        return np.full_like(x, training)

    def backward(self, dy):
        return dy


def test_a_users_layer_is_told_of_inference_and_trains_nevertheless():
    x = Input((5,))
    model = Model(x, Add()([Told()(x), Told()(Dense(5)(x), training=False)]), seed=1)
    np.testing.assert_array_equal(model(ROWS, training=True), np.ones_like(ROWS))
    np.testing.assert_array_equal(model(ROWS), np.zeros_like(ROWS))
    model(ROWS, training=True)
    close(model.backward(ROWS) - ROWS, ROWS @ model.get_weights()[0].T)


def test_a_layer_that_keeps_its_input_stands_in_a_graph_once():
    layer, x = Told(), Input((5,))
    with pytest.raises(ValueError, match="keeps what its backward needs stands in a graph once"):
        Model(x, layer(layer(x)))(ROWS)
    with pytest.raises(ValueError, match="keeps what its backward needs stands in a graph once"):
        Model(x, layer(layer(x, training=False), training=False))(ROWS)


@pytest.mark.parametrize("frozen", ["before", "after"])
def test_frozen_parts_stay(frozen):
    base = Sequential([Dense(5, activation="relu"), Dense(5)])
    x = Input((5,))
    model = Model(x, Dense(2)(base(x)), seed=1)
    if frozen == "before":
        base.trainable = False
    model.compile("sgd", "mse")
    model.train_on_batch(ROWS, np.ones((8, 2)))
    base.trainable = False
    before = model.get_weights()
    model.fit(ROWS, np.ones((8, 2)), epochs=2, verbose=0)
    changed = [not np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True)]
    assert changed == [False] * 4 + [True] * 2
    assert [p.name for p in model.trainable_weights] == ["dense/kernel", "dense/bias"]
    base.trainable = True
    model.fit(ROWS, np.ones((8, 2)), verbose=0)
    assert not np.array_equal(model.get_weights()[0], before[0])
