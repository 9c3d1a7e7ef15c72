"""Single images: files, arrays, and what does not fit."""

import re

import numpy as np
import pytest

from fastconv.utils import array_to_img, img_to_array, load_img, normalize, save_img

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)


def test_there_and_back(tmp_path):
    path = tmp_path / "a.png"
    save_img(path, PIXELS, scale=False)
    image = load_img(path)
    array = img_to_array(image)
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, PIXELS)
    np.testing.assert_array_equal(img_to_array(image, dtype="uint8"), PIXELS)
    first = img_to_array(image, data_format="channels_first")
    assert first.shape == (3, 5, 7)
    np.testing.assert_array_equal(np.asarray(array_to_img(first, "channels_first", False)), PIXELS)


def test_colors_and_sizes(tmp_path):
    path = tmp_path / "a.png"
    save_img(path, PIXELS, scale=False)
    assert img_to_array(load_img(path, "grayscale")).shape == (5, 7, 1)
    assert img_to_array(load_img(path, "rgba")).shape == (5, 7, 4)
    twice = img_to_array(load_img(path, target_size=(10, 14)))
    np.testing.assert_array_equal(twice, PIXELS.repeat(2, axis=0).repeat(2, axis=1))
    assert load_img(path, target_size=(4, 4), interpolation="bicubic").size == (4, 4)


def test_values_are_stretched_or_cut():
    gray = np.array([[[-1.0], [0.0], [1.0]]])
    assert np.asarray(array_to_img(gray)).tolist() == [[0, 127, 255]]
    assert np.asarray(array_to_img(200 * gray, scale=False)).tolist() == [[0, 0, 200]]
    assert np.asarray(array_to_img(np.full((1, 2, 1), 7.0))).tolist() == [[0, 0]]


def test_vectors_of_length_one():
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(np.linalg.norm(normalize(x), axis=1), 1)
    np.testing.assert_allclose(np.abs(normalize(x, axis=0, order=1)).sum(axis=0), 1)


BAD = [
    (lambda p: load_img(p / "none.png"), FileNotFoundError, "none.png"),
    (lambda p: load_img(__file__), ValueError, "is an unreadable image (is no image of a known"),
    (lambda p: load_img(p, "rbg"), ValueError, "(did you mean 'rgb'?)"),
    (lambda p: load_img(p, target_size=3.5), TypeError, "target_size must be a whole number or"),
    (lambda p: load_img(3.5), TypeError, "path must be a path; received 3.5"),
    (lambda p: img_to_array(np.zeros(3)), ValueError, "must have two or three axes; received (3,)"),
    (lambda p: img_to_array("a"), TypeError, "img must hold"),
    (lambda p: array_to_img(PIXELS[:, :, :2]), ValueError, "3 or 4 channels; received (5, 7, 2)"),
    (lambda p: array_to_img(PIXELS, "channels"), ValueError, "data_format must be one of"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "error", "message"), BAD, ids=[m for _, _, m in BAD])
def test_errors(tmp_path, bad, error, message):
    with pytest.raises(error, match=re.escape(message)):
        bad(tmp_path)
