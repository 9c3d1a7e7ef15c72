"""`fastconv.testing.check_gradients`: it passes what is right and finds what is wrong."""

import numpy as np
import pytest

from fastconv.layers import (
    Add,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
    Multiply,
    Softmax,
)
from fastconv.models import Model, Sequential
from fastconv.testing import check_gradients

RNG = np.random.default_rng(0)
ROWS = RNG.uniform(-1, 1, (4, 6))
IMAGES = RNG.uniform(-1, 1, (2, 8, 8, 3))


class Gate(Layer):
    """A user's layer of two inputs, in NumPy: y = a * tanh(b * scale)."""

    several_inputs = True
    slip = ""

    def build(self, shapes):
        self.scale = self.add_weight("scale", shapes[1][-1:], "ones")

    def compute_output_shape(self, shapes):
        return shapes[0]

    def forward(self, xs, training):
        self.a, self.b = xs
        self.gate = np.tanh(self.b * self.scale.value)
        return self.a * self.gate

    def backward(self, dy):
        inner = dy * self.a * (1 - self.gate**2)
        if self.slip != "scale":
            self.scale.grad[...] = (inner * self.b).sum(axis=0)
        da = dy * self.gate
        if self.slip == "one element":
            da[1, 2] *= 1.02
        db = inner * (self.b if self.slip == "b" else self.scale.value)
        return [da, db]


def slipping(where):
    layer = Gate()
    layer.slip = where
    return layer


def network():
    x = Input((8, 8, 3))
    y = Conv2D(4, 3, padding="same", activation="relu")(x)
    y = Concatenate()([MaxPooling2D()(y), MaxPooling2D()(Conv2D(2, 1)(x))])
    return Model(x, Dense(3, activation="softmax")(Dropout(0.5)(Flatten()(y))), seed=1)


@pytest.mark.parametrize(
    ("layer", "x", "count"),
    [
        (Dense(3), ROWS, 3),
        (Dense(3, activation="relu"), ROWS, 3),
        (Softmax(), ROWS, 1),
        (Dropout(0.5, seed=1), ROWS, 1),
        (Conv2D(4, 3, strides=2), IMAGES, 3),
        (MaxPooling2D(), IMAGES, 1),
        (Multiply(), [ROWS, ROWS[::-1]], 2),
        (Gate(), [ROWS, ROWS[::-1]], 3),
        (network(), IMAGES, 7),
        (Sequential([Dense(5, activation="relu"), Dense(2)], seed=1), ROWS, 5),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_right_ones_pass(layer, x, count):
    before = layer.get_weights() if layer.built else None
    checks = check_gradients(layer, x)
    assert len(checks) == count
    assert all(check.right for check in checks)
    for now, then in zip(layer.get_weights(), before or (), strict=before is not None):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize(
    ("slip", "message"),
    [
        ("scale", r"gate/scale: wrong .* backward nan"),
        ("b", r"x\[1\]: wrong"),
        ("one element", r"x\[0\]: wrong \(24 elements; furthest off at \(1, 2\)"),
    ],
)
def test_slips_are_found(slip, message):
    with pytest.raises(AssertionError, match=message) as caught:
        check_gradients(slipping(slip), [ROWS, 0.5 + ROWS[::-1]], samples=24)
    assert "gate: the backward pass must be the derivative of the forward pass; received 1" in str(
        caught.value
    )


def test_a_users_own_layer_in_a_branching_model():
    a, b = Input((6,)), Input((6,))
    y = Gate()([Dense(6)(a), b])
    model = Model([a, b], Dense(2)(Add()([y, a])), seed=1)
    check_gradients(model, [ROWS, ROWS[::-1]])
    model.compile("sgd", "mse")
    before = model.get_layer("gate").get_weights()
    model.fit([ROWS, ROWS], np.ones((4, 2)), verbose=0)
    assert not np.array_equal(model.get_layer("gate").get_weights()[0], before[0])


def test_errors():
    with pytest.raises(TypeError, match="check_gradients: takes a layer or a model; received 'd"):
        check_gradients("dense", ROWS)
    with pytest.raises(ValueError, match="samples must be at least 1; received 0"):
        check_gradients(Dense(1), ROWS, samples=0)
