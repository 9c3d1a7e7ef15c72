"""The layers that convolve, pool, pad, crop, permute: shapes, gradients, configurations, errors."""

import numpy as np
import pytest
from closeness import fill

from fastconv import layers
from fastconv.models.files.registry import describe, make
from fastconv.testing import check_gradients

IMAGE, SEQUENCE = (6, 7, 4), (9, 4)
FIRST = {"data_format": "channels_first"}

CASES = {  # class, arguments, shape of a sample, shape of the output
    "depthwise": ("DepthwiseConv2D", (3,), {"padding": "same"}, IMAGE, (6, 7, 4)),
    "depthwise, two filters": (
        "DepthwiseConv2D", ((3, 2),), {"depth_multiplier": 2, "strides": 2, "activation": "relu"},
        IMAGE, (2, 3, 8),
    ),
    "depthwise, channels first": ("DepthwiseConv2D", (2,), FIRST, (4, 6, 7), (4, 5, 6)),
    "separable": (
        "SeparableConv2D", (5, 3), {"depth_multiplier": 2, "strides": 2, "padding": "same"},
        IMAGE, (3, 4, 5),
    ),
    "separable, channels first": ("SeparableConv2D", (5, 3), FIRST, (4, 6, 7), (5, 4, 5)),
    "groups": ("Conv2D", (8, 3), {"groups": 2}, IMAGE, (4, 5, 8)),
    "channels first, softmax": (
        "Conv2D", (8, 3), {"activation": "softmax", **FIRST}, (4, 6, 7), (8, 4, 5)
    ),
    "transposed": (
        "Conv2DTranspose", (3, 3), {"strides": 2, "padding": "same"}, IMAGE, (12, 14, 3)
    ),
    "transposed, valid": ("Conv2DTranspose", (3, (2, 5)), {"strides": (3, 2)}, IMAGE, (18, 17, 3)),
    "transposed, numbers": (
        "Conv2DTranspose", (3, 3), {"strides": 2, "padding": 1, "output_padding": 1}, IMAGE,
        (12, 14, 3),
    ),
    "transposed, channels first": (
        "Conv2DTranspose", (3, 3), {"dilation_rate": 2, **FIRST}, (4, 6, 7), (3, 10, 11)
    ),
    "conv1d": ("Conv1D", (5, 3), {"activation": "relu"}, SEQUENCE, (7, 5)),
    "conv1d, causal": (
        "Conv1D", (6, 3), {"padding": "causal", "dilation_rate": 2, "groups": 2}, SEQUENCE, (9, 6)
    ),
    "conv1d, channels first": (
        "Conv1D", (5, 3), {"strides": 2, "padding": "same", **FIRST}, (4, 9), (5, 5)
    ),
    "conv1d, transposed": (
        "Conv1DTranspose", (3, 3), {"strides": 2, "padding": "same", "activation": "relu"},
        SEQUENCE, (18, 3),
    ),
    "conv1d, transposed, channels first": (
        "Conv1DTranspose", (3, 4), {"strides": 3, "output_padding": 1, **FIRST}, (4, 9), (3, 29)
    ),
    "min pool": ("MinPooling2D", (2,), {}, IMAGE, (3, 3, 4)),
    "l2 pool": ("LPPooling2D", (3, 2), {"padding": "same"}, IMAGE, (3, 4, 4)),
    "l3 pool, channels first": ("LPPooling2D", (2,), {"p": 3, **FIRST}, (4, 6, 7), (4, 3, 3)),
    "max pool 1d": ("MaxPooling1D", (2,), {}, SEQUENCE, (4, 4)),
    "average pool 1d": ("AveragePooling1D", (3, 2), {"padding": "same"}, SEQUENCE, (5, 4)),
    "average pool 1d, channels first": ("AveragePooling1D", (3,), FIRST, (4, 9), (4, 3)),
    "global max": ("GlobalMaxPooling2D", (), {}, IMAGE, (4,)),
    "global average": ("GlobalAveragePooling2D", (), {"keepdims": True}, IMAGE, (1, 1, 4)),
    "global average, channels first": (
        "GlobalAveragePooling2D", (), {"keepdims": True, **FIRST}, (4, 6, 7), (4, 1, 1)
    ),
    "global max 1d": ("GlobalMaxPooling1D", (), {"keepdims": True}, SEQUENCE, (1, 4)),
    "global average 1d": ("GlobalAveragePooling1D", (), FIRST, (4, 9), (4,)),
    "reshape": ("Reshape", ((4, -1),), {}, IMAGE, (4, 42)),
    "permute": ("Permute", ((3, 1, 2),), {}, IMAGE, (4, 6, 7)),
    "repeat": ("RepeatVector", (3,), {}, (5,), (3, 5)),
    "zero padding": ("ZeroPadding2D", (((1, 0), (2, 3)),), {}, IMAGE, (7, 12, 4)),
    "zero padding, channels first": ("ZeroPadding2D", ((1, 2),), FIRST, (4, 6, 7), (4, 8, 11)),
    "zero padding 1d": ("ZeroPadding1D", ((1, 2),), {}, SEQUENCE, (12, 4)),
    "cropping": ("Cropping2D", (((1, 0), (2, 3)),), {}, IMAGE, (5, 2, 4)),
    "cropping 1d": ("Cropping1D", (2,), FIRST, (4, 9), (4, 5)),
    "upsampling": ("UpSampling2D", ((2, 3),), {}, IMAGE, (12, 21, 4)),
    "upsampling, channels first": ("UpSampling2D", (2,), FIRST, (4, 6, 7), (4, 12, 14)),
    "upsampling, bilinear": (
        "UpSampling2D", ((2, 3),), {"interpolation": "bilinear", **FIRST}, (4, 6, 7), (4, 12, 21)
    ),
    "upsampling 1d": ("UpSampling1D", (3,), {}, SEQUENCE, (27, 4)),
    "spatial dropout": ("SpatialDropout2D", (0.5, 3), {}, IMAGE, IMAGE),
    "spatial dropout 1d": ("SpatialDropout1D", (0.5, 3), FIRST, (4, 9), (4, 9)),
}  # fmt: skip
case = pytest.mark.parametrize("name", CASES)


