"""Inputs whose sizes are left open: one set of weights, a plan for every size."""

import re

import numpy as np
import pytest

from fastconv import reference
from fastconv.layers import (
    Activation,
    Concatenate,
    Conv2D,
    Dense,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
)
from fastconv.models import Model, Sequential, load_model

RNG = np.random.default_rng(0)


class Mean(Layer):
    """The mean of every channel, in NumPy."""

    def compute_output_shape(self, shape):
        return shape[-1:]

    def forward(self, x, training):
        self.shape = x.shape
        return x.mean(axis=(1, 2))

    def backward(self, dy):
        pixels = self.shape[1] * self.shape[2]
        return np.broadcast_to(dy[:, None, None] / pixels, self.shape)


def images(*sizes):
    return RNG.uniform(-1, 1, (*sizes, 3)).astype(np.float32)


def network(seed=1):
    x = Input((None, None, 3))
    y = MaxPooling2D()(Conv2D(4, 3, activation="relu")(x))
    y = Concatenate()([y, Activation("relu")(y)])
    return Model(x, Dense(2)(Mean()(y)), seed=seed)


def test_shapes_follow_through_the_layers():
    model = network()
    assert model.input_shape == (None, None, None, 3)
    assert model.get_layer("concatenate").output_shape == (None, None, None, 8)
    assert model.output_shape == (None, 2)
    shapes = [w.shape for w in model.get_weights()]
    assert shapes == [(3, 3, 3, 4), (4,), (8, 2), (2,)]
    assert Conv2D(4, 3)(Input((None, 8, 3))).shape == (None, None, 6, 4)


@pytest.mark.parametrize("size", [(6, 6), (9, 5), (16, 20)])
def test_every_size_gives_what_the_definitions_say(size):
    model = network()
    w, b, v, c = (weight.astype(np.float64) for weight in model.get_weights())
    x = images(3, *size)
    y = reference.max_pool2d(reference.relu(reference.conv2d(x, w, b)), 2)
    expected = np.concatenate([y, y], axis=-1).mean(axis=(1, 2)) @ v + c
    np.testing.assert_allclose(model.predict(x), expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(model(x), expected, rtol=0, atol=1e-5)


def test_training_goes_through_sizes_in_turn():
    model, same = network(), network()
    for each in (model, same):
        each.compile("sgd", "mse")
    batches = [(images(4, side, side), np.ones((4, 2))) for side in (8, 12, 8, 10, 12)]
    for x, y in batches:
        model.train_on_batch(x, y)
        same.train_on_batch(x, y)
        same.plans.forget()  # plans that are kept and plans made anew take the same steps
    for a, b in zip(model.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.fit(batches[0][0], batches[0][1], verbose=0).history["loss"]


def test_plans_are_kept_for_few_sizes():
    model = network()
    for side in range(6, 16):
        model.predict(images(1, side, side))
    assert len(model.plans._idle) == model.plans.KEPT
    with model.plans.inference(1, (((15, 15, 3), "float32"),)) as plan:
        pass
    model.predict(images(1, 14, 14))
    with model.plans.inference(1, (((15, 15, 3), "float32"),)) as again:
        assert again is plan


def test_a_chain_with_open_sizes(tmp_path):
    model = Sequential([Input((None, None, 3)), Conv2D(4, 3, padding="same")], seed=1)
    assert model.predict(images(2, 5, 7)).shape == (2, 5, 7, 4)
    assert model.output_shape == (None, None, None, 4)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    x = images(1, 6, 4)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    inner_x = Input((8, None, 3))
    outer = Model(inner_x, model(inner_x))
    assert outer.output_shape == (None, 8, None, 4)
    np.testing.assert_array_equal(outer.predict(images(1, 8, 3)).shape, (1, 8, 3, 4))


BAD = [
    (lambda: Dense(3)(Flatten()(Input((None, 8, 3)))), "dense: the layer's weights need a fixed si"
     "ze where one is left open; received (None, None) (global pooling in place of Flatten"),
    (lambda: Sequential([Input((None, None, 3)), Flatten(), Dense(3)]), "dense: the layer"),
    (lambda: Conv2D(4, 3)(Input((8, 8, None))), "conv2d: the layer's weights need a fixed size"),
    (lambda: network().predict(images(2, 8, 8)[..., :2]),
     "predict: x must have the model's input shape (None, None, None, 3); received (2, 8, 8, 2)"),
    (lambda: network().predict(images(2, 2, 2)), "the window must fit into the padded input"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "message"), BAD, ids=[m for _, m in BAD])
def test_errors(bad, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        bad()
