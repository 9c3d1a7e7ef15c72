"""Normalization layers: weights, moving statistics, freezing, files, other axes."""

import json
import re

import numpy as np
import pytest

from fastconv import layers, models, reference
from fastconv.models.files.registry import describe, make


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(1, 2, shape).astype(np.float32)


def close(actual, expected, scale=1):
    # sums of at most 100 terms of order `scale`, in float32
    np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=2e-5 * scale)


LAYERS = [
    layers.BatchNormalization(),
    layers.BatchNormalization(axis=1, momentum=0.9, epsilon=1e-5, center=False),
    layers.BatchNormalization(scale=False, moving_variance_initializer="zeros"),
    layers.LayerNormalization(),
    layers.LayerNormalization(axis=[-2, -1], epsilon=1e-6, gamma_initializer="zeros"),
    layers.GroupNormalization(groups=2),
    layers.GroupNormalization(groups=-1, scale=False, beta_initializer="ones"),
]


@pytest.mark.parametrize("layer", LAYERS, ids=[repr(layer)[:40] for layer in LAYERS])
def test_configuration_survives_a_file(layer):
    again = make(json.loads(json.dumps(describe(layer))))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    x = numbers(2, 4, 4, 6)
    assert again.compute_output_shape((4, 4, 6)) == (4, 4, 6)
    np.testing.assert_array_equal(again(x), layer(x))


def test_batch_normalization_learns_its_moving_statistics():
    layer = layers.BatchNormalization(momentum=0.5)
    x = numbers(8, 3, 4)
    y = layer(x, training=True)
    mean, variance = reference.moments(x)
    close(y, reference.batch_norm(x, np.ones(4), np.zeros(4), mean, variance))
    gamma, beta, moving_mean, moving_variance = layer.get_weights()
    assert [p.name.split("/")[-1] for p in layer.parameters] == [
        "gamma", "beta", "moving_mean", "moving_variance",
    ]  # fmt: skip
    assert [p.trainable for p in layer.parameters] == [True, True, False, False]
    close(moving_mean, 0.5 * mean)
    close(moving_variance, 0.5 + 0.5 * variance)
    close(layer(x), reference.batch_norm(x, gamma, beta, moving_mean, moving_variance), 10)
    layer(x, training=True)
    dy = numbers(8, 3, 4, seed=1)
    dx, dgamma, dbeta = reference.batch_norm_backward(dy, x, gamma)
    close(layer.backward(dy), dx, 10)
    close(layer.gamma.grad, dgamma, 100)
    close(layer.beta.grad, dbeta, 100)


def test_a_frozen_batch_normalization_is_in_inference_mode():
    layer = layers.BatchNormalization()
    x = numbers(8, 4)
    layer(x, training=True)
    before = layer.get_weights()
    expected = layer(x)
    layer.trainable = False
    np.testing.assert_array_equal(layer(x, training=True), expected)
    for now, then in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    layer.trainable = True
    assert not np.array_equal(layer(x, training=True), expected)
    assert [p.trainable for p in layer.parameters] == [True, True, False, False]


@pytest.mark.parametrize("kind", ["BatchNormalization", "GroupNormalization"])
def test_the_first_axis_is_the_last_axis_turned(kind):
    arguments = {"groups": 2} if kind == "GroupNormalization" else {}
    x, dy = numbers(3, 6, 4, 5), numbers(3, 6, 4, 5, seed=1)
    first = getattr(layers, kind)(axis=1, **arguments)
    last = getattr(layers, kind)(**arguments)
    turn, back = (0, 2, 3, 1), (0, 3, 1, 2)
    y = last(x.transpose(turn), training=True)
    np.testing.assert_array_equal(first(x, training=True), y.transpose(back))
    dx = last.backward(dy.transpose(turn))
    np.testing.assert_array_equal(first.backward(dy), dx.transpose(back))
    np.testing.assert_array_equal(first.gamma.grad, last.gamma.grad)


def network(seed=0):
    model = models.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.Conv2D(8, 3, use_bias=False),
            layers.BatchNormalization(momentum=0.8),
            layers.Activation("gelu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(8, 3, padding="same"),
            layers.GroupNormalization(4),
            layers.PReLU(shared_axes=[1, 2]),
            layers.Flatten(),
            layers.Dense(16),
            layers.LayerNormalization(),
            layers.LeakyReLU(0.1),
            layers.Dense(3, activation="softmax"),
        ],
        seed=seed,
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_network_of_them_learns_and_survives_a_file(tmp_path):
    x = numbers(48, 8, 8, 3)
    y = np.arange(48) % 3
    x[y == 1] += 1
    x[y == 2, :, :4] -= 2
    model = network()
    first = model.evaluate(x, y, verbose=0)[0]
    model.fit(x, y, batch_size=16, epochs=8, verbose=0)
    assert model.evaluate(x, y, verbose=0)[0] < 0.5 * first
    model.save(tmp_path / "model.safetensors")
    again = models.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    for net in (model, again):  # the moving statistics go on from where they were
        net.fit(x, y, batch_size=16, epochs=1, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_freezing_a_layer_of_a_model_keeps_its_statistics():
    x, y = numbers(16, 8, 8, 3), np.arange(16) % 3
    model = network()
    model.fit(x, y, batch_size=16, verbose=0)
    norm = model.layers[1]
    assert isinstance(norm, layers.BatchNormalization)
    norm.trainable = False
    before = norm.get_weights()
    model.fit(x, y, batch_size=16, verbose=0)
    for now, then in zip(norm.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    norm.trainable = True
    model.fit(x, y, batch_size=16, verbose=0)
    assert not np.array_equal(norm.get_weights()[2], before[2])


BAD = [
    (lambda: layers.BatchNormalization(momentm=0.9), TypeError, "(did you mean 'momentum'?)"),
    (lambda: layers.BatchNormalization(momentum=2), ValueError, "from 0 to 1; received 2"),
    (lambda: layers.BatchNormalization(epsilon=-1), ValueError, "epsilon must be at least 0"),
    (lambda: layers.BatchNormalization(axis=0), ValueError, "not be 0, the batch axis"),
    (lambda: layers.BatchNormalization(axis=[1]), TypeError, "axis must be a whole number"),
    (lambda: layers.BatchNormalization(axis=3)(numbers(2, 3)), ValueError, "received axis 3"),
    (lambda: layers.LayerNormalization(center=1), TypeError, "must be True or False; received 1"),
    (lambda: layers.LayerNormalization(axis=1)(numbers(2, 3, 4)), ValueError, "the last axis of x"),
    (lambda: layers.LayerNormalization(axis="1"), TypeError, "an axis or a list of them"),
    (lambda: layers.GroupNormalization(0), ValueError, "groups must be at least 1; received 0"),
    (lambda: layers.GroupNormalization(4)(numbers(2, 6)), ValueError, "received groups 4, x (None"),
]  # fmt: skip


@pytest.mark.parametrize(("make_bad", "error", "message"), BAD, ids=[m for _, _, m in BAD])
def test_errors(make_bad, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make_bad()
