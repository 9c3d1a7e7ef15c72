"""Worked examples of convolution, pooling and output sizes, with the numbers worked out by hand."""

import numpy as np
import pytest

from fastconv import layers
from fastconv.plan.padding import output_size

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
