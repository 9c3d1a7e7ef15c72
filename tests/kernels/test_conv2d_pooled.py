"""Convolution fused with 2x2 max pooling gives the same numbers as one after the other."""

import numpy as np
import pytest

from fastconv.kernels import _isa, _threads
from fastconv.kernels.convolution.conv2d_bwd_data import Conv2DBwdData
from fastconv.kernels.convolution.conv2d_bwd_weights import Conv2DBwdWeights
from fastconv.kernels.convolution.conv2d_fwd import Conv2DFwd
from fastconv.kernels.pooling.pool2d_bwd import max_pool2d_bwd
from fastconv.kernels.pooling.pool2d_fwd import max_pool2d_fwd


@pytest.fixture(params=_isa.available())
def isa(request):
    before = _isa.active()
    _isa.use(request.param)
    yield request.param
    _isa.use(before)


@pytest.mark.parametrize("by_slices", [False, True])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    ("k", "stride", "mb", "ih", "iw", "ic", "oc", "pt", "pl"),
    [
        (3, 1, 3, 8, 8, 16, 32, 1, 1),
        (3, 1, 2, 7, 9, 5, 17, 1, 1),
        (3, 1, 1, 13, 6, 33, 70, 0, 2),
        (3, 1, 5, 4, 4, 1, 1, 1, 0),
        (3, 1, 2, 6, 21, 3, 65, 2, 1),
        (3, 1, 2, 9, 6, 255, 260, 1, 1),
        (5, 1, 2, 15, 17, 16, 33, 2, 2),  # in parts of 3x3
        (5, 1, 1, 10, 20, 3, 17, 1, 0),
        (5, 2, 2, 24, 27, 17, 16, 2, 1),
    ],
)
def test_fused_equals_apart(isa, threads, by_slices, k, stride, mb, ih, iw, ic, oc, pt, pl):
    before = _threads.get_num_threads()
    _threads.set_num_threads(threads)
    rng = np.random.default_rng(ih * iw + ic)
    oh, ow = (ih + 2 * pt - k) // stride + 1, (iw + 2 * pl - k) // stride + 1
    how = {"ih": ih, "iw": iw, "ic": ic, "oc": oc, "kh": k, "kw": k, "pt": pt, "pl": pl}
    how |= {"sh": stride, "sw": stride}
    how |= {"oh": oh, "ow": ow, "algo": "winograd", "by_slices": by_slices}
    x = rng.standard_normal((mb, ih, iw, ic), dtype=np.float32)
    w = rng.standard_normal((k, k, ic, oc), dtype=np.float32)
    b = rng.standard_normal(oc, dtype=np.float32)
    dy = rng.standard_normal((mb, oh // 2, ow // 2, oc), dtype=np.float32)
    window = (2, 2, 2, 2, 0, 0)

    full = np.empty((mb, oh, ow, oc), np.float32)
    y, fused = np.empty_like(dy), np.full_like(dy, np.nan)
    winners, fused_winners = np.empty(dy.shape, np.uint8), np.empty(dy.shape, np.uint8)
    Conv2DFwd(**how, activation="relu").run(x, w, b, full)
    max_pool2d_fwd(full, y, winners, *window)
    Conv2DFwd(**how, activation="relu", pool=True).run(x, w, b, fused, fused_winners)
    np.testing.assert_array_equal(fused, y)
    np.testing.assert_array_equal(fused_winners, np.where(y > 0, winners, 4))

    d_full = np.empty_like(full)
    max_pool2d_bwd(np.where(y > 0, dy, np.float32(0)), winners, d_full, *window)
    dx, dw, db = np.empty_like(x), np.empty_like(w), np.empty_like(b)
    fused_dx, fused_dw, fused_db = (np.full_like(a, np.nan) for a in (dx, dw, db))
    Conv2DBwdData(**how).run(d_full, w, dx)
    Conv2DBwdData(**how, pool=True).run(dy, w, fused_dx, fused_winners)
    Conv2DBwdWeights(**how).run(x, d_full, dw, db)
    Conv2DBwdWeights(**how, pool=True).run(x, dy, fused_dw, fused_db, fused_winners)
    np.testing.assert_array_equal(fused_dx, dx)
    np.testing.assert_array_equal(fused_dw, dw)
    np.testing.assert_array_equal(fused_db, db)
    _threads.set_num_threads(before)


def test_a_nan_wins_its_window():
    x = np.ones((1, 8, 8, 16), np.float32)
    x[0, 2, 5, 3] = np.nan
    w = np.ones((3, 3, 16, 4), np.float32)
    how = {"ih": 8, "iw": 8, "ic": 16, "oc": 4, "kh": 3, "kw": 3, "pt": 1, "pl": 1}
    y = np.empty((1, 4, 4, 4), np.float32)
    Conv2DFwd(**how, oh=8, ow=8, algo="winograd", pool=True).run(x, w, None, y)
    assert np.isnan(y).any()
    assert np.isfinite(y[0, 3, 0]).all()


def test_pooling_needs_winograd():
    how = {"ih": 8, "iw": 8, "ic": 4, "oc": 4, "kh": 3, "kw": 3, "oh": 6, "ow": 6}
    with pytest.raises(ValueError, match="pooling can be fused with algo 'winograd'"):
        Conv2DFwd(**how, pool=True)
    with pytest.raises(ValueError, match="needs the argmax"):
        Conv2DBwdData(**how, algo="winograd", pool=True).run(
            np.zeros((1, 3, 3, 4), np.float32), np.zeros((3, 3, 4, 4), np.float32),
            np.zeros((1, 8, 8, 4), np.float32),
        )  # fmt: skip
