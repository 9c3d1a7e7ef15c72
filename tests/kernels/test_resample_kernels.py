"""Images read at other points, forward and backward, against their definitions."""

import numpy as np
import pytest
from kernel_checks import (
    EPS,
    assert_within,
    bound,
    counting,
    misaligned,
    normal,
    on_every_isa,
)

from fastconv import reference as ref
from fastconv.kernels.images.resample import resample, resample_bwd
from fastconv.kernels.images.resample_affine import resample_affine, resample_affine_bwd

MODES = {
    "constant": "constant", "nearest": "edge", "reflect": "reflect", "symmetric": "symmetric",
    "wrap": "wrap",
}  # fmt: skip
SHAPES = [
    ((2, 5, 7, 3), (4, 9)),
    ((3, 1, 6, 1), (5, 2)),
    ((1, 4, 1, 33), (3, 3)),
    ((9, 3, 2, 17), (2, 1)),
]


def points(shape, size, seed):
    """Points inside and far outside of the images, some of them on pixels."""
    rng = np.random.default_rng(seed)
    rows = rng.uniform(-2 * shape[1], 3 * shape[1], (shape[0], size[0]))
    columns = rng.uniform(-2 * shape[2], 3 * shape[2], (1, size[1]))
    rows[:, ::2], columns[:, ::3] = np.rint(rows[:, ::2]), np.rint(columns[:, ::3])
    return rows, columns


def maps_of(shape, size, seed):
    rng = np.random.default_rng(seed)
    maps = rng.uniform(-1.5, 1.5, (shape[0], 6))
    maps[:, [2, 5]] = rng.uniform(-3, 6, (shape[0], 2))
    maps[0] = 0, 1, 0, 1, 0, 0.5  # turned: every row on a pixel
    return maps


def mixed(largest):
    """How far a mixture of four numbers up to `largest` may be off.

    A weight is off by one rounding of each axis' share, whatever its own size, and one of the
    product; then the sum has its own.
    """
    return bound(4.0 * largest, 4) + 4 * 3 * EPS * largest


def gathered(dy, magnitude):
    """The same of a gradient: each dy may come with up to four weights."""
    total = abs(dy).sum(axis=(1, 2), keepdims=True)
    return bound(magnitude, 4 * dy[0, ..., 0].size) + 4 * 3 * EPS * total


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize(("shape", "size"), SHAPES)
def test_resample(shape, size, interpolation, mode, dtype):
    x = counting(shape, 13)
    x = misaligned(x, 4) if dtype == np.float32 else (x + 6).astype(np.uint8)
    rows, columns = points(shape, size, 3)
    expected = ref.resample(
        x, rows[:, :, None], columns[:, None, :], interpolation, MODES[mode], 0.75
    )

    def run():
        y = np.full((shape[0], *size, shape[3]), np.nan, np.float32)
        resample(x, y, rows, columns, interpolation == "bilinear", mode, 0.75)
        return y

    for _, y in on_every_isa(run):
        if interpolation == "nearest":
            np.testing.assert_array_equal(y, expected)
        else:
            assert_within(y, expected, mixed(13))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize(("shape", "size"), SHAPES)
def test_resample_bwd_is_the_transpose(shape, size, interpolation, mode):
    dy = counting((shape[0], *size, shape[3]), 11)
    rows, columns = points(shape, size, 4)
    where = rows[:, :, None], columns[:, None, :], interpolation, MODES[mode]
    expected = ref.resample_backward(dy, shape, *where)
    magnitude = ref.resample_backward(abs(dy), shape, *where)

    def run():
        dx = np.full(shape, np.nan, np.float32)
        resample_bwd(dy, dx, rows, columns, interpolation == "bilinear", mode)
        return dx

    for _, dx in on_every_isa(run):
        if interpolation == "nearest":
            np.testing.assert_array_equal(dx, expected)
        else:
            assert_within(dx, expected, gathered(dy, magnitude))


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize(("shape", "size"), SHAPES)
def test_resample_affine(shape, size, interpolation, mode, dtype):
    x = (counting(shape, 13) + 6).astype(dtype)
    maps = maps_of(shape, size, 5)
    where = *ref.affine_points(maps, size), interpolation, MODES[mode]

    def run():
        y = np.full((shape[0], *size, shape[3]), np.nan, np.float32)
        dx = np.full(shape, np.nan, np.float32)
        resample_affine(x, y, maps, interpolation == "bilinear", mode, 0.75)
        resample_affine_bwd(y, dx, maps, interpolation == "bilinear", mode)
        return y, dx

    for _, (y, dx) in on_every_isa(run):
        assert_within(y, ref.resample(x, *where, 0.75), mixed(13))
        expected = ref.resample_backward(y, shape, *where)
        magnitude = ref.resample_backward(abs(y), shape, *where)
        assert_within(dx, expected, gathered(y, magnitude))


def test_what_weighs_nothing_is_not_read():
    x = normal((1, 3, 3, 2), 1)
    x[0, 1] = np.nan
    x[0, :, 1] = np.inf
    y = np.empty((1, 2, 2, 2), np.float32)
    resample(x, y, np.array([[0.0, 2.0]]), np.array([[0.0, 2.0]]), True, "nearest", 0.0)
    np.testing.assert_array_equal(y, x[:, ::2, ::2])
    resample(x, y, np.array([[0.5, 2.0]]), np.array([[0.0, 0.25]]), True, "nearest", 0.0)
    assert np.isnan(y[0, 0, 0]).all()
    assert (y[0, 1, 1] == np.inf).all()


def test_no_images_and_no_pixels_to_make():
    x, dx = np.ones((2, 3, 3, 1), np.float32), np.full((2, 3, 3, 1), 7, np.float32)
    nothing = np.empty((2, 0, 3, 1), np.float32)
    where = np.zeros((1, 0)), np.zeros((1, 3))
    resample(x, nothing, *where, True, "wrap", 0.0)
    resample_bwd(nothing, dx, *where, True, "wrap")
    assert not dx.any()
    none = np.empty((0, 3, 3, 1), np.float32)
    resample_affine(none, none.copy(), np.empty((0, 6)), True, "wrap", 0.0)


def test_what_does_not_fit_is_refused():
    x, y = np.zeros((2, 3, 3, 1), np.float32), np.zeros((2, 4, 4, 1), np.float32)
    at = np.zeros((1, 4))
    with pytest.raises(ValueError, match="the same images and channels"):
        resample(x, y[:1], at, at, True, "wrap", 0.0)
    with pytest.raises(ValueError, match=r"columns must have the shape \(2, 4\) or \(1, 4\)"):
        resample(x, y, at, np.zeros((1, 3)), True, "wrap", 0.0)
    for wrong in (np.nan, np.inf, -(2.0**31)):
        with pytest.raises(ValueError, match="points must be finite"):
            resample(x, y, at + wrong, at, True, "wrap", 0.0)
        with pytest.raises(ValueError, match="maps must be finite"):
            resample_affine(x, y, np.full((2, 6), wrong), True, "wrap", 0.0)
    with pytest.raises(ValueError, match=r"maps must have the shape \(2, 6\)"):
        resample_affine(x, y, np.zeros((1, 6)), True, "wrap", 0.0)
    with pytest.raises(ValueError, match="must have a pixel"):
        resample_bwd(y, np.zeros((2, 0, 3, 1), np.float32), at, at, True, "wrap")
