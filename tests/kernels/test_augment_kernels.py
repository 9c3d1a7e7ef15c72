"""The augmentation entries: against the definition, for every fill mode, window and team."""

import numpy as np
import pytest
from kernel_checks import on_every_isa

from fastconv import reference as ref
from fastconv.kernels.images.augment import FILL_MODES, erase, random_words, shift_flip

INDEX = np.array([0, 1, 5, 2**32, 2**62], np.int64)


@pytest.mark.parametrize(("seed", "step"), [(0, 0), (2**64 - 1, 3), (0x0123456789ABCDEF, 2**63)])
def test_words_follow_the_definition(seed, step):
    words = np.empty((len(INDEX), 4), np.uint32)
    random_words(INDEX, seed, step, words)
    np.testing.assert_array_equal(words, ref.sample_words(INDEX, seed, step))


@pytest.mark.parametrize("mode", FILL_MODES)
@pytest.mark.parametrize("size", [(5, 4), (1, 1), (11, 13)])
@pytest.mark.parametrize(("ih", "iw", "pixel"), [(5, 4, 3), (1, 1, 4), (2, 7, 1), (3, 1, 12)])
def test_windows(mode, size, ih, iw, pixel):
    draw = np.random.default_rng(1)
    x = draw.integers(0, 256, (6, ih, iw, pixel), np.uint8)
    mb = 23
    rows = draw.integers(0, 6, mb)
    corner = draw.integers(-9, 10, (mb, 2))
    corner[0] = 0
    mirrored = draw.integers(0, 2, mb).astype(np.uint8)
    fill = np.arange(pixel, dtype=np.uint8)

    def run():
        y = np.full((mb, *size, pixel), 77, np.uint8)
        shift_flip(x, y, rows, corner, mirrored, mode, fill)
        return y

    numpy_mode = "edge" if mode == "nearest" else mode
    expected = [
        ref.shift_flip(x[r], size, tuple(c), bool(m), numpy_mode, fill)
        for r, c, m in zip(rows, corner, mirrored, strict=True)
    ]
    for level, y in on_every_isa(run):
        np.testing.assert_array_equal(y, expected, level)


def test_boxes_are_cut_at_the_edges():
    x = np.ones((3, 4, 5, 2), np.uint8)
    erase(x, np.array([[-2, 1, 2, 9], [3, 0, 3, 5], [1, 1, 2, 2]]), np.array([7, 8], np.uint8))
    expected = np.ones((3, 4, 5, 2), np.uint8)
    expected[0, :2, 1:] = expected[2, 1, 1] = 7, 8
    np.testing.assert_array_equal(x, expected)


def test_sizes_that_do_not_fit_are_refused():
    x, y = np.zeros((2, 3, 3, 1), np.uint8), np.zeros((1, 3, 3, 1), np.uint8)
    one, corner, flags = np.zeros(1, np.int64), np.zeros((1, 2), np.int64), np.zeros(1, np.uint8)
    with pytest.raises(ValueError, match="rows must be from 0 to 1; received 2"):
        shift_flip(x, y, one + 2, corner, flags, "wrap", flags)
    with pytest.raises(ValueError, match="must fit 1 images"):
        shift_flip(x, y, np.zeros(2, np.int64), corner, flags, "wrap", flags)
    with pytest.raises(ValueError, match="pixels must have one size"):
        shift_flip(x, np.zeros((1, 3, 3, 2), np.uint8), one, corner, flags, "wrap", flags)
    with pytest.raises(ValueError, match=r"box must be \(2, 4\)"):
        erase(x, np.zeros((1, 4), np.int64), flags)
    with pytest.raises(ValueError, match="fill must have 1 bytes"):
        erase(x, np.zeros((2, 4), np.int64), np.zeros(2, np.uint8))
    with pytest.raises(ValueError, match=r"words must be \(1, 4\)"):
        random_words(one, 0, 0, np.zeros((1, 3), np.uint32))
