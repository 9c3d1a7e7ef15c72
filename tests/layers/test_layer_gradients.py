"""Every layer's output and every gradient against the float64 definitions."""

import numpy as np
import pytest
from closeness import assert_close, fill

from fastconv import reference
from fastconv.layers import (
    Activation,
    AveragePooling2D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPooling2D,
    ReLU,
    Rescaling,
    Softmax,
)

CONVOLUTIONS = [
    ({"filters": 8, "kernel_size": 3}, (2, 9, 8, 3)),
    ({"filters": 16, "kernel_size": 3, "padding": "same"}, (2, 8, 8, 16)),
    ({"filters": 5, "kernel_size": (2, 2), "padding": "same"}, (2, 7, 6, 4)),
    ({"filters": 4, "kernel_size": (5, 3), "strides": (2, 1)}, (3, 11, 9, 2)),
    ({"filters": 6, "kernel_size": 3, "dilation_rate": 2, "padding": "same"}, (1, 9, 9, 3)),
    ({"filters": 6, "kernel_size": 3, "groups": 2, "padding": 1}, (2, 6, 5, 4)),
    ({"filters": 3, "kernel_size": 3, "padding": ((2, 0), (0, 1))}, (1, 6, 6, 2)),
    ({"filters": 7, "kernel_size": 1, "use_bias": False}, (2, 5, 5, 6)),
]


def filled(layer, x):
    """The layer, built for x, with weights of both signs and a bias that is not zero."""
    layer.ensure_built(x.shape[1:])
    layer.set_weights([fill(p.shape, seed=i + 1) for i, p in enumerate(layer.parameters)])
    return layer


@pytest.mark.parametrize("activation", [None, "relu"])
@pytest.mark.parametrize(("arguments", "shape"), CONVOLUTIONS)
def test_conv2d(arguments, shape, activation):
    x = fill(shape)
    layer = filled(Conv2D(**arguments, activation=activation), x)
    w, *b = (parameter.value for parameter in layer.parameters)
    how = {
        "strides": layer.strides,
        "padding": layer.padding,
        "dilation": layer.dilation_rate,
        "groups": layer.groups,
    }
    y = layer(x)
    linear = reference.conv2d(x, w, b[0] if b else 0.0, **how)
    terms = w[..., 0].size + 1
    assert_close(y, reference.relu(linear) if activation else linear, terms=terms, magnitude=1)
    dy = fill(y.shape, seed=9)
    dx = layer.backward(dy)
    # The mask comes from the computed output: where the sum is zero but for rounding, the float64
    # mask may differ, and both are right.
    masked = dy * (y > 0) if activation else dy
    dx_expected, dw_expected, db_expected = reference.conv2d_backward(masked, x, w, **how)
    assert_close(dx, dx_expected, terms=w[:, :, 0].size, magnitude=1)
    rows = dy[..., 0].size
    assert_close(layer.kernel.grad, dw_expected, terms=rows, magnitude=1)
    if b:
        assert_close(layer.bias.grad, db_expected, terms=rows, magnitude=1)


@pytest.mark.parametrize("activation", [None, "relu"])
@pytest.mark.parametrize("shape", [(5, 7), (1, 1), (33, 65), (4, 3, 6), (2, 3, 4, 5)])
def test_dense(shape, activation):
    x = fill(shape)
    layer = filled(Dense(17, activation=activation), x)
    w, b = (parameter.value.astype(np.float64) for parameter in layer.parameters)
    y = layer(x)
    linear = x @ w + b
    assert_close(y, np.maximum(linear, 0) if activation else linear, terms=len(w) + 1, magnitude=1)
    dy = fill(y.shape, seed=9)
    dx = layer.backward(dy)
    masked = (dy * (y > 0) if activation else dy).astype(np.float64)
    assert_close(dx, masked @ w.T, terms=17, magnitude=1)
    rows = masked.reshape(-1, 17)
    assert_close(layer.kernel.grad, x.reshape(-1, shape[-1]).T @ rows, terms=len(rows), magnitude=1)
    assert_close(layer.bias.grad, rows.sum(axis=0), terms=len(rows), magnitude=1)


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({}, (2, 6, 8, 5)),
        ({"padding": "same"}, (2, 7, 7, 3)),
        ({"pool_size": 3, "strides": 2}, (1, 9, 8, 4)),
        ({"pool_size": (3, 2), "strides": (1, 2), "padding": "same"}, (2, 5, 5, 17)),
        ({"pool_size": 2, "padding": ((1, 0), (0, 1))}, (1, 5, 5, 2)),
    ],
)
@pytest.mark.parametrize("kind", ["max", "avg"])
def test_pooling(kind, arguments, shape):
    x = fill(shape)
    layer = {"max": MaxPooling2D, "avg": AveragePooling2D}[kind](**arguments)
    forward = {"max": reference.max_pool2d, "avg": reference.avg_pool2d}[kind]
    window = layer.pool_size, layer.strides, layer.padding
    y = layer(x)
    size = layer.pool_size[0] * layer.pool_size[1]
    expected = forward(x, *window)
    if kind == "max":
        np.testing.assert_array_equal(y, expected.astype(np.float32))
    else:
        assert_close(y, expected, terms=size + 1, magnitude=1)
    dy = fill(y.shape, seed=9)
    if kind == "max":
        expected = reference.max_pool2d_backward(dy, x, *window)
    else:
        expected = reference.avg_pool2d_backward(dy, x.shape, *window)
    assert_close(layer.backward(dy), expected, terms=size + 1, magnitude=1)


