"""Pooling, both passes, on every ISA and team, with many equal values, NaN and overhang."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kernel_checks import assert_within, bound, counting, edge_sizes, normal, on_every_isa

from fastconv import ops
from fastconv import reference as ref
from fastconv.plan.geometry.shapes import pool2d_shape


@st.composite
def poolings(draw):
    """x shape and the arguments of a pooling that has an output."""
    kh, kw = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    x_shape = (
        draw(st.integers(1, 3)), draw(st.integers(1, 11)), draw(st.integers(1, 13)),
        draw(edge_sizes(70)),
    )  # fmt: skip
    rows, columns = st.integers(0, kh - 1), st.integers(0, kw - 1)
    pads = st.tuples(st.tuples(rows, rows), st.tuples(columns, columns))
    how = {
        "pool_size": (kh, kw),
        "strides": draw(st.none() | st.tuples(st.integers(1, 4), st.integers(1, 4))),
        "padding": draw(st.sampled_from(["same", "valid"]) | pads),
        "ceil_mode": draw(st.booleans()),
    }
    try:
        pool2d_shape(x_shape, **how)
    except ValueError:
        assume(False)
    return x_shape, how


@settings(max_examples=150)
@given(poolings(), st.sampled_from([2, 3, 101]), st.booleans())
def test_max_and_its_gradient(pooling, period, some_nan):
    x_shape, how = pooling
    x = counting(x_shape, period)  # two or three values only: almost every window has a tie
    if some_nan:
        x.ravel()[:: x.size // 5 + 3] = np.nan
        x.ravel()[1 :: x.size // 3 + 2] = -np.inf
    expected = ref.max_pool2d(x, **how)
    dy = counting(expected.shape, 7)
    wanted = ref.max_pool2d_backward(dy, x, **how)
    call = lambda: (ops.max_pool2d(x, **how), ops.max_pool2d_backward(dy, x, **how))  # noqa: E731
    for _, (y, dx) in on_every_isa(call):
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(dx, wanted)


@settings(max_examples=150)
@given(poolings(), st.booleans())
def test_average_and_its_gradient(pooling, count_include_pad):
    x_shape, how = pooling
    how = how | {"count_include_pad": count_include_pad}
    x = counting(x_shape, 13)
    expected = ref.avg_pool2d(x, **how)
    dy = counting(expected.shape, 7)
    wanted = ref.avg_pool2d_backward(dy, x.shape, **how)
    taps = int(np.prod(how["pool_size"]))
    sums = ref.avg_pool2d(abs(x), **how), ref.avg_pool2d_backward(abs(dy), x.shape, **how)
    call = lambda: (ops.avg_pool2d(x, **how), ops.avg_pool2d_backward(dy, x, **how))  # noqa: E731
    for _, (y, dx) in on_every_isa(call):
        # the integers add up exactly; the share of each window is rounded
        assert_within(y, expected, bound(sums[0], 0))
        assert_within(dx, wanted, bound(sums[1], taps))


@pytest.mark.parametrize("size", [2, 3, (7, 7), (1, 5)])
@pytest.mark.parametrize("channels", [1, 10, 64])
def test_real_numbers(size, channels):
    x = normal((3, 14, 15, channels), 1)
    expected = ref.avg_pool2d(x, size, padding="same")
    taps, magnitude = (
        int(np.prod(np.broadcast_to(size, 2))),
        ref.avg_pool2d(abs(x), size, None, "same"),
    )
    for _, y in on_every_isa(lambda: ops.avg_pool2d(x, size, padding="same")):
        assert_within(y, expected, bound(magnitude, taps))
    expected = ref.max_pool2d(x, size, 2, padding="same")
    for _, y in on_every_isa(lambda: ops.max_pool2d(x, size, 2, padding="same")):
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("channels", [5, 32])
def test_the_whole_image_as_one_window(channels):
    x = counting((2, 32, 33, channels), 101)
    for _, y in on_every_isa(lambda: ops.max_pool2d(x, (32, 33))):
        np.testing.assert_array_equal(y[:, 0, 0], x.max(axis=(1, 2)))
    for _, y in on_every_isa(lambda: ops.avg_pool2d(x, (32, 33))):
        assert_within(y, ref.avg_pool2d(x, (32, 33)), bound(ref.avg_pool2d(abs(x), (32, 33)), 0))


@pytest.mark.parametrize("columns", [16, 17])  # the last windows that fit a byte, and beyond
def test_a_large_window_remembers_its_last_element(columns):
    x = counting((2, 16, columns, 19), 1)
    x[:, -1, -1, :] = 5
    dy, size = counting((2, 1, 1, 19), 7), (16, columns)
    for _, dx in on_every_isa(lambda: ops.max_pool2d_backward(dy, x, size)):
        np.testing.assert_array_equal(dx, dy * x / 5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_bad_elements_of_an_average_stay_in_their_windows(bad):
    x = counting((1, 6, 6, 19), 13)
    x[0, 2, 3, 7] = bad
    expected = ref.avg_pool2d(x, 2, 1)
    for _, y in on_every_isa(lambda: ops.avg_pool2d(x, 2, 1)):
        np.testing.assert_array_equal(np.isfinite(y), np.isfinite(expected))
        np.testing.assert_array_equal(y[~np.isfinite(expected)], expected[~np.isfinite(expected)])


def test_an_empty_window_is_minus_infinity_only_where_x_is():
    x = np.full((1, 3, 3, 17), -np.inf, np.float32)
    for _, y in on_every_isa(lambda: ops.max_pool2d(x, 2, padding="same")):
        assert (y == -np.inf).all()
    dy = counting((1, 2, 2, 17), 7)
    wanted = ref.max_pool2d_backward(dy, x, 2, padding=1, strides=3)
    for _, dx in on_every_isa(lambda: ops.max_pool2d_backward(dy, x, 2, padding=1, strides=3)):
        np.testing.assert_array_equal(dx, wanted)
