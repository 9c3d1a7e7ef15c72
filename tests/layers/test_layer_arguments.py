"""Layers' arguments: shapes, configurations, and errors that state the rule."""

import json
import re

import numpy as np
import pytest

from fastconv import layers, regularizers
from fastconv.models.files.registry import describe, make

LAYERS = [
    (layers.Conv2D(4, 3), (8, 9, 3), (6, 7, 4)),
    (layers.Conv2D(4, (5, 3), strides=2, padding="same"), (8, 9, 3), (4, 5, 4)),
    (layers.Conv2D(4, 3, dilation_rate=2), (9, 9, 3), (5, 5, 4)),
    (layers.Conv2D(6, 3, groups=3, padding=((1, 0), (2, 2))), (8, 8, 3), (7, 10, 6)),
    (layers.Conv2D(4, 3, data_format="channels_first"), (3, 8, 9), (4, 6, 7)),
    (layers.MaxPooling2D(), (7, 8, 3), (3, 4, 3)),
    (layers.MaxPooling2D(2, padding="same"), (7, 7, 3), (4, 4, 3)),
    (layers.MaxPooling2D(3, strides=2, data_format="channels_first"), (3, 7, 9), (3, 3, 4)),
    (layers.AveragePooling2D((2, 3)), (8, 9, 2), (4, 3, 2)),
    (layers.Flatten(), (3, 4, 5), (60,)),
    (layers.Flatten(data_format="channels_first"), (5, 3, 4), (60,)),
    (layers.Dense(7, activation="relu"), (5,), (7,)),
    (layers.Dense(7), (2, 3, 5), (2, 3, 7)),
    (layers.Dense(7, activity_regularizer=regularizers.L1L2(0.1, 0.2)), (5,), (7,)),
    (layers.ActivityRegularization(0.5, 0.25), (3, 4), (3, 4)),
    (layers.Dropout(0.5, seed=4), (3, 4), (3, 4)),
    (layers.Activation("softmax"), (4,), (4,)),
    (layers.ReLU(), (2, 3), (2, 3)),
    (layers.Softmax(), (4,), (4,)),
    (layers.Softmax(axis=1), (4, 3), (4, 3)),
    (layers.ReLU(max_value=6, negative_slope=0.1, threshold=1), (4, 3), (4, 3)),
    (layers.LeakyReLU(alpha=0.1), (4, 3), (4, 3)),
    (layers.PReLU(shared_axes=[1, 2]), (4, 3, 5), (4, 3, 5)),
    (layers.ELU(0.5), (4, 3), (4, 3)),
    (layers.GELU(approximate=True), (4, 3), (4, 3)),
    (layers.SiLU(), (4, 3), (4, 3)),
    (layers.Sigmoid(), (4, 3), (4, 3)),
    (layers.Tanh(), (4, 3), (4, 3)),
    (layers.Activation(layers.LeakyReLU(0.1)), (4, 3), (4, 3)),
    (layers.Dense(3, activation=layers.GELU(True)), (4,), (3,)),
    (layers.Conv2D(3, 1, activation="swish"), (4, 4, 1), (4, 4, 3)),
    (layers.Rescaling(1 / 255, offset=-1), (4, 4, 3), (4, 4, 3)),
    (layers.RandomFlip("vertical", seed=3), (4, 5, 3), (4, 5, 3)),
    (layers.RandomCrop(3, 2), (4, 5, 3), (3, 2, 3)),
    (layers.RandomTranslation(0.1, (-0.2, 0.3), "wrap", "nearest"), (4, 5, 3), (4, 5, 3)),
    (layers.RandomRotation(0.1, "constant", fill_value=0.5), (4, 5, 3), (4, 5, 3)),
    (layers.RandomZoom((-0.1, 0.2)), (4, 5, 3), (4, 5, 3)),
    (layers.RandomContrast((0.1, 0.2), (0, 1)), (4, 5, 3), (4, 5, 3)),
    (layers.RandomBrightness(0.1), (4, 5, 3), (4, 5, 3)),
    (layers.RandomErasing(0.5, fill_value=(1, 2, 3)), (4, 5, 3), (4, 5, 3)),
    (layers.CenterCrop(2, 3), (4, 5, 3), (2, 3, 3)),
    (layers.Resizing(7, 3, "nearest", pad_to_aspect_ratio=True), (4, 5, 3), (7, 3, 3)),
    (layers.Resizing(3, 7, "lanczos3", antialias=True), (4, 5, 3), (3, 7, 3)),
    (layers.Normalization(axis=(1, 3)), (4, 5, 3), (4, 5, 3)),
    (layers.Normalization(mean=[1.0, 2, 3], variance=[1.0, 4, 9]), (4, 5, 3), (4, 5, 3)),
]
NAMES = [f"{number}-{type(layer).__name__}" for number, (layer, _, _) in enumerate(LAYERS)]