@pytest.mark.parametrize("layer", [ReLU(), Activation("relu")], ids=["ReLU", "Activation"])
def test_relu(layer):
    x = fill((3, 4, 5, 6))
    x[0, 0] = 0
    np.testing.assert_array_equal(layer(x), np.maximum(x, 0))
    dy = fill(x.shape, seed=9)
    np.testing.assert_array_equal(layer.backward(dy), dy * (x > 0))


@pytest.mark.parametrize("shape", [(4, 10), (1, 2), (3, 4, 33)])
def test_softmax(shape):
    x = 20 * fill(shape)
    for layer in (Softmax(), Activation("softmax")):
        y = layer(x)
        classes = shape[-1]
        # exp of a difference d is off by |d| * eps relative to itself: up to 40 here.
        assert_close(y, reference.softmax(x), terms=64, magnitude=1 / 64)
        dy = fill(shape, seed=9)
        expected = reference.softmax_backward(dy, reference.softmax(x))
        assert_close(layer.backward(dy), expected, terms=max(64, classes), magnitude=1 / 16)


def test_linear_activation_changes_nothing():
    x = fill((3, 4))
    layer = Activation("linear")
    np.testing.assert_array_equal(layer(x), x)
    np.testing.assert_array_equal(layer.backward(x), x)


def test_flatten():
    x = fill((3, 4, 5, 6))
    layer = Flatten()
    np.testing.assert_array_equal(layer(x), x.reshape(3, -1))
    np.testing.assert_array_equal(layer.backward(x.reshape(3, -1)), x)


def test_rescaling():
    pixels = np.arange(256, dtype=np.uint8).reshape(4, 64)
    layer = Rescaling(1 / 255, offset=-0.5)
    expected = reference.affine(pixels, 1 / 255, -0.5)
    assert_close(layer(pixels), expected, terms=2, magnitude=1)
    assert_close(layer(pixels.astype(np.float32)), expected, terms=2, magnitude=1)
    dy = fill((4, 64))
    assert_close(layer.backward(dy), dy / 255.0, terms=1, magnitude=1 / 255)


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.9])
def test_dropout(rate):
    x = fill((8, 16, 4, 4))
    layer = Dropout(rate, seed=11)
    y = layer(x, training=True)
    expected = reference.dropout(x, rate, 11, step=1)
    assert_close(y, expected, terms=2, magnitude=1 / (1 - rate))
    np.testing.assert_array_equal(y == 0, expected == 0)
    dy = fill(x.shape, seed=9)
    dx = layer.backward(dy)
    expected = reference.dropout(dy, rate, 11, step=1)
    assert_close(dx, expected, terms=2, magnitude=1 / (1 - rate))
    np.testing.assert_array_equal(layer(x), x)


def test_dropout_has_a_new_mask_at_every_step():
    x = np.ones((4, 100))
    layer = Dropout(0.5, seed=1)
    first, second = layer(x, training=True), layer(x, training=True)
    assert not np.array_equal(first, second)
    again = Dropout(0.5, seed=1)
    np.testing.assert_array_equal(again(x, training=True), first)
    np.testing.assert_array_equal(again(x, training=True), second)
    assert not np.array_equal(Dropout(0.5, seed=2)(x, training=True), first)
