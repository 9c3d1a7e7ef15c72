"""The pooling entries themselves, against a loop over windows: gaps, overlap, overhang, argmax."""

import itertools

import numpy as np
import pytest
from kernel_checks import EPS, assert_within, counting, on_every_isa

from fastconv.kernels.pooling.pool2d_bwd import avg_pool2d_bwd, max_pool2d_bwd
from fastconv.kernels.pooling.pool2d_fwd import avg_pool2d_fwd, max_pool2d_fwd

# ih, iw, oh, ow, kh, kw, sh, sw, pt, pl
GEOMETRIES = {
    "2x2": (6, 8, 3, 4, 2, 2, 2, 2, 0, 0),
    "2x2 with a rest": (7, 9, 3, 4, 2, 2, 2, 2, 0, 0),
    "2x2 over the edge": (7, 9, 4, 5, 2, 2, 2, 2, 0, 0),
    "2x2 padded": (6, 5, 4, 3, 2, 2, 2, 2, 1, 1),
    "3x3 by 2": (9, 7, 5, 4, 3, 3, 2, 2, 1, 1),
    "3x3 by 1": (5, 6, 5, 6, 3, 3, 1, 1, 1, 1),
    "3x3 by 3": (9, 9, 3, 3, 3, 3, 3, 3, 0, 0),
    "gaps": (9, 11, 2, 3, 2, 3, 5, 4, 1, 2),
    "gaps in rows, overlap in columns": (9, 11, 3, 5, 1, 3, 3, 2, 0, 0),
    "1x1": (3, 4, 3, 4, 1, 1, 1, 1, 0, 0),
    "row": (4, 9, 4, 3, 1, 5, 1, 3, 0, 2),
    "whole image": (5, 7, 1, 1, 5, 7, 1, 1, 0, 0),
    "larger than the image": (3, 2, 1, 1, 7, 5, 2, 2, 3, 2),
}
CHANNELS = (1, 3, 4, 5, 8, 9, 15, 17, 33)
geometry = pytest.mark.parametrize("g", GEOMETRIES.values(), ids=GEOMETRIES)


def windows(g):
    """For each output (r, q): the index of what lies under its window, and the taps' numbers."""
    ih, iw, oh, ow, kh, kw, sh, sw, pt, pl = g
    for r, q in itertools.product(range(oh), range(ow)):
        rows = [i for i in range(r * sh - pt, r * sh - pt + kh) if 0 <= i < ih]
        columns = [j for j in range(q * sw - pl, q * sw - pl + kw) if 0 <= j < iw]
        taps = [(i - r * sh + pt) * kw + j - q * sw + pl for i in rows for j in columns]
        yield r, q, np.ix_(rows, columns), np.array(taps)


def naive_max(x, g):
    mb, _, _, ic = x.shape
    y, arg = np.empty((mb, g[2], g[3], ic), np.float32), np.empty((mb, g[2], g[3], ic), int)
    for r, q, at, taps in windows(g):
        seen = x[:, *at].reshape(mb, -1, ic)
        first = seen.argmax(axis=1)  # the first NaN, if there is one
        y[:, r, q], arg[:, r, q] = np.take_along_axis(seen, first[:, None], 1)[:, 0], taps[first]
    return y, arg


def naive_max_bwd(dy, arg, g):
    mb, _, _, ic = dy.shape
    dx = np.zeros((mb, g[0], g[1], ic), np.float32)
    for r, q, at, taps in windows(g):
        shape = dx[:, *at].shape
        mine = arg[:, None, r, q] == taps[None, :, None]
        dx[:, *at] += (mine * dy[:, None, r, q]).reshape(shape)
    return dx