def made(name):
    cls, positional, more, sample, expected = CASES[name]
    return getattr(layers, cls)(*positional, **more), sample, expected


@case
def test_the_output_has_its_shape(name):
    layer, sample, expected = made(name)
    assert layer.compute_output_shape(sample) == expected
    assert layer(fill((2, *sample))).shape == (2, *expected)


@case
def test_gradients_are_slopes(name):
    layer, sample, _ = made(name)
    if name == "channels first, softmax":
        pytest.skip("the bias has no gradient: it moves all that a softmax compares alike")
    check_gradients(layer, fill((2, *sample), seed=1))


@case
def test_a_layer_made_from_its_description_computes_the_same(name):
    layer, sample, _ = made(name)
    x = fill((2, *sample))
    y = layer(x)
    other = make(describe(layer))
    other(x)
    other.set_weights(layer.get_weights())
    np.testing.assert_array_equal(other(x), y)
    assert other.get_config() == layer.get_config()


@case
def test_channels_first_is_a_transposition(name):
    layer, sample, expected = made(name)
    config = layer.get_config()
    if config.get("data_format") != "channels_first":
        pytest.skip("channels last")
    if layer.uses_training or config.get("activation") == "softmax":
        pytest.skip("not a matter of the layout alone")
    other = type(layer).from_config({**config, "data_format": "channels_last"})
    x = fill((2, *sample))
    y = layer(x)
    turned = np.moveaxis(x, 1, -1)
    other(turned)
    other.set_weights(layer.get_weights())
    result = other(turned)
    if len(expected) > 1:
        result = np.moveaxis(result, -1, 1)
    np.testing.assert_array_equal(result, y)


