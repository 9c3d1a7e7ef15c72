"""Images resized by weights along their axes, forward and backward, against the definition."""

import numpy as np
import pytest
from kernel_checks import assert_within, bound, counting, misaligned, normal, on_every_isa

from fastconv import reference as ref
from fastconv.kernels.images.resize import resize, resize_bwd
from fastconv.plan.geometry.resizing import resizing

HOW = [("bilinear", True), ("bicubic", False), ("bicubic", True), ("lanczos5", True)]
SHAPES = [
    ((2, 5, 7, 3), (4, 9)),
    ((3, 1, 6, 1), (5, 2)),
    ((1, 4, 1, 33), (3, 3)),
    ((5, 13, 2, 17), (2, 1)),
    ((2, 17, 31, 8), (16, 5)),
]


def weights_of(shape, size, how):
    rows, columns = resizing(shape[1:3], size, *how)
    return rows.first, rows.weights, columns.first, columns.weights


def allowed(magnitude, weights):
    """A weight has a rounding of its own; then come the sums of the rows and of the columns."""
    return bound(magnitude, weights[1].shape[1] + weights[3].shape[1], 6)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(("shape", "size"), SHAPES)
def test_resize(shape, size, how, dtype):
    x = counting(shape, 13)
    x = misaligned(x, 4) if dtype == np.float32 else (x + 6).astype(np.uint8)
    weights = weights_of(shape, size, how)

    def run():
        y = np.full((shape[0], *size, shape[3]), np.nan, np.float32)
        resize(x, y, *weights)
        return y

    down, along = (
        abs(ref.resize_weights(n, new, *how)) for n, new in zip(shape[1:3], size, strict=True)
    )
    magnitude = np.einsum("ih,nhwc,jw->nijc", down, abs(x.astype(float)), along)
    for _, y in on_every_isa(run):
        assert_within(y, ref.resize(x, size, *how), allowed(magnitude, weights))


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(("shape", "size"), SHAPES)
def test_resize_bwd_is_the_transpose(shape, size, how):
    dy = misaligned(counting((shape[0], *size, shape[3]), 11), 4)
    weights = weights_of(shape, size, how)

    def run():
        dx = np.full(shape, np.nan, np.float32)
        resize_bwd(dy, dx, *weights)
        return dx

    down, along = (
        abs(ref.resize_weights(n, new, *how)) for n, new in zip(shape[1:3], size, strict=True)
    )
    magnitude = np.einsum("ih,nijc,jw->nhwc", down, abs(dy), along)
    for _, dx in on_every_isa(run):
        # at most every row, and every column in it, is added
        worst = bound(magnitude, sum(size), 6)
        assert_within(dx, ref.resize_backward(dy, shape, *how), worst)


def test_weights_that_anybody_could_give():
    """Windows in any order; a pixel of weight 0 is not multiplied."""
    x = normal((2, 4, 5, 3), 1)
    x[0, 1], x[1, :, 0] = np.nan, np.inf
    top, left = np.array([2, 0, 2]), np.array([3, 1])
    down = np.array([[0.5, 2], [1, 0], [0, -1]], np.float32)
    along = np.array([[1, -0.25], [0, 3]], np.float32)
    y = np.full((2, 3, 2, 3), np.nan, np.float32)
    resize(x, y, top, down, left, along)
    rows = np.stack([0.5 * x[:, 2] + 2 * x[:, 3], x[:, 0], -x[:, 3]], axis=1)
    wanted = np.stack([rows[:, :, 3] - 0.25 * rows[:, :, 4], 3 * rows[:, :, 2]], axis=2)
    assert np.isfinite(wanted).all()
    assert_within(y, wanted, bound(3 * 2.5 * abs(x[np.isfinite(x)]).max(), 4, 6))


def test_nan_and_infinity_stay_where_they_are():
    x = np.ones((1, 9, 9, 2), np.float32)
    x[0, 0, 0], x[0, 8, 8] = np.nan, np.inf
    for how in (("bicubic", False), ("lanczos3", True)):
        y = np.empty((1, 9, 9, 2), np.float32)
        resize(x, y, *weights_of(x.shape, (9, 9), how))
        np.testing.assert_array_equal(y, x)
        y = np.empty((1, 18, 18, 2), np.float32)
        resize(x, y, *weights_of(x.shape, (18, 18), how))
        assert np.isnan(y[0, 0, 0]).all()
        assert np.isfinite(y[0, 7:11, 7:11]).all()
        assert not np.isfinite(y[0, 17, 17]).any()


def test_no_images_and_no_pixels_to_make():
    x, dx = np.ones((2, 3, 3, 1), np.float32), np.full((2, 3, 3, 1), 7, np.float32)
    nothing = np.empty((2, 0, 3, 1), np.float32)
    none, (_, _, left, along) = np.empty(0, np.int64), weights_of((2, 3, 3, 1), (1, 3), HOW[1])
    weights = none, np.empty((0, 3), np.float32), left, along
    resize(x, nothing, *weights)
    resize_bwd(nothing, dx, *weights)
    assert not dx.any()


def test_what_does_not_fit_is_refused():
    x, y = np.zeros((2, 3, 4, 1), np.float32), np.zeros((2, 2, 5, 1), np.float32)
    top, down, left, along = weights = weights_of(x.shape, (2, 5), HOW[1])
    with pytest.raises(ValueError, match=r"the same images and channels; received \(2, 1\) and"):
        resize(x, y[:1], *weights)
    with pytest.raises(ValueError, match="1 to 3 weights for each of the 2 rows; received"):
        resize(x, y, top[:1], down, left, along)
    with pytest.raises(ValueError, match="1 to 4 weights for each of the 5 columns; received"):
        resize_bwd(y, x, top, down, left, np.zeros((5, 5), np.float32))
    for wrong in (-1, 4 - along.shape[1] + 1):
        with pytest.raises(ValueError, match=f"the columns of x must be read .*; received {wrong}"):
            resize(x, y, top, down, np.full_like(left, wrong), along)
