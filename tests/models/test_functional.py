"""Models made by calling layers on symbolic tensors, against networks worked out by hand."""

import numpy as np
import pytest
from small_graphs import IMAGES, RNG, ROWS, close, residual, two_by_two

import fastconv
from fastconv import reference
from fastconv.layers import Add, Average, Conv2D, Dense, Input, Rescaling
from fastconv.models import Model
from fastconv.utils import set_random_seed


def test_a_residual_network_and_its_gradients():
    model = residual()
    w1, b1, w2, b2, w3, b3 = (w.astype(np.float64) for w in model.get_weights())
    x = IMAGES.astype(np.float64)
    y = reference.relu(reference.conv2d(x, w1, b1, padding="same"))
    z = reference.conv2d(y, w2, b2, padding="same") + y
    out = z.reshape(4, -1) @ w3 + b3
    close(model.predict(IMAGES), out)
    close(model(IMAGES), out)

    targets = RNG.uniform(-1, 1, (4, 2))
    model.compile("sgd", "mse")
    loss = model.train_on_batch(IMAGES, targets)
    assert loss == pytest.approx(((out - targets) ** 2).mean(), rel=1e-5)
    d_out = 2 * (out - targets) / out.size
    d_z = (d_out @ w3.T).reshape(z.shape)
    d_y, d_w2, d_b2 = reference.conv2d_backward(d_z, y, w2, padding="same")
    masked = (d_y + d_z) * (y > 0)
    _, d_w1, d_b1 = reference.conv2d_backward(masked, x, w1, padding="same")
    expected = [d_w1, d_b1, d_w2, d_b2, z.reshape(4, -1).T @ d_out, d_out.sum(axis=0)]
    for parameter, gradient in zip(model.weights, expected, strict=True):
        close(parameter.grad, gradient)


def test_shared_layers_have_one_set_of_weights_and_add_their_gradients():
    a, b = Input((5,), name="a"), Input((5,), name="b")
    shared = Dense(3, use_bias=False)
    model = Model([a, b], Add()([shared(a), shared(b)]), seed=1)
    assert [p.name for p in model.weights] == ["dense/kernel"]
    other = ROWS[::-1].copy()
    (w,) = model.get_weights()
    close(model.predict([ROWS, other]), (ROWS + other) @ w)
    np.testing.assert_array_equal(
        model.predict({"b": other, "a": ROWS}), model.predict([ROWS, other])
    )
    model.compile("sgd", "mse")
    y = np.ones((8, 3))
    d_out = 2 * ((ROWS + other) @ w - y) / y.size
    model.train_on_batch([ROWS, other], y)
    close(model.weights[0].grad, (ROWS + other).T @ d_out)


def test_several_inputs_and_outputs_train():
    model = two_by_two()
    assert model.input_names == ["a", "b"]
    assert model.output_names == ["two", "three"]
    assert model.input_shape == [(None, 5), (None, 5)]
    assert model.output_shape == [(None, 2), (None, 3)]
    model.compile("sgd", {"two": "mse", "three": "sparse_categorical_crossentropy"})
    x = {"a": ROWS, "b": ROWS[::-1].copy()}
    y = {"two": np.ones((8, 2)), "three": np.arange(8) % 3}
    history = model.fit(x, y, epochs=30, batch_size=4, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    two, three = model.predict(x)
    assert two.shape == (8, 2)
    close(three.sum(axis=1), 1)


def test_dictionaries_of_inputs_and_outputs():
    a, b = Input((5,)), Input((5,))
    total = Add()([a, b])
    model = Model({"left": a, "right": b}, {"sum": total, "double": total + total})
    found = model.predict({"right": ROWS, "left": 2 * ROWS})
    assert list(found) == ["sum", "double"]
    np.testing.assert_array_equal(found["sum"], 2 * ROWS + ROWS)
    np.testing.assert_array_equal(found["double"], 2 * found["sum"])
    np.testing.assert_array_equal(model({"right": ROWS, "left": 2 * ROWS})["sum"], found["sum"])


def test_arithmetic():
    x, y = Input((5,)), Input((5,))
    model = Model([x, y], (x + y) / 4 - 1 + 2 * x + (3 - y) + -(x * 0.5))
    a, b = np.arange(10.0).reshape(2, 5), np.ones((2, 5))
    np.testing.assert_array_equal(
        model.predict([a, b]), (a + b) / 4 - 1 + 2 * a + (3 - b) - a * 0.5
    )


def test_average():
    x, y = Input((5,)), Input((5,))
    model = Model([x, y], Average()([x, y, y]))
    close(model.predict([ROWS, 2 * ROWS]), (ROWS + 4 * ROWS) / 3)


def test_the_seed_decides_everything():
    def weights(model):
        return np.concatenate([w.ravel() for w in model.get_weights()])

    np.testing.assert_array_equal(weights(residual(3)), weights(residual(3)))
    assert not np.array_equal(weights(residual(3)), weights(residual(4)))
    set_random_seed(5)
    first = weights(residual(None))
    set_random_seed(5)
    np.testing.assert_array_equal(weights(residual(None)), first)


def test_weights_are_there_as_soon_as_a_layer_was_called():
    layer = Dense(3)
    y = layer(Input((5,)))
    assert layer.kernel.shape == (5, 3)
    layer.set_weights([np.ones((5, 3)), np.zeros(3)])
    model = Model(y.call.inputs, y, seed=9)
    close(model.predict(ROWS), np.repeat(ROWS.sum(axis=1, keepdims=True), 3, axis=1))


def test_images_are_taken_as_they_are():
    x = Input((6, 6, 3))
    model = Model(x, Add()([Rescaling(1 / 255)(x), Conv2D(3, 1)(x)]), seed=1)
    pixels = RNG.integers(0, 256, (2, 6, 6, 3), np.uint8)
    np.testing.assert_array_equal(model.predict(pixels), model.predict(pixels.astype(np.float32)))


def test_model_is_reached_from_the_top():
    assert fastconv.Model is Model
    assert isinstance(residual(), Model)
    assert type(residual()).__name__ == "Functional"
