"""Names by which Keras programs use layers, weights, inputs and activations."""

import numpy as np
import pytest

from fastconv import Input, Model, Sequential, activations, ops
from fastconv.layers import Dense, InputLayer, Layer, LeakyReLU
from fastconv.models import load_model


class Scale(Layer):
    def build(self, input_shape):
        self.factor = self.add_weight(shape=(1,), initializer="ones", name="factor")
        self.count = self.add_weight(shape=(2,), initializer="zeros", trainable=False)

    def forward(self, x, training):
        return x * self.factor.value

    def backward(self, dy):
        return dy * self.factor.value


def test_weights_of_a_layer_of_ones_own():
    layer = Scale()
    assert layer(np.ones((1, 3), np.float32)).shape == (1, 3)
    assert [w.name.rpartition("/")[2] for w in layer.weights] == ["factor", "weight_1"]
    assert layer.trainable_weights == layer.trainable_variables == [layer.factor]
    assert layer.non_trainable_weights == layer.non_trainable_variables == [layer.count]
    assert layer.variables == layer.weights


def test_weights_of_a_layer_in_a_model():
    model = Sequential([Input((3,)), Dense(2), Dense(1)])
    assert len(model.layers[0].weights) == 2
    assert model.weights == model.layers[0].weights + model.layers[1].weights


def test_a_layer_with_call_learns_what_it_must_define():
    class Called(Layer):
        def call(self, x):
            return x

    with pytest.raises(
        NotImplementedError, match="forward and backward; received a class with call"
    ):
        Called()(np.ones((1, 3), np.float32))


@pytest.mark.parametrize(
    "how",
    [
        {"shape": (4, 3)},
        {"batch_shape": (None, 4, 3)},
        {"batch_shape": (8, 4, 3)},
        {"shape": (4, 3), "batch_size": 8},
    ],
)
def test_inputs(how):
    assert Input(**how).shape == (None, 4, 3)


def test_an_input_layer_by_its_older_argument():
    assert Sequential([InputLayer(input_shape=(3,)), Dense(2)]).output_shape == (None, 2)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"shape": (3,), "batch_shape": (None, 3)}, "not both"),
        ({"shape": (3,), "batch_size": 0}, "batch_size must be at least 1; received 0"),
        ({"batch_shape": 3}, "batch_shape"),
        ({}, "shape"),
    ],
)
def test_inputs_that_cannot_be(how, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Input(**how)


@pytest.mark.parametrize("name", activations.NAMES)
def test_activations_are_functions_and_arguments(name, tmp_path):
    function = getattr(activations, name)
    assert function.__name__ == name
    assert activations.get(name) is function
    x = np.linspace(-3, 3, 12, dtype=np.float32).reshape(2, 6)
    assert Dense(2, activation=function).get_config()["activation"] == name
    model = Sequential([Input((6,)), Dense(6, activation=function)])
    model.set_weights([np.eye(6), np.zeros(6)])
    np.testing.assert_allclose(function(x), model.predict(x), rtol=1e-6, atol=1e-6)
    model.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(
        load_model(tmp_path / "m.safetensors").predict(x), model.predict(x)
    )


def test_an_activation_of_a_symbolic_tensor():
    x = Input((3,))
    model = Model(x, activations.relu(x))
    np.testing.assert_array_equal(model.predict(np.array([[-1.0, 0, 2]])), [[0, 0, 2]])
    np.testing.assert_array_equal(activations.relu([[-1.0, 2]]), ops.relu([[-1.0, 2]]))


def test_an_activation_that_is_not_known():
    with pytest.raises(ValueError, match="relu"):
        activations.get("rellu")
    assert activations.get(None) is activations.linear
    layer = LeakyReLU(0.1)
    assert activations.get(layer) is layer
