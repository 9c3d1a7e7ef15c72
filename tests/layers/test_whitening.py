"""Whitening filters against their definition; the layer's weights, and what trains of it."""

import numpy as np
import pytest

from fastconv import Sequential, layers
from fastconv.models import load_model


def some_images(n=300, size=9, c=3, seed=1):
    random = np.random.default_rng(seed)
    mixed = random.standard_normal((n, size, size, c)) @ random.standard_normal((c, c))
    return (mixed + np.roll(mixed, 1, axis=1)).astype(np.float32)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 2)])
def test_filters_by_their_definition(size):
    images = some_images()
    kh, kw = size
    patches = [
        images[:, i : i + kh, j : j + kw].reshape(len(images), -1).astype(np.float64)
        for i in range(9 - kh + 1)
        for j in range(9 - kw + 1)
    ]
    patches = np.concatenate(patches)
    width = patches.shape[1]
    filters = layers.whitening_filters(images, size, epsilon=0.01)
    assert filters.shape == (kh, kw, 3, 2 * width)
    columns = filters.reshape(width, -1).astype(np.float64)
    np.testing.assert_array_equal(columns[:, width:], -columns[:, :width])
    variances = np.linalg.eigvalsh(patches.T @ patches / len(patches))[::-1]
    responses = patches @ columns[:, :width]
    expected = np.diag(variances / (variances + 0.01))
    np.testing.assert_allclose(responses.T @ responses / len(patches), expected, atol=1e-5)
    lengths = 1 / np.sqrt(variances + 0.01)
    np.testing.assert_allclose(np.linalg.norm(columns, axis=0)[:width], lengths, rtol=1e-5)
    largest = np.abs(columns[:, :width]).argmax(0)
    assert (columns[largest, range(width)] > 0).all()


def test_directions_without_variance_stay_finite():
    filters = layers.whitening_filters(np.zeros((2, 4, 4, 1)), 2, 5e-4)
    np.testing.assert_allclose(np.abs(filters).max(), 1 / np.sqrt(5e-4), rtol=1e-6)


def test_the_layer_convolves_with_them(tmp_path):
    images = some_images(20)
    model = Sequential(
        [layers.Whitening(2, name="first", input_shape=(9, 9, 3)), layers.Flatten()], seed=3
    )
    before = model.predict(images).reshape(20, 8, 8, 24)
    np.testing.assert_allclose(before[..., 0], images[:, :-1, :-1, 0] / np.sqrt(1 + 5e-4), 1e-5)
    first = model.get_layer("first")
    first.adapt(images)
    expected = layers.Conv2D(24, 2, use_bias=False)
    expected(images)
    expected.set_weights([layers.whitening_filters(images, 2)])
    after = model.predict(images)
    np.testing.assert_allclose(after, expected(images).reshape(20, -1), rtol=1e-4, atol=1e-5)
    model.compile("sgd", "mse")
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(images), after)


def test_only_its_bias_is_trained():
    layer = layers.Whitening(2, input_shape=(4, 4, 1))
    model = Sequential([layer, layers.Flatten(), layers.Dense(2)], seed=1)
    model.compile("sgd", "mse")
    kernel = layer.kernel.value.copy()
    assert (layer.kernel.trainable, layer.bias.trainable) == (False, True)
    x = np.random.default_rng(1).standard_normal((8, 4, 4, 1))
    model.fit(x, np.ones((8, 2)), epochs=2, verbose=0)
    np.testing.assert_array_equal(layer.kernel.value, kernel)
    assert (layer.bias.value != 0).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: layers.whitening_filters(np.zeros((3, 4, 4))), r"must be \(n, h, w, c\)"),
        (lambda: layers.whitening_filters(np.zeros((0, 4, 4, 1))), "received"),
        (lambda: layers.whitening_filters(np.zeros((3, 4, 4, 1)), 5), "no smaller than a patch"),
        (lambda: layers.whitening_filters(np.zeros((3, 4, 4, 1)), 2, -1), "at least 0"),
        (lambda: layers.Whitening(2, epsilon=-1), "epsilon must be at least 0; received -1"),
        (lambda: layers.Whitening(2, groups=2), "one group"),
    ],
)
def test_errors(call, words):
    with pytest.raises(ValueError, match=words):
        call()
