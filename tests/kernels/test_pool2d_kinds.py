"""Min and Lp pooling, forward and backward, against their definitions on every ISA and team."""

import numpy as np
import pytest
from kernel_checks import EPS, assert_within, counting, normal, on_every_isa

from fastconv import ops
from fastconv import reference as ref
from fastconv.plan.geometry.shapes import pool2d_shape

WINDOWS = {
    "2x2": (2, None, "valid"),
    "3x3 by 2": (3, 2, "same"),
    "3x3 by 1": (3, 1, 1),
    "gaps": ((1, 2), (3, 4), "valid"),
    "whole": ((9, 8), None, "valid"),
}
CHANNELS = (1, 5, 16, 17, 33)
window = pytest.mark.parametrize("how", WINDOWS.values(), ids=WINDOWS)


@window
@pytest.mark.parametrize("channels", CHANNELS)
def test_min(how, channels):
    x = counting((2, 9, 8, channels), 13)
    expected = ref.min_pool2d(x, *how)
    dy = counting(expected.shape, 7)
    dx_expected = ref.min_pool2d_backward(dy, x, *how)
    for _, (y, dx) in on_every_isa(
        lambda: (ops.min_pool2d(x, *how), ops.min_pool2d_backward(dy, x, *how))
    ):
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(dx, dx_expected)


def test_min_of_a_large_window_and_of_nan():
    x = normal((1, 20, 20, 3), 1)
    x[0, 7, 7, 1] = np.nan
    dy = np.ones((1, 1, 1, 3))
    for _, (y, dx) in on_every_isa(
        lambda: (ops.min_pool2d(x, 20), ops.min_pool2d_backward(dy, x, 20))
    ):
        np.testing.assert_array_equal(y, ref.min_pool2d(x, 20))
        np.testing.assert_array_equal(dx, ref.min_pool2d_backward(dy, x, 20))
        assert dx[0, 7, 7, 1] == 1


@window
@pytest.mark.parametrize("p", [1, 2, 2.5, 3])
@pytest.mark.parametrize("channels", [5, 33])
def test_lp(how, p, channels):
    x = normal((2, 9, 8, channels), 1)
    x[0, :3, :3] = 0  # windows of zeros have no gradient
    expected = ref.lp_pool2d(x, *how, p=p)
    dy = normal(expected.shape, 2)
    dx_expected = ref.lp_pool2d_backward(dy, x, *how, p=p)
    size = ref.lp_pool2d_backward(abs(dy), abs(x), *how, p=p)
    # every power takes a few roundings, magnified p-fold; a window's sum takes as many as elements
    count = 4 * (9 * 8 + 8) * max(p, 2)
    for _, (y, dx) in on_every_isa(
        lambda: (ops.lp_pool2d(x, *how, p=p), ops.lp_pool2d_backward(dy, x, *how, p=p))
    ):
        assert_within(y, expected, count * EPS * expected)
        assert_within(dx, dx_expected, count * EPS * size)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_lp_of_nan_and_infinity(p):
    x = np.ones((1, 2, 6, 17), np.float32)
    x[0, 0, 0], x[0, 1, 3] = np.nan, -np.inf
    for _, y in on_every_isa(lambda: ops.lp_pool2d(x, 2, p=p)):
        np.testing.assert_array_equal(y[:, :, :2], ref.lp_pool2d(x, 2, p=p)[:, :, :2])
        assert np.isfinite(y[:, :, 2]).all()


def test_channels_first_and_a_power_below_1():
    x = normal((2, 3, 6, 8), 1)
    for pool in (ops.min_pool2d, ops.lp_pool2d):
        last = pool(x.transpose(0, 2, 3, 1), 2).transpose(0, 3, 1, 2)
        np.testing.assert_array_equal(pool(x, 2, data_format="channels_first"), last)
    with pytest.raises(
        ValueError, match=r"lp_pool2d: p must be at least 1 and finite; received 0.5"
    ):
        ops.lp_pool2d(x, 2, p=0.5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("how", [(2, 3), ((1, 2), (3, 4)), (4, 4), (3, 2)])
def test_an_element_in_no_window_has_no_gradient(how, p, bad):
    shape = pool2d_shape((1, 9, 8, 3), *how)
    rows, columns = shape.uncovered
    seen = np.zeros((9, 8), bool)
    for r in range(shape.oh):
        for c in range(shape.ow):
            top, left = r * shape.sh, c * shape.sw
            seen[top : top + shape.kh, left : left + shape.kw] = True
    assert rows == [i for i in range(9) if not seen[i].any()]
    assert columns == [j for j in range(8) if not seen[:, j].any()]
    x = normal((1, 9, 8, 3), 1)
    x[:, ~seen] = bad
    dy = normal(shape.y_shape, 2)
    for _, dx in on_every_isa(lambda: ops.lp_pool2d_backward(dy, x, *how, p=p)):
        assert np.isfinite(dx).all()
        assert not dx[:, ~seen].any()


@pytest.mark.parametrize(("size", "before"), [(7, 3), (7, 6), (100, 3), (100, 99), (2**31 - 1, 30)])
@pytest.mark.parametrize("stride", [1, 2, 5, 1000])
@pytest.mark.parametrize("kind", ["max", "min"])
def test_the_gradient_of_a_window_that_hangs_over(kind, size, before, stride):
    x = counting((2, 4, 5, 3), 7)
    how = ((size, 2), (stride, 1), ((before, size - 1), (1, 0)))
    shape = pool2d_shape(x.shape, *how)
    assert shape.trimmed_window[0] <= 4 + (shape.oh - 1) * stride
    dy = counting(shape.y_shape, 5)
    backward = getattr(ops, f"{kind}_pool2d_backward")
    dx = backward(dy, x, *how)
    if size <= 100:
        expected = getattr(ref, f"{kind}_pool2d_backward")(dy, x, *how)
        np.testing.assert_array_equal(dx, expected)
    assert dx.sum() == dy.sum()


def test_a_window_of_too_many_elements_is_refused_by_name():
    x = np.zeros((1, 4097, 4097, 1), np.float32)
    with pytest.raises(ValueError, match=r"^max_pool2d_backward: windows must hold at most 1677"):
        ops.max_pool2d_backward(np.ones((1, 1, 1, 1)), x, 4097)
