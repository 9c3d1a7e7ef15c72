"""A layer used by itself on NumPy arrays."""

import numpy as np
import pytest
from closeness import assert_close, fill

from fastconv.initializers import RandomNormal
from fastconv.layers import Conv2D, Dense, Dropout, Flatten, Input, Layer, Rescaling
from fastconv.models import Sequential
from fastconv.utils import set_random_seed


def test_arrays_of_every_kind_give_the_same():
    x = np.arange(24).reshape(2, 12) % 7
    layer = Dense(5)
    y = layer(x.astype(np.float32))
    swapped = x.astype(">f4")
    strided = np.repeat(x, 2, axis=1)[:, ::2]
    fixed = x.astype(np.float32)
    fixed.flags.writeable = False
    raw = np.zeros(x.size * 4 + 1, np.uint8)[1:].view(np.float32).reshape(x.shape)
    raw[...] = x
    assert not raw.flags.aligned
    for other in (x, x.astype(np.uint8), x.astype(np.float64), x.astype(np.float16), x.tolist(),
                  swapped, strided, fixed, np.asfortranarray(x), raw):  # fmt: skip
        np.testing.assert_array_equal(layer(other), y)


def test_results_are_the_callers_own():
    layer = Dense(3)
    first = layer(np.ones((2, 4)))
    kept = first.copy()
    layer(np.zeros((2, 4)))
    np.testing.assert_array_equal(first, kept)


def test_empty_batch():
    layer = Conv2D(4, 3)
    assert layer(np.zeros((0, 8, 8, 3))).shape == (0, 6, 6, 4)
    assert layer(np.zeros((1, 8, 8, 3))).shape == (1, 6, 6, 4)


def test_backward_follows_a_call():
    with pytest.raises(ValueError, match=r"dense: backward follows layer\(x\); received no such"):
        Dense(3).backward(np.zeros((1, 3)))
    layer = Dropout(0.5)
    layer(np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"dropout: backward follows layer\(x, training=True\)"):
        layer.backward(np.zeros((1, 3)))
    layer = Dense(3)
    layer(np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"\(2, 3\); received \(2, 4\)"):
        layer.backward(np.zeros((2, 4)))


def test_images_have_no_gradient():
    layer = Rescaling(1 / 255)
    layer(np.zeros((1, 4), np.uint8))
    with pytest.raises(ValueError, match="images have no gradient"):
        layer.backward(np.zeros((1, 4)))


def test_frozen_layers_have_no_gradient_of_their_own():
    x = fill((4, 6))
    layer = Dense(3)
    dy = fill(layer(x).shape, seed=1)
    dx = layer.backward(dy)
    before = layer.kernel.grad.copy()
    layer.trainable = False
    layer(2 * x)
    np.testing.assert_array_equal(layer.backward(dy), dx)
    np.testing.assert_array_equal(layer.kernel.grad, before)


def test_weights_are_written_all_or_none():
    layer = Dense(3)
    layer(np.ones((1, 4)))
    before = layer.get_weights()
    with pytest.raises(ValueError, match=r"dense/bias has shape \(3,\); received \(4,\)"):
        layer.set_weights([np.ones((4, 3)), np.ones(4)])
    with pytest.raises(ValueError, match="one array for each of the 2 weights; received 1"):
        layer.set_weights([np.ones((4, 3))])
    for now, then in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    layer.set_weights([np.ones((4, 3)), np.zeros(3)])
    np.testing.assert_array_equal(layer(np.ones((1, 4))), np.full((1, 3), 4))


def test_the_global_seed_decides_the_weights():
    def weights():
        set_random_seed(5)
        layer = Dense(8)
        layer(np.ones((1, 4)))
        return layer.get_weights()[0]

    np.testing.assert_array_equal(weights(), weights())
    other = Dense(8)
    other(np.ones((1, 4)))
    assert not np.array_equal(other.get_weights()[0], weights())


class Double(Layer):
    """A user's layer, made of primitive steps."""

    def emit(self, graph, x):
        return graph.affine(x, 2.0, 0.0)


class Scale(Layer):
    """A user's layer that computes by itself: y = x * scale, a scale for each feature."""

    def build(self, input_shape):
        self.scale = self.add_weight("scale", input_shape, "ones")

    def forward(self, x, training):
        self.x = x
        return x * self.scale.value

    def backward(self, dy):
        self.scale.grad[...] = (dy * self.x).sum(axis=0)
        return dy * self.scale.value


class Unfinished(Layer):
    pass


def test_a_users_own_layer():
    x = fill((2, 5))
    layer = Double()
    np.testing.assert_array_equal(layer(x), 2 * x)
    np.testing.assert_array_equal(layer.backward(x), 2 * x)
    with pytest.raises(TypeError, match="Double: the arguments are name, trainable, input_shape"):
        Double(nam="x")
    with pytest.raises(NotImplementedError, match=r"Unfinished must define emit\(graph, x\), or"):
        Unfinished()(x)


def test_a_users_own_layer_in_numpy_trains_within_a_model():
    """Scaling the input of a dense layer by ones changes nothing at first, but learns."""
    x, y = fill((16, 4)), fill((16, 3), seed=1)
    plain = Sequential([Input((4,)), Dense(3, kernel_initializer=RandomNormal(seed=1))])
    scaled = Sequential([Input((4,)), Scale(), Dense(3, kernel_initializer=RandomNormal(seed=1))])
    np.testing.assert_array_equal(plain.predict(x), scaled.predict(x))
    scaled.compile("sgd", "mse")
    before = scaled.evaluate(x, y, verbose=0)
    kernel = scaled.layers[1].kernel.value.astype(float)
    scaled.train_on_batch(x, y)
    dy = 2 * (x @ kernel - y) / y.size
    assert_close(
        scaled.layers[0].scale.grad, (x * (dy @ kernel.T)).sum(axis=0), terms=48, magnitude=1 / 8
    )
    assert scaled.evaluate(x, y, verbose=0) < before


def test_repr_says_how_it_was_made():
    assert repr(Flatten(name="rows")) == (
        "Flatten(name='rows', trainable=True, data_format='channels_last')"
    )
