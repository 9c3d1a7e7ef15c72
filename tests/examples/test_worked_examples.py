"""Worked examples of convolution, pooling and output sizes, with the numbers worked out by hand."""

import numpy as np
import pytest

from fastconv import Input, Model, Sequential, initializers, layers, losses
from fastconv.models import zoo
from fastconv.plan.geometry.padding import output_size

IMAGE = "11011 10101 11110 00110 11000"
KERNEL = "101 010 110"
POOLED = [[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]]


def bits(rows):
    return np.array([[int(bit) for bit in row] for row in rows.split()], np.float32)


def test_a_convolution_by_hand():
    layer = layers.Conv2D(1, 3)
    layer(bits(IMAGE).reshape(1, 5, 5, 1))
    layer.set_weights([bits(KERNEL).reshape(3, 3, 1, 1), np.zeros(1)])
    feature_map = layer(bits(IMAGE).reshape(1, 5, 5, 1))[0, :, :, 0]
    np.testing.assert_array_equal(feature_map, [[3, 5, 3], [3, 2, 5], [4, 4, 2]])


NORMS = np.sqrt([[9 + 25 + 4 + 4, 16 + 1 + 25 + 36], [16 + 16 + 1 + 9, 4 + 25 + 25 + 16]])
POOLINGS = {
    "MaxPooling2D": [[5, 6], [4, 5]],
    "MinPooling2D": [[2, 1], [1, 2]],
    "AveragePooling2D": [[3, 4], [3, 4]],
    "LPPooling2D": NORMS.astype(np.float32),
}


@pytest.mark.parametrize("kind", POOLINGS)
def test_pooling_by_hand(kind):
    x = np.array(POOLED, np.float32).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(getattr(layers, kind)(2, 2)(x)[0, :, :, 0], POOLINGS[kind])


def test_seven_becomes_four_becomes_two():
    x = np.arange(49, dtype=np.float32).reshape(1, 7, 7, 1)
    four = layers.MaxPooling2D(2, 2, padding="same")(x)
    assert four.shape == (1, 4, 4, 1)
    assert four[0, 3, 3, 0] == 48  # the last window holds one element
    assert layers.MaxPooling2D(2, 2, padding="same")(four).shape == (1, 2, 2, 1)


SIZES = {  # image, filters, padding, output
    "ten 3x3 filters": ((32, 32, 3), 10, 3, "valid", (30, 30, 10)),
    "ten 5x5 filters": ((32, 32, 3), 10, 5, "valid", (28, 28, 10)),
    "sixteen filters, same": ((32, 32, 3), 16, 3, "same", (32, 32, 16)),
    "six by six": ((6, 6, 1), 1, 3, "valid", (4, 4, 1)),
}


@pytest.mark.parametrize("case", SIZES)
def test_output_sizes(case):
    image, filters, size, padding, expected = SIZES[case]
    layer = layers.Conv2D(filters, size, padding=padding)
    assert layer.compute_output_shape(image) == expected
    assert layer(np.zeros((1, *image))).shape == (1, *expected)
    pad = size // 2 if padding == "same" else 0
    assert output_size(image[0], size, 1, pad, pad) == (image[0] - size + 2 * pad) / 1 + 1


