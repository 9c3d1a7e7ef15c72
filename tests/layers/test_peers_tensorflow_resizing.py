"""Against TensorFlow, by which Keras resizes in a pipeline of data, for every interpolation."""

import numpy as np
import pytest

from fastconv.layers import Resizing

pytestmark = pytest.mark.peers
EPS = np.finfo(np.float32).eps
X = np.random.default_rng(5).uniform(0, 255, (2, 12, 20, 3)).astype(np.float32)


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize(
    "interpolation", ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]
)
@pytest.mark.parametrize("size", [(6, 10), (24, 40), (5, 31)])
@pytest.mark.parametrize("keep", [None, "crop_to_aspect_ratio", "pad_to_aspect_ratio"])
def test_as_tensorflow(interpolation, antialias, size, keep):
    keras = pytest.importorskip("keras", reason="needs the extra [peers]")
    tf = pytest.importorskip("tensorflow", reason="needs TensorFlow")
    if interpolation == "bicubic" and not antialias and size == (5, 31):
        pytest.skip("TensorFlow rounds its points to 1/1024 of a pixel here")
    how = {"antialias": antialias, **({keep: True, "fill_value": 7.0} if keep else {})}
    theirs = keras.layers.Resizing(*size, interpolation, **how)
    (wanted,) = tf.data.Dataset.from_tensors(X).map(theirs)
    # TensorFlow has its points in float32: they are off by up to 2 roundings of a coordinate up to
    # 40, and no curve is steeper than 1.5; the weights of a pixel add up to less than 2.5.
    atol = 255 * 2.5**2 * (2 * 40 * 1.5 + 66) * EPS
    np.testing.assert_allclose(
        Resizing(*size, interpolation, **how)(X), wanted.numpy(), rtol=0, atol=atol
    )