def test_causal_steps_see_no_later_one():
    layer = layers.Conv1D(3, 4, padding="causal")
    x = fill((1, 10, 2))
    y = layer(x)
    x[:, 6:] += 1
    np.testing.assert_array_equal(layer(x)[:, :6], y[:, :6])


def test_padding_and_cropping_undo_each_other():
    x = fill((2, 5, 6, 3))
    sides = ((1, 2), (3, 0))
    padded = layers.ZeroPadding2D(sides)(x)
    np.testing.assert_array_equal(padded, np.pad(x, ((0, 0), *sides, (0, 0))))
    np.testing.assert_array_equal(layers.Cropping2D(sides)(padded), x)


def test_upsampling_and_turning():
    x = fill((2, 3, 4, 5))
    np.testing.assert_array_equal(
        layers.UpSampling2D((2, 3))(x), x.repeat(2, axis=1).repeat(3, axis=2)
    )
    np.testing.assert_array_equal(layers.Permute((2, 3, 1))(x), x.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(layers.RepeatVector(2)(x[:, 0, 0]), x[:, :1, 0].repeat(2, axis=1))


def test_spatial_dropout_drops_whole_channels():
    x = np.ones((8, 4, 5, 16), np.float32)
    layer = layers.SpatialDropout2D(0.5, seed=2)
    y = layer(x, training=True)
    assert set(np.unique(y)) == {0, 2}
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1, :1], y.shape))
    np.testing.assert_array_equal(layer(x), x)


REFUSED = {
    r"Conv1D: padding must be one of .*'casual'": lambda: layers.Conv1D(1, 2, padding="casual"),
    "Conv1D: groups must divide filters": lambda: layers.Conv1D(5, 2, groups=2),
    "DepthwiseConv2D: depth_multiplier must be at least 1; received 0": (
        lambda: layers.DepthwiseConv2D(3, depth_multiplier=0)
    ),
    "depth_multiplyer.*did you mean 'depth_multiplier'": (
        lambda: layers.DepthwiseConv2D(3, depth_multiplyer=2)
    ),
    "output_padding must be at least 0 and smaller than the stride; received 2": (
        lambda: layers.Conv2DTranspose(3, 3, output_padding=2, strides=2)(np.zeros((1, 4, 4, 2)))
    ),
    "LPPooling2D: p must be at least 1; received 0.5": lambda: layers.LPPooling2D(2, p=0.5),
    "GlobalMaxPooling2D: keepdims must be True or False; received 1": (
        lambda: layers.GlobalMaxPooling2D(keepdims=1)
    ),
    r"global_max_pooling1_?d: x must have the axes \(batch, steps, channels\)": (
        lambda: layers.GlobalMaxPooling1D()(np.zeros((1, 2, 3, 4)))
    ),
    r"Reshape: target_shape must hold sizes of at least 1, and -1 once": (
        lambda: layers.Reshape((-1, -1))
    ),
    r"reshape: the number of elements must stay 6; received x \(None, 2, 3\)": (
        lambda: layers.Reshape((4,))(np.zeros((1, 2, 3)))
    ),
    r"Permute: dims must name each axis from 1 on, once; received \(0, 1\)": (
        lambda: layers.Permute((0, 1))
    ),
    "something of x must be left": lambda: layers.Cropping2D(2)(np.zeros((1, 4, 5, 1))),
    "ZeroPadding2D: padding must be numbers; received 'same'": (
        lambda: layers.ZeroPadding2D("same")
    ),
    "UpSampling2D: interpolation must be one of 'nearest', 'bilinear'; received 'cubic'": (
        lambda: layers.UpSampling2D(2, interpolation="cubic")
    ),
    "SpatialDropout2D|Dropout: rate must be at least 0 and below 1": (
        lambda: layers.SpatialDropout2D(1.0)
    ),
    "MaxPooling1D: padding must be one of 'valid', 'same'": (
        lambda: layers.MaxPooling1D(2, padding="causal")
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_is_refused(message):
    with pytest.raises((TypeError, ValueError), match=message):
        REFUSED[message]()
