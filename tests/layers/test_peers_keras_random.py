"""Against Keras 3: what the random layers do to an image, for the same random numbers."""

import os

import numpy as np
import pytest
from closeness import EPSILON

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed")

from fastconv import layers  # noqa: E402
from fastconv.plan.geometry.draws import uniforms  # noqa: E402

pytestmark = pytest.mark.peers

X = np.random.default_rng(5).uniform(0, 255, (6, 9, 8, 3)).astype(np.float32)
SHARES = uniforms(6, 11, 1)
FILLS = ["constant", "nearest"]  # Keras has the others on TensorFlow and NumPy alone


def tensor(array):
    return keras.ops.convert_to_tensor(np.asarray(array, np.float32))


def close(ours, theirs):
    # Keras has its points in float32: they are off by a rounding of a coordinate up to 20.
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=0, atol=255 * 20 * 8 * EPSILON)


@pytest.mark.parametrize("fill_mode", FILLS)
def test_translation(fill_mode):
    arguments = {"fill_mode": fill_mode, "fill_value": 3.0, "seed": 11}
    theirs = keras.layers.RandomTranslation(0.4, 0.3, **arguments)
    moved = np.stack([8 * (0.6 * SHARES[:, 1] - 0.3), 9 * (0.8 * SHARES[:, 0] - 0.4)], axis=1)
    how = {"translations": moved.astype(np.float32), "input_shape": X.shape}
    ours = layers.RandomTranslation(0.4, 0.3, **arguments)
    close(ours(X, training=True), theirs.transform_images(X, how, training=True))


@pytest.mark.parametrize("fill_mode", FILLS)
def test_zoom(fill_mode):
    theirs = keras.layers.RandomZoom(0.4, 0.3, fill_mode=fill_mode)
    zooms = 1 + SHARES[:, :2] * [0.8, 0.6] - [0.4, 0.3]
    how = {
        "height_zoom": zooms[:, :1].astype(np.float32),
        "width_zoom": zooms[:, 1:].astype(np.float32),
        "input_shape": X.shape,
    }
    ours = layers.RandomZoom(0.4, 0.3, fill_mode=fill_mode, seed=11)
    close(ours(X, training=True), theirs.transform_images(X, how, training=True))


@pytest.mark.parametrize("fill_mode", FILLS)
def test_rotation(fill_mode):
    theirs = keras.layers.RandomRotation(0.3, fill_mode=fill_mode)
    angle = 360 * (0.6 * SHARES[:, 0] - 0.3)
    zeros, ones = tensor(np.zeros(6)), tensor(np.ones(6))
    matrix = theirs._compute_affine_matrix(
        0.5, 0.5, tensor(angle), zeros, zeros, ones, zeros, zeros, 9, 8
    )
    expected = theirs.transform_images(X, {"rotation_matrix": matrix}, training=True)
    ours = layers.RandomRotation(0.3, fill_mode=fill_mode, seed=11)
    close(ours(X, training=True), expected)


def test_colors():
    factor = tensor((1 - 0.4 + 0.8 * SHARES[:, 0])[:, None, None, None])
    theirs = keras.layers.RandomContrast(0.4)
    ours = layers.RandomContrast(0.4, seed=11)
    expected = theirs.transform_images(tensor(X), {"contrast_factor": factor}, training=True)
    close(ours(X, training=True), expected)
    delta = tensor(255 * (0.6 * SHARES[:, 0] - 0.3)[:, None, None, None])
    theirs = keras.layers.RandomBrightness(0.3)
    expected = theirs.transform_images(tensor(X), {"rgb_delta": delta}, training=True)
    close(layers.RandomBrightness(0.3, seed=11)(X, training=True), expected)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"interpolation": "nearest"},
        {"crop_to_aspect_ratio": True},
        {"pad_to_aspect_ratio": True, "fill_value": 3.0},
    ],
)
@pytest.mark.parametrize("size", [(5, 6), (20, 16), (4, 12), (9, 8)])
def test_resizing(size, arguments):
    theirs = keras.layers.Resizing(*size, **arguments)
    close(layers.Resizing(*size, **arguments)(X), theirs(X))


@pytest.mark.parametrize("size", [(5, 6), (4, 7), (20, 16), (12, 4)])
def test_center_crop(size):
    close(layers.CenterCrop(*size)(X), keras.layers.CenterCrop(*size)(X))


@pytest.mark.parametrize("axis", [-1, None, (1, 3)])
@pytest.mark.parametrize("invert", [False, True])
def test_normalization(axis, invert):
    ours, theirs = (
        where.Normalization(axis=axis, invert=invert) for where in (layers, keras.layers)
    )
    ours.adapt(X)
    theirs.adapt(X)
    close(ours(X), theirs(X))
