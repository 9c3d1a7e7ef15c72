"""The depthwise kernels, all three passes, on every ISA and team, over any geometry."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kernel_checks import assert_within, bound, counting, edge_sizes, normal, on_every_isa

from fastconv import ops
from fastconv import reference as ref
from fastconv.kernels.depthwise.depthwise_fwd import DepthwiseFwd
from fastconv.plan.geometry.shapes import conv2d_shape

pads = st.tuples(st.integers(0, 4), st.integers(0, 4))


@st.composite
def geometries(draw):
    """x shape, w shape and the arguments of a depthwise convolution that has an output."""
    channels = draw(edge_sizes(70))
    assume(channels > 1)
    x_shape = draw(st.integers(1, 3)), draw(st.integers(1, 11)), draw(st.integers(1, 19)), channels
    w_shape = draw(st.integers(1, 6)), draw(st.integers(1, 7)), 1, channels
    pair = st.tuples(st.integers(1, 4), st.integers(1, 4))
    how = {
        "strides": draw(pair | st.just((1, 1))),
        "padding": draw(st.sampled_from(["same", "valid"]) | st.tuples(pads, pads)),
        "dilation": draw(pair | st.just((1, 1))),
        "groups": channels,
    }
    try:
        conv2d_shape(x_shape, w_shape, **how)
    except ValueError:
        assume(False)
    return x_shape, w_shape, how


@settings(max_examples=100)
@given(geometries(), st.booleans(), st.sampled_from([None, "relu"]))
def test_exact_integers(geometry, bias, activation):
    x_shape, w_shape, how = geometry
    x, w = counting(x_shape, 13), counting(w_shape, 11)
    b = counting(w_shape[3], 5) if bias else None
    dy = counting(conv2d_shape(x_shape, w_shape, **how).y_shape, 7)
    y_expected = ref.conv2d(x, w, 0 if b is None else b, **how, activation=activation)
    expected = (y_expected, *ref.conv2d_backward(dy, x, w, **how))

    def call():
        y = ops.conv2d(x, w, b, **how, activation=activation, algo="depthwise")
        return y, *ops.conv2d_backward(dy, x, w, **how, algo="depthwise")

    for _, results in on_every_isa(call):
        for actual, wanted in zip(results, expected, strict=True):
            np.testing.assert_array_equal(actual, wanted)


@pytest.mark.parametrize("channels", [63, 64, 65, 130])
@pytest.mark.parametrize("x_shape", [(1, 1, 1), (1, 4, 8), (3, 7, 9), (2, 15, 8), (2, 16, 8)])
def test_shares_of_few_pixels(x_shape, channels):
    """The gradient of the weights is cut by channels too: one part, some parts, whole channels."""
    how = {"padding": "same", "groups": channels}
    x, w = counting((*x_shape, channels), 13), counting((3, 3, 1, channels), 11)
    dy = counting(x.shape, 7)
    expected = ref.conv2d_backward(dy, x, w, **how)
    for _, found in on_every_isa(lambda: ops.conv2d_backward(dy, x, w, **how, algo="depthwise")):
        for actual, wanted in zip(found, expected, strict=True):
            np.testing.assert_array_equal(actual, wanted)


@pytest.mark.parametrize("stride", [1, 2])
def test_rounding_stays_within_its_bound(stride):
    how = {"strides": stride, "padding": "same", "groups": 40}
    x, w, b = normal((3, 33, 29, 40), 1), normal((3, 3, 1, 40), 2), normal(40, 3)
    shape = conv2d_shape(x.shape, w.shape, stride, "same", 1, 40)
    dy = normal(shape.y_shape, 4)
    expected = (ref.conv2d(x, w, b, **how), *ref.conv2d_backward(dy, x, w, **how))
    magnitudes = (
        ref.conv2d(abs(x), abs(w), abs(b), **how),
        *ref.conv2d_backward(abs(dy), abs(x), abs(w), **how),
    )
    pixels = shape.mb * shape.oh * shape.ow

    def call():
        return ops.conv2d(x, w, b, **how), *ops.conv2d_backward(dy, x, w, **how)

    for _, results in on_every_isa(call):
        for actual, wanted, magnitude, length in zip(
            results, expected, magnitudes, (9, 9, pixels, pixels), strict=True
        ):
            assert_within(actual, wanted, bound(magnitude, length))


def test_a_bad_pixel_reaches_its_windows_and_no_others():
    x, w = counting((2, 9, 9, 17), 13), np.abs(counting((3, 3, 1, 17), 11)) + 1
    x[1, 4, 5, 2] = np.nan
    expected = ref.conv2d(x, w, padding="same", groups=17)
    assert np.isnan(expected).sum() == 9
    for _, y in on_every_isa(lambda: ops.conv2d(x, w, padding="same", groups=17)):
        np.testing.assert_array_equal(y, expected)


def test_several_filters_for_each_channel():
    x, w = counting((2, 7, 6, 5), 13), counting((3, 2, 5, 3), 11)
    b, dy = counting(15, 5), counting((2, 7, 6, 15), 7)
    grouped = w.reshape(3, 2, 1, 15)
    expected = ref.conv2d(x, grouped, b, padding="same", groups=5)
    dx, dw, db = ref.conv2d_backward(dy, x, grouped, padding="same", groups=5)
    np.testing.assert_array_equal(ops.depthwise_conv2d(x, w, b, padding="same"), expected)
    results = ops.depthwise_conv2d_backward(dy, x, w, padding="same")
    for actual, wanted in zip(results, (dx, dw.reshape(w.shape), db), strict=True):
        np.testing.assert_array_equal(actual, wanted)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.conv2d(
            normal((1, 4, 4, 6), 1), normal((3, 3, 3, 4), 1), groups=2, algo="depthwise"
        ),
        lambda: ops.conv2d(
            normal((1, 4, 4, 6), 1), normal((3, 3, 1, 12), 1), groups=6, algo="depthwise"
        ),
        lambda: DepthwiseFwd(
            ih=4, iw=4, ic=6, oc=6, kh=3, kw=3, oh=2, ow=2, groups=6, algo="direct"
        ),
    ],
)
def test_anything_but_one_filter_for_each_channel_is_refused(call):
    with pytest.raises(ValueError, match=r"algo .*'depthwise'.*; received"):
        call()
