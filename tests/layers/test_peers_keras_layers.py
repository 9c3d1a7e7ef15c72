"""Against Keras 3: the layers that convolve, pool, pad and permute, with the same weights."""

import numpy as np
import pytest
from closeness import fill

keras = pytest.importorskip("keras", reason="Keras is not installed")

from fastconv import layers  # noqa: E402

pytestmark = pytest.mark.peers

CASES = [
    ("DepthwiseConv2D", {"kernel_size": 3, "padding": "same", "depth_multiplier": 2}, (8, 7, 4)),
    ("DepthwiseConv2D", {"kernel_size": (3, 2), "strides": 2}, (8, 7, 17)),
    ("SeparableConv2D", {"filters": 5, "kernel_size": 3, "padding": "same"}, (8, 7, 4)),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, (5, 4, 2)),
    (
        "Conv2DTranspose",
        {"filters": 3, "kernel_size": 2, "strides": 2, "padding": "same"},
        (5, 4, 2),
    ),
    (
        "Conv2DTranspose",
        {"filters": 3, "kernel_size": 4, "strides": 2, "padding": "same"},
        (5, 4, 2),
    ),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 2, "strides": 3}, (5, 4, 2)),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "padding": "same"}, (5, 4, 2)),
    ("Conv1D", {"filters": 5, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}, (9, 4)),
    ("Conv1D", {"filters": 6, "kernel_size": 3, "strides": 2, "groups": 2}, (9, 4)),
    ("Conv2D", {"filters": 6, "kernel_size": 3, "groups": 2, "padding": "same"}, (8, 7, 4)),
    ("MaxPooling1D", {"pool_size": 2}, (9, 4)),
    ("AveragePooling1D", {"pool_size": 3, "strides": 2, "padding": "same"}, (9, 4)),
    ("GlobalMaxPooling2D", {"keepdims": True}, (8, 7, 4)),
    ("GlobalAveragePooling2D", {}, (8, 7, 4)),
    ("GlobalAveragePooling1D", {}, (9, 4)),
    ("ZeroPadding2D", {"padding": ((1, 2), (0, 3))}, (8, 7, 4)),
    ("Cropping2D", {"cropping": ((1, 2), (0, 3))}, (8, 7, 4)),
    ("UpSampling2D", {"size": (2, 3)}, (8, 7, 4)),
    ("UpSampling2D", {"size": (3, 2), "interpolation": "bilinear"}, (8, 7, 4)),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, (5, 2)),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 4, "strides": 2, "padding": "same"}, (5, 2)),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "dilation_rate": 2}, (5, 2)),
    ("UpSampling1D", {"size": 2}, (9, 4)),
    ("Permute", {"dims": (3, 1, 2)}, (8, 7, 4)),
    ("Reshape", {"target_shape": (4, -1)}, (8, 7, 4)),
    ("RepeatVector", {"n": 3}, (4,)),
]


@pytest.mark.parametrize(("name", "arguments", "shape"), CASES)
def test_a_layer_computes_what_keras_computes(name, arguments, shape):
    x = fill((3, *shape))
    ours, theirs = getattr(layers, name)(**arguments), getattr(keras.layers, name)(**arguments)
    theirs.build((None, *shape))
    ours.ensure_built(shape)
    weights = [fill(w.shape, seed=i) for i, w in enumerate(theirs.get_weights())]
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in weights]
    if weights:
        theirs.set_weights(weights)
        ours.set_weights(weights)
    expected, y = keras.ops.convert_to_numpy(theirs(x)), ours(x)
    terms = max([w.size for w in weights], default=9)
    np.testing.assert_allclose(y, expected, rtol=0, atol=2 * terms * np.finfo(np.float32).eps)
