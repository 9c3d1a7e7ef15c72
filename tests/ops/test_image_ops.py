"""Operations on images against the reference: in both layouts, from bytes, and without images."""

import numpy as np
import pytest

from fastconv import ops
from fastconv import reference as ref

EPS = np.finfo(np.float32).eps
RNG = np.random.default_rng(3)
X = RNG.uniform(-1, 1, (3, 6, 7, 2)).astype(np.float32)
BYTES = RNG.integers(0, 256, X.shape).astype(np.uint8)
MAPS = np.array([1, 0, 1, 0, 1, 1]) + RNG.uniform(-1, 1, (3, 6))
LAST, FIRST = "channels_last", "channels_first"


def turned(x, data_format):
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if data_format == FIRST else x


def near(actual, expected, roundings=40):
    """Numbers up to the largest of `expected` that went through so many roundings."""
    largest = max(1.0, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=roundings * EPS * largest)


@pytest.mark.parametrize("data_format", [LAST, FIRST])
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos3"])
@pytest.mark.parametrize("size", [(3, 9), 5, (12, 2)])
def test_resize(size, interpolation, antialias, data_format):
    how = interpolation, antialias
    new = (size, size) if isinstance(size, int) else size
    for x in (X, BYTES):
        y = ops.resize(turned(x, data_format), size, *how, data_format)
        near(y, turned(ref.resize(x, new, *how), data_format))
    dy = RNG.uniform(-1, 1, (3, *new, 2)).astype(np.float32)
    dx = ops.resize_backward(turned(dy, data_format), turned(X, data_format), *how, data_format)
    near(dx, turned(ref.resize_backward(dy, X.shape, *how), data_format))


MODES = {"constant": "constant", "nearest": "edge", "reflect": "symmetric", "wrap": "wrap"}


@pytest.mark.parametrize("data_format", [LAST, FIRST])
@pytest.mark.parametrize("fill_mode", MODES)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("maps", [MAPS, MAPS[0], [1, 0.5, 0, 0, 1, -1, 0, 0]])
def test_affine_transform(maps, interpolation, fill_mode, data_format):
    each = np.broadcast_to(np.atleast_2d(maps)[:, :6], (3, 6))
    points = *ref.affine_points(each, (6, 7)), interpolation, MODES[fill_mode]
    arguments = maps, interpolation, fill_mode
    for x in (X, BYTES):
        y = ops.affine_transform(turned(x, data_format), *arguments, 0.5, data_format)
        near(y, turned(ref.resample(x, *points, 0.5), data_format))
    dy = RNG.uniform(-1, 1, X.shape).astype(np.float32)
    dx = ops.affine_transform_backward(
        turned(dy, data_format), turned(X, data_format), *arguments, data_format
    )
    near(dx, turned(ref.resample_backward(dy, X.shape, *points), data_format), roundings=6 * 7 * 4)


@pytest.mark.parametrize("x", [X, BYTES])
@pytest.mark.parametrize("amount", [0.5, [-0.5, 0, 1.5]])
def test_adjust(x, amount):
    low, high = np.quantile(x, [0.2, 0.7]).round(3).tolist()
    each = np.broadcast_to(amount, 3)
    dy = RNG.uniform(-1, 1, X.shape).astype(np.float32)
    y = ops.contrast(x, amount, low, high)
    near(y, ref.contrast(x, each, low, high))
    dx = ops.contrast_backward(dy, y, amount, low, high)
    near(dx, ref.contrast_backward(dy, y, each, np.float32(low), np.float32(high)))
    y = ops.brightness(x, amount, low, high)
    near(y, ref.brightness(x, each, low, high))
    dx = ops.brightness_backward(dy, y, low, high)
    near(dx, ref.clip_backward(dy, y, np.float32(low), np.float32(high)))
    near(ops.contrast(x, amount), ref.contrast(x, each))
    near(ops.brightness(x, amount), x + each[:, None, None, None])


def test_in_place():
    x = X.copy()
    assert ops.contrast(x, 0.5, out=x) is x
    np.testing.assert_array_equal(x, ops.contrast(X, 0.5))
    dy = X.copy()
    assert ops.contrast_backward(dy, x, 0.5, out=dy) is dy
    np.testing.assert_array_equal(dy, ops.contrast_backward(X, x, 0.5))


def test_no_images():
    none = np.empty((0, 6, 7, 2), np.float32)
    assert ops.resize(none, (3, 4), "bicubic").shape == (0, 3, 4, 2)
    assert ops.resize_backward(none, none, "lanczos3").shape == none.shape
    assert ops.affine_transform(none, np.arange(6)).shape == none.shape
    assert ops.contrast(none, 2).shape == ops.brightness_backward(none, none).shape == none.shape