@pytest.mark.parametrize(("layer", "shape", "expected"), LAYERS, ids=NAMES)
def test_output_shape(layer, shape, expected):
    assert layer.compute_output_shape(shape) == expected
    assert layer(np.zeros((2, *shape), np.float32)).shape == (2, *expected)


@pytest.mark.parametrize(("layer", "shape", "expected"), LAYERS, ids=NAMES)
def test_configuration_survives_a_file(layer, shape, expected):
    again = make(json.loads(json.dumps(describe(layer))))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    assert again.compute_output_shape(shape) == expected


def test_channels_first_is_channels_last_turned():
    x = np.random.default_rng(0).standard_normal((2, 6, 7, 3)).astype(np.float32)
    turned = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    last = layers.Conv2D(4, 3, activation="relu")
    first = layers.Conv2D(4, 3, activation="relu", data_format="channels_first")
    y = last(x)
    first.ensure_built(turned.shape[1:])
    first.set_weights(last.get_weights())
    np.testing.assert_array_equal(first(turned), y.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(
        first.backward(y.transpose(0, 3, 1, 2)), last.backward(y).transpose(0, 3, 1, 2)
    )
    np.testing.assert_array_equal(first.kernel.grad, last.kernel.grad)
    np.testing.assert_array_equal(
        layers.Flatten(data_format="channels_first")(turned), x.reshape(2, -1)
    )


BAD = [
    (lambda: layers.Conv2D(32, 3, paddin="same"), TypeError, "received 'paddin' (did you mean 'pa"),
    (lambda: layers.Dense(10, activaton="relu"), TypeError, "(did you mean 'activation'?)"),
    (lambda: layers.Dense(10, activation="rleu"), ValueError, "(did you mean 'relu'?)"),
    (lambda: layers.Dense(10, activation=3), TypeError, "activation must be one of"),
    (lambda: layers.Dense(10, kernel_initializer="he_unifrm"), ValueError, "mean 'he_uniform'?"),
    (lambda: layers.Dense(0), ValueError, "Dense: units must be at least 1; received 0"),
    (lambda: layers.Dense(1.5), TypeError, "units must be a whole number; received 1.5"),
    (lambda: layers.Dense(True), TypeError, "units must be a whole number; received True"),
    (lambda: layers.Conv2D(-4, 3), ValueError, "Conv2D: filters must be at least 1; received -4"),
    (lambda: layers.Conv2D(4, (3, 3, 3)), ValueError, "kernel_size must have two entries"),
    (lambda: layers.Conv2D(4, 3, strides=0), ValueError, "strides must be at least 1"),
    (lambda: layers.Conv2D(4, 3, padding="smae"), ValueError, "(did you mean 'same'?)"),
    (lambda: layers.Conv2D(4, 3, padding=-1), ValueError, "padding must be between 0"),
    (lambda: layers.Conv2D(5, 3, groups=2), ValueError, "groups must divide filters; received"),
    (lambda: layers.Conv2D(4, 3, data_format="NCHW"), ValueError, "data_format must be one of"),
    (lambda: layers.MaxPooling2D(pool=3), TypeError, "MaxPooling2D: the arguments are pool_size"),
    (lambda: layers.ActivityRegularization(-1), ValueError, "l1 must be at least 0; received -1"),
    (lambda: layers.Dropout(1.0), ValueError, "at least 0 and below 1; received 1.0"),
    (lambda: layers.Dropout("0.5"), TypeError, "rate must be a number; received '0.5'"),
    (lambda: layers.Dropout(0.5, seed=-1), ValueError, "Dropout: seed must be at least 0"),
    (lambda: layers.Rescaling(float("inf")), ValueError, "scale must be finite; received inf"),
    (lambda: layers.Softmax(axis=0), ValueError, "axis must not be 0, the batch axis; received 0"),
    (lambda: layers.Softmax(2)(np.zeros((1, 4))), ValueError, "from 1 to 1, or negative"),
    (lambda: layers.Activation("gleu"), ValueError, "(did you mean 'gelu'?)"),
    (lambda: layers.Dense(3, activation="swich"), ValueError, "(did you mean 'swish'?)"),
    (lambda: layers.LeakyReLU(-0.1), ValueError, "negative_slope must be at least 0; received -"),
    (lambda: layers.LeakyReLU(negativ_slope=1), TypeError, "(did you mean 'negative_slope'?)"),
    (lambda: layers.ReLU(max_value="6"), TypeError, "ReLU: max_value must be a number"),
    (lambda: layers.ELU(None), TypeError, "ELU: alpha must be a number; received None"),
    (lambda: layers.GELU("tanh"), TypeError, "approximate must be True or False; received 'tanh'"),
    (lambda: layers.PReLU(shared_axes="1"), TypeError, "shared_axes must be a sequence of axes"),
    (lambda: layers.PReLU(shared_axes=[3])(np.zeros((1, 4))), ValueError, "received axis 3"),
    (lambda: layers.ReLU(name="a/b"), ValueError, "name must be a text without '/'"),
    (lambda: layers.Input((32, 0, 3)), ValueError, "every size of shape must be at least 1"),
    (lambda: layers.Input(32), TypeError, "shape must be a tuple of whole numbers; received 32"),
    (lambda: layers.Input((4,), dtype="float64"), ValueError, "dtype must be one of 'float32', 'u"),
    (lambda: layers.Conv2D(4, 3)(np.zeros((2, 8, 8))), ValueError, "received (None, 8, 8)"),
    (lambda: layers.Conv2D(4, 9)(np.zeros((2, 8, 8, 1))), ValueError, "window must fit into"),
    (lambda: layers.Dense(4)(np.zeros((2, 3), complex)), TypeError, "received dtype complex128"),
    (lambda: layers.Dense(4)(np.array([["a"]])), TypeError, "received dtype <U1"),
    (lambda: layers.Dense(4)(np.float32(3)), ValueError, "x must have a batch axis"),
]  # fmt: skip


@pytest.mark.parametrize(("make_bad", "error", "message"), BAD, ids=[m for _, _, m in BAD])
def test_errors(make_bad, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make_bad()


def test_a_layer_keeps_its_weights_for_other_inputs_and_refuses_other_channels():
    layer = layers.Conv2D(4, 3)
    layer(np.zeros((1, 8, 8, 3)))
    kernel = layer.kernel.value.copy()
    layer(np.zeros((2, 5, 6, 3)))
    np.testing.assert_array_equal(layer.kernel.value, kernel)
    with pytest.raises(ValueError, match="4 input channels, w expects 3"):
        layer(np.zeros((1, 8, 8, 4)))


ONE, ROW = np.ones((1, 1), np.float32), np.ones((1, 4), np.float32)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: layers.ReLU()([1, [2]]), ValueError, "re_lu: x must be an array, or lists whose"),
        (lambda: layers.Dense(2, name=3), ValueError, "Dense: name must be a text without '/'"),
        (lambda: layers.Dense(2, use_bias=ROW), TypeError, "Dense: use_bias must be True or False"),
        (lambda: layers.Add(trainable=ROW), TypeError, "Add: trainable must be True or False"),
        (lambda: layers.ReLU()(ROW, training=ROW), TypeError, "re_lu: training must be True or F"),
        (lambda: layers.PReLU(shared_axes=np.array(1)), TypeError, "PReLU: shared_axes must be"),
        (lambda: layers.Cropping1D(np.array(3)), TypeError, "Cropping1D: cropping must be"),
        (lambda: layers.UpSampling2D()(ONE), ValueError, "up_sampling2d: x must have the axes"),
        (
            lambda: layers.UpSampling2D(interpolation="bilinear")(ONE),
            ValueError,
            "up_sampling2d: x must have the axes (batch, height, width, channels)",
        ),
        (
            lambda: layers.whitening_filters(np.full((3, 8, 8, 3), np.nan)),
            ValueError,
            "whitening_filters: images must be finite",
        ),
        (lambda: layers.ReLU()([[]]), ValueError, "re_lu: every size of x but the batch's must"),
        (lambda: layers.add([[1, [2]], ROW]), ValueError, "add: every input must be an array, or"),
        (lambda: layers.Add()({"a": ROW, "b": ROW}), ValueError, "add: takes a list of tensors"),
        (
            lambda: layers.Add().compute_output_shape((1, 3)),
            ValueError,
            "add: takes a list of shapes; received (1, 3)",
        ),
        (
            lambda: layers.Conv2D(2**31 - 1, 2**31 - 1, padding="same")(np.ones((1, 2, 2, 1))),
            MemoryError,
            "conv2d: Unable to allocate the weight 'kernel'",
        ),
        (lambda: layers.Permute(range(2**64)), TypeError, "Permute: dims must be"),
        (lambda: layers.RandomZoom(range(2**40)), TypeError, "RandomZoom: height_factor must be"),
    ],
)
def test_what_is_no_argument_and_no_array_is_refused_by_its_name(wrong, error, message):
    with pytest.raises(error, match=re.escape(message)):
        wrong()


def test_merging_functions_take_lists_of_numbers():
    np.testing.assert_array_equal(layers.add([[[1, 2]], [[10, 20]]]), [[11, 22]])
    np.testing.assert_array_equal(layers.concatenate([[[1]], ROW]), [[1, 1, 1, 1, 1]])
    assert layers.PReLU(shared_axes=np.array([1, 2])).shared_axes == [1, 2]