@geometry
@pytest.mark.parametrize("ic", CHANNELS)
@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_max(g, ic, dtype):
    x = counting((2, g[0], g[1], ic), 3)
    x.ravel()[:: x.size // 7 + 2] = np.nan
    x.ravel()[1 :: x.size // 5 + 2] = -np.inf
    y, arg = naive_max(x, g)
    dy = counting(y.shape, 11)

    def both_ways():
        out, first = np.full(y.shape, 7, np.float32), np.full(y.shape, 99, dtype)
        max_pool2d_fwd(x, out, first, *g[4:])
        dx = np.full(x.shape, np.nan, np.float32)
        max_pool2d_bwd(dy, first, dx, *g[4:])
        without = np.full(y.shape, 7, np.float32)
        max_pool2d_fwd(x, without, None, *g[4:])
        return out, first, dx, without

    for level, (out, first, dx, without) in on_every_isa(both_ways):
        np.testing.assert_array_equal(out, y, level)
        np.testing.assert_array_equal(without, y, level)
        np.testing.assert_array_equal(first, arg, level)
        np.testing.assert_array_equal(dx, naive_max_bwd(dy, arg, g), level)


@geometry
@pytest.mark.parametrize("ic", CHANNELS)
@pytest.mark.parametrize("include_pad", [False, True])
def test_average(g, ic, include_pad):
    x = counting((2, g[0], g[1], ic), 11)
    y = np.empty((2, g[2], g[3], ic))
    dy = counting(y.shape, 7)
    dx, size = np.zeros(x.shape), np.zeros(x.shape)
    for r, q, at, taps in windows(g):
        count = g[4] * g[5] if include_pad else taps.size
        y[:, r, q] = x[:, *at].sum(axis=(1, 2)) / count
        dx[:, *at] += dy[:, r, q, None, None] / count
        size[:, *at] += abs(dy[:, r, q, None, None]) / count

    def both_ways():
        out, back = np.full(y.shape, 7, np.float32), np.full(x.shape, np.nan, np.float32)
        avg_pool2d_fwd(x, out, *g[4:], include_pad)
        avg_pool2d_bwd(dy, back, *g[4:], include_pad)
        return out, back

    for _, (out, back) in on_every_isa(both_ways):
        np.testing.assert_array_equal(out, y.astype(np.float32))
        assert_within(back, dx, (g[4] * g[5] + 2) * EPS * size)


@pytest.mark.parametrize("mb", [0, 1])
def test_few_rows_and_many_channels_are_shared_out(mb):
    g = (7, 7, 1, 1, 7, 7, 1, 1, 0, 0)
    x = counting((mb, 7, 7, 203), 101)

    def call():
        out, mean = np.zeros((mb, 1, 1, 203), np.float32), np.zeros((mb, 1, 1, 203), np.float32)
        first, dx = np.zeros(out.shape, np.uint8), np.full(x.shape, np.nan, np.float32)
        max_pool2d_fwd(x, out, first, *g[4:])
        avg_pool2d_fwd(x, mean, *g[4:], False)
        max_pool2d_bwd(out, first, dx, *g[4:])
        return out, mean, dx

    for _, (out, mean, dx) in on_every_isa(call):
        np.testing.assert_array_equal(out, x.max(axis=(1, 2), keepdims=True))
        np.testing.assert_array_equal(mean, (x.sum(axis=(1, 2), keepdims=True) / 49).astype("f4"))
        np.testing.assert_array_equal(dx.sum(axis=(1, 2), keepdims=True), out)


def test_a_window_of_more_than_256_elements_needs_int32():
    x = np.zeros((1, 17, 17, 3), np.float32)
    x[0, 16, 16] = 1
    y = np.zeros((1, 1, 1, 3), np.float32)
    with pytest.raises(ValueError, match="256"):
        max_pool2d_fwd(x, y, np.zeros((1, 1, 1, 3), np.uint8), 17, 17, 1, 1, 0, 0)
    assert (y == 0).all()
    max_pool2d_fwd(x, y, first := np.zeros((1, 1, 1, 3), np.int32), 17, 17, 1, 1, 0, 0)
    assert (first == 288).all()


@pytest.mark.parametrize(
    ("y_shape", "g"),
    [
        ((1, 3, 4, 3), (2, 2, 2, 2, 0, 0)),  # a window beyond the last row
        ((1, 2, 2, 3), (2, 2, 2, 2, 2, 0)),  # a window in the padding
        ((1, 2, 2, 3), (2, 2, 2, 2, -1, 0)),
        ((1, 2, 2, 3), (0, 2, 2, 2, 0, 0)),
        ((1, 2, 2, 3), (2, 2, 0, 2, 0, 0)),
        ((2, 2, 2, 3), (2, 2, 2, 2, 0, 0)),
        ((1, 2, 2, 4), (2, 2, 2, 2, 0, 0)),
        ((1, 0, 2, 3), (2, 2, 2, 2, 0, 0)),
    ],
)
def test_impossible_geometries_are_refused(y_shape, g):
    x, y = np.zeros((1, 4, 4, 3), np.float32), np.full(y_shape, 7, np.float32)
    arg = np.zeros(y_shape, np.uint8)
    for call in (
        lambda: max_pool2d_fwd(x, y, arg, *g),
        lambda: avg_pool2d_fwd(x, y, *g, False),
        lambda: max_pool2d_bwd(y, arg, x, *g),
        lambda: avg_pool2d_bwd(y, x, *g, False),
    ):
        with pytest.raises(ValueError, match="received"):
            call()
    assert (y == 7).all()


@pytest.mark.parametrize("dtype", [np.int8, np.float32, np.int64])
def test_argmax_of_another_kind_is_refused(dtype):
    x, y = np.ones((1, 4, 4, 3), np.float32), np.zeros((1, 2, 2, 3), np.float32)
    with pytest.raises(ValueError):
        max_pool2d_fwd(x, y, np.zeros(y.shape, dtype), 2, 2, 2, 2, 0, 0)
    with pytest.raises(ValueError):
        max_pool2d_fwd(x, y, np.zeros((1, 2, 2, 2), np.uint8), 2, 2, 2, 2, 0, 0)
    assert (y == 0).all()