def test_a_time_series():
    """Steps of one dimension: convolution and pooling are those of an image of height 1."""
    series = np.array([1, 2, 4, 7, 11, 16], np.float32).reshape(1, 6, 1)
    layer = layers.Conv1D(1, 2, use_bias=False)
    layer(series)
    layer.set_weights([np.array([-1.0, 1.0]).reshape(2, 1, 1)])
    differences = layer(series)
    np.testing.assert_array_equal(differences.ravel(), [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(layers.MaxPooling1D(2)(differences).ravel(), [2, 4])
    np.testing.assert_array_equal(layers.AveragePooling1D(2)(differences).ravel(), [1.5, 3.5])
    np.testing.assert_array_equal(layers.GlobalMaxPooling1D()(differences), [[5]])
    np.testing.assert_array_equal(layers.GlobalAveragePooling1D()(differences), [[3]])


def test_global_pooling_takes_images_of_any_size():
    for size in (5, 8):
        x = np.full((2, size, size + 1, 3), 2.0)
        assert layers.GlobalAveragePooling2D()(x).tolist() == [[2, 2, 2]] * 2


def test_a_response_is_the_mean_over_the_feature():
    """A feature laid over itself gives 1, over its opposite -1; ReLU keeps what fits."""
    feature = 2 * bits("100 010 001") - 1
    layer = layers.Conv2D(1, 3, use_bias=False)
    layer(np.zeros((1, 3, 3, 1)))
    layer.set_weights([feature.reshape(3, 3, 1, 1) / feature.size])
    others = np.stack([feature, -feature, feature[::-1]])[..., np.newaxis]
    responses = layer(others)
    np.testing.assert_allclose(responses.ravel(), [1, -1, 1 / 9], rtol=0, atol=1e-6)
    np.testing.assert_allclose(layers.ReLU()(responses).ravel(), [1, 0, 1 / 9], rtol=0, atol=1e-6)


@pytest.mark.parametrize("right", range(4))
def test_the_squared_error_of_an_output_layer(right):
    """The sum of half the squares of (target - output), and what it sends back: output - target."""
    outputs, target = np.array([[0.2, 0.1, 0.3, 0.4]]), np.eye(4)[[right]]
    by_hand = [0.5 * (0.64 + 0.01 + 0.09 + 0.16), 0.5 * (0.04 + 0.81 + 0.09 + 0.16),
               0.5 * (0.04 + 0.01 + 0.49 + 0.16), 0.5 * (0.04 + 0.01 + 0.09 + 0.36)]  # fmt: skip
    assert losses.HalfSquaredError()(target, outputs) == pytest.approx(by_hand[right], rel=1e-12)
    model = Sequential([Input((4,)), layers.Dense(4)])
    model.set_weights([np.eye(4), np.zeros(4)])  # its outputs are its inputs
    model.compile("sgd", "half_squared_error")
    assert model.train_on_batch(outputs, target) == pytest.approx(by_hand[right], rel=1e-6)
    step = model.get_weights()[1] / -model.optimizer.learning_rate
    np.testing.assert_allclose(step, (outputs - target)[0], rtol=0, atol=1e-5)


def test_lenet5():
    """32x32 becomes 28, 14, 10, 5 and 1; then 120, 84 and 10 numbers; 61,706 weights."""
    model = zoo.build("lenet5", (32, 32, 1), 10)
    shapes = list(dict.fromkeys(layer.output_shape[1:] for layer in model.layers))
    maps = [shape for shape in shapes if len(shape) == 3]
    assert [shape[0] for shape in maps] == [32, 28, 14, 10, 5, 1]
    assert [shape[2] for shape in maps] == [1, 6, 6, 16, 16, 120]
    assert [shape for shape in shapes if len(shape) == 1] == [(120,), (84,), (10,)]
    assert model.count_params() == 61_706


def test_a_fully_convolutional_network_takes_images_of_any_size():
    x = Input((None, None, 3))
    y = layers.Conv2D(4, 3, activation="relu")(x)
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 1)(y))
    model = Model(x, layers.Activation("softmax")(y), seed=3)
    for size in ((8, 8), (11, 6), (3, 3)):
        image = np.full((1, *size, 3), 0.5)
        probabilities = model.predict(image)
        assert probabilities.shape == (1, 2)
        # An image of one color has the same mean at every size.
        np.testing.assert_allclose(probabilities, model.predict(image[:, :3, :3]), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "bound"),
    [("glorot_uniform", np.sqrt(6 / (75 + 150))), ("he_uniform", np.sqrt(6 / 75))],
)
def test_glorot_and_he_bounds_of_a_convolution(name, bound):
    """5x5 windows of 3 channels, 6 filters: 75 numbers go in, 150 come out."""
    values = initializers.get(name)((5, 5, 3, 6), seed=1)
    assert 0.98 * bound < np.abs(values).max() <= bound
    standard_error = bound / np.sqrt(3 * values.size)  # of a uniform mean
    assert abs(values.mean()) < 5 * standard_error
