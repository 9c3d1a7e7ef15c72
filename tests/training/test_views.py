"""Views of images and the mean over them, against their definitions."""

import numpy as np
import pytest

from fastconv import Sequential, augment, layers
from fastconv.augment import View


def some_images(dtype=np.uint8):
    return np.random.default_rng(2).integers(0, 256, (7, 6, 5, 3)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("view", [View(), View(1, -2), View(-1, 2, True), View(mirrored=True)])
def test_a_view_is_a_window_of_the_padded_images(dtype, view):
    x = some_images(dtype)
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    expected = padded[:, 2 + view.rows :, 2 + view.columns :][:, :6, :5]
    expected = expected[:, :, ::-1] if view.mirrored else expected
    made = augment.viewed(x, view)
    assert made.dtype == dtype
    np.testing.assert_array_equal(made, expected)


def test_the_mean_over_mirror_images_and_shifts():
    x = some_images(np.float32)
    model = Sequential([layers.Conv2D(2, 3, input_shape=(6, 5, 3)), layers.Flatten()], seed=4)

    def pair(images):
        return 0.5 * model.predict(images) + 0.5 * model.predict(images[:, :, ::-1])

    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    shifted = [pair(padded[:, :-2, :-2]), pair(padded[:, 2:, 2:])]
    expected = 0.5 * pair(x) + 0.5 * np.mean(shifted, axis=0)
    found = augment.predict_with_views(model, x, batch_size=3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)
    mirrored = augment.predict_with_views(model, x, augment.MIRRORED)
    np.testing.assert_allclose(mirrored, pair(x), rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize(
    ("views", "x", "error", "words"),
    [
        ([], some_images(), ValueError, "one or more"),
        ([View(weight=0)], some_images(), ValueError, "weights above 0"),
        ([View()], some_images(np.float64), TypeError, "uint8 or float32; received float64"),
        ([View()], some_images()[0], ValueError, r"images must be \(n, h, w, c\)"),
    ],
)
def test_errors(views, x, error, words):
    with pytest.raises(error, match=words):
        augment.predict_with_views(Sequential([layers.Flatten()]), x, views)
