"""Convolution, all three passes, on every ISA and team, for random and for common shapes."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kernel_checks import assert_within, bound, counting, edge_sizes, normal, on_every_isa

from fastconv import ops
from fastconv import reference as ref
from fastconv.plan.geometry.shapes import conv2d_shape

pairs_of_pads = st.tuples(st.integers(0, 4), st.integers(0, 4))


@st.composite
def convolutions(draw):
    """x shape, w shape and the arguments of a convolution that has an output."""
    kh, kw = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    groups = draw(st.sampled_from([1, 1, 1, 2, 3, 5]))
    ic = draw(edge_sizes(33 if groups == 1 else 9))
    oc = draw(edge_sizes(67 if groups == 1 else 19))
    mb, ih, iw = draw(st.integers(1, 3)), draw(st.integers(1, 11)), draw(st.integers(1, 19))
    how = {
        "strides": draw(st.tuples(st.integers(1, 3), st.integers(1, 3)) | st.just((1, 1))),
        "padding": draw(
            st.sampled_from(["same", "valid"]) | st.tuples(pairs_of_pads, pairs_of_pads)
        ),
        "dilation": draw(st.tuples(st.integers(1, 3), st.integers(1, 3)) | st.just((1, 1))),
        "groups": groups,
    }
    x_shape, w_shape = (mb, ih, iw, ic * groups), (kh, kw, ic, oc * groups)
    try:
        conv2d_shape(x_shape, w_shape, **how)
    except ValueError:
        assume(False)
    return x_shape, w_shape, how


@settings(max_examples=200)
@given(convolutions(), st.booleans(), st.sampled_from([None, "relu"]))
def test_forward_of_exact_integers(convolution, bias, activation):
    x_shape, w_shape, how = convolution
    x, w = counting(x_shape, 13), counting(w_shape, 11)
    b = counting(w_shape[3], 5) if bias else None
    expected = ref.conv2d(x, w, 0 if b is None else b, **how, activation=activation)
    for _, y in on_every_isa(
        lambda: ops.conv2d(x, w, b, **how, activation=activation, algo="direct")
    ):
        np.testing.assert_array_equal(y, expected)


@settings(max_examples=200)
@given(convolutions())
def test_backward_of_exact_integers(convolution):
    x_shape, w_shape, how = convolution
    x, w = counting(x_shape, 13), counting(w_shape, 11)
    dy = counting(conv2d_shape(x_shape, w_shape, **how).y_shape, 7)
    expected = ref.conv2d_backward(dy, x, w, **how)
    for _, grads in on_every_isa(lambda: ops.conv2d_backward(dy, x, w, **how, algo="direct")):
        for actual, wanted in zip(grads, expected, strict=True):
            np.testing.assert_array_equal(actual, wanted)


@settings(max_examples=40)
@given(
    st.integers(1, 3), st.integers(1, 9), edge_sizes(70), st.integers(1, 5), st.integers(1, 5),
    st.integers(1, 3), st.integers(1, 2), st.sampled_from([1, 1, 2, 3]),
)  # fmt: skip
def test_depthwise_of_exact_integers(mb, size, channels, kh, kw, stride, dilation, multiplier):
    how = {"strides": stride, "padding": "same", "dilation": dilation, "groups": channels}
    x, w = counting((mb, size, size + 2, channels), 13), counting((kh, kw, 1, channels), 11)
    w = np.repeat(w, multiplier, axis=3)
    b = counting(w.shape[3], 5)
    dy = counting(conv2d_shape(x.shape, w.shape, **how).y_shape, 7)
    forward, backward = ref.conv2d(x, w, b, **how), ref.conv2d_backward(dy, x, w, **how)

    def call():
        return ops.conv2d(x, w, b, **how), *ops.conv2d_backward(dy, x, w, **how)

    for _, (y, dx, dw, db) in on_every_isa(call):
        for actual, wanted in zip((y, dx, dw, db), (forward, *backward), strict=True):
            np.testing.assert_array_equal(actual, wanted)


COMMON = {  # x, w, further arguments
    "first layer of the table's network": ((2, 32, 32, 3), (3, 3, 3, 32), {"padding": "same"}),
    "second layer": ((2, 32, 32, 32), (3, 3, 32, 64), {"padding": "same"}),
    "third layer": ((2, 16, 16, 64), (3, 3, 64, 128), {"padding": "same"}),
    "two by two": ((3, 8, 8, 128), (2, 2, 128, 128), {"padding": "same"}),
    "one by one": ((3, 7, 7, 96), (1, 1, 96, 200), {}),
    "one by one, strided": ((2, 9, 9, 33), (1, 1, 33, 70), {"strides": 2}),
    "LeNet's": ((4, 14, 14, 6), (5, 5, 6, 16), {}),
    "ResNet's first": ((1, 56, 56, 3), (7, 7, 3, 64), {"strides": 2, "padding": "same"}),
    "MobileNet's": ((1, 28, 28, 48), (3, 3, 1, 48), {"padding": "same", "groups": 48}),
    "ResNeXt's": ((1, 14, 14, 64), (3, 3, 8, 64), {"padding": 1, "groups": 8}),
    "dilated": ((1, 20, 20, 24), (3, 3, 24, 40), {"padding": "same", "dilation": 3}),
    "stride beyond the kernel": ((2, 17, 19, 18), (2, 2, 18, 35), {"strides": (3, 4)}),
    "padding beyond the kernel": ((1, 4, 5, 17), (2, 3, 17, 18), {"padding": ((4, 0), (1, 5))}),
    "few channels, dilated": ((2, 9, 11, 5), (3, 2, 5, 18), {"dilation": 2, "padding": "same"}),
    "few channels, gaps": ((1, 17, 19, 4), (2, 2, 4, 35), {"strides": (3, 4)}),
    "few channels, large padding": ((1, 4, 5, 2), (2, 3, 2, 18), {"padding": ((4, 0), (1, 5))}),
    "many channels, one pixel": ((9, 3, 3, 400), (3, 3, 400, 37), {}),
}


@pytest.mark.parametrize("name", COMMON)
def test_rounding_stays_within_its_bound(name):
    x_shape, w_shape, how = COMMON[name]
    shape = conv2d_shape(x_shape, w_shape, **how)
    x, w, b = normal(x_shape, 1), normal(w_shape, 2), normal(shape.oc, 3)
    dy = normal(shape.y_shape, 4)
    expected = (ref.conv2d(x, w, b, **how), *ref.conv2d_backward(dy, x, w, **how))
    sizes = (abs(x), abs(w))
    magnitudes = (
        ref.conv2d(*sizes, abs(b), **how),
        *ref.conv2d_backward(abs(dy), *sizes, **how),
    )
    taps, pixels = shape.kh * shape.kw, shape.mb * shape.oh * shape.ow
    lengths = (taps * shape.ic // shape.groups, taps * shape.oc // shape.groups, pixels, pixels)

    def call():
        y = ops.conv2d(x, w, b, **how, algo="direct")
        return y, *ops.conv2d_backward(dy, x, w, **how, algo="direct")

    for _, results in on_every_isa(call):
        for actual, wanted, magnitude, length in zip(
            results, expected, magnitudes, lengths, strict=True
        ):
            assert_within(actual, wanted, bound(magnitude, length))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("w_shape", [(3, 3, 17, 19), (1, 1, 5, 19), (2, 2, 5, 19)])
def test_a_bad_pixel_reaches_its_windows_and_no_others(bad, w_shape):
    x, w = counting((2, 9, 9, w_shape[2]), 13), np.abs(counting(w_shape, 11)) + 1
    x[1, 4, 5, 2] = bad
    with np.errstate(invalid="ignore"):
        expected = ref.conv2d(x, w, padding="same")
    assert np.isfinite(expected).any()
    assert not np.isfinite(expected).all()
    for _, y in on_every_isa(lambda: ops.conv2d(x, w, padding="same", algo="direct")):
        np.testing.assert_array_equal(y, expected)
    for _, y in on_every_isa(lambda: ops.conv2d(x, w, padding="same")):
        # Winograd's method spreads NaN and Inf over the tiles that they touch, but loses none
        assert not np.isfinite(y[~np.isfinite(expected)]).any()
        assert np.isfinite(y[0]).all()


def test_a_bad_gradient_reaches_what_it_touches():
    x, w = counting((2, 6, 6, 5), 13), np.abs(counting((3, 3, 5, 19), 11)) + 1
    dy = counting((2, 6, 6, 19), 7)
    dy[1, 2, 3, 4] = np.nan
    expected = ref.conv2d_backward(dy, x, w, padding="same")
    call = lambda: ops.conv2d_backward(dy, x, w, padding="same", algo="direct")  # noqa: E731
    for _, grads in on_every_isa(call):
        for actual, wanted in zip(grads, expected, strict=True):
            np.testing.assert_array_equal(actual, wanted)


def test_relu_keeps_nan():
    x, w = np.full((1, 6, 6, 17), np.nan, np.float32), counting((3, 3, 17, 20), 11)
    for _, y in on_every_isa(lambda: ops.conv2d(x, w, activation="relu")):
        assert np.isnan(y).all()


@pytest.mark.parametrize("groups", [1, 3])
def test_backward_through_the_activation(groups):
    x, w, b = counting((2, 6, 7, 6), 13), counting((3, 2, 6 // groups, 9), 11), counting(9, 5)
    how = {"padding": "same", "groups": groups}
    dy = counting((2, 6, 7, 9), 7)
    through = ref.relu_backward(dy, ref.conv2d(x, w, b, **how, activation="relu"))
    expected = ref.conv2d_backward(through, x, w, **how)
    call = lambda: ops.conv2d_backward(dy, x, w, **how, activation="relu", b=b)  # noqa: E731
    for _, grads in on_every_isa(call):
        for actual, wanted in zip(grads, expected, strict=True):
            np.testing.assert_array_equal(actual, wanted)


@pytest.mark.parametrize("algo", ["auto", "gemm", "direct"])
def test_dilation_means_nothing_to_a_single_tap(algo):
    x, w, dy = counting((2, 5, 6, 3), 13), counting((1, 1, 3, 4), 11), counting((2, 5, 6, 4), 7)
    how = {"dilation": 2, "padding": "same"}
    for _, y in on_every_isa(lambda: ops.conv2d(x, w, algo=algo, **how)):
        np.testing.assert_array_equal(y, ref.conv2d(x, w))
    for _, gradients in on_every_isa(lambda: ops.conv2d_backward(dy, x, w, algo=algo, **how)):
        for a, b in zip(gradients, ref.conv2d_backward(dy, x, w), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("algo", ["gemm", "direct"])
@pytest.mark.parametrize(
    ("mb", "size", "ic", "oc"),
    [(3, 13, 5, 70), (5, 11, 48, 17), (2, 3, 201, 655), (8, 12, 150, 500)],
)
def test_weights_of_single_taps(mb, size, ic, oc, algo):
    x, w = counting((mb, size, size + 1, ic), 13), counting((1, 1, ic, oc), 11)
    dy = counting((mb, size, size + 1, oc), 7)
    expected = ref.conv2d_backward(dy, x, w)
    for _, gradients in on_every_isa(lambda: ops.conv2d_backward(dy, x, w, algo=algo)):
        for actual, wanted in zip(gradients, expected, strict=True):
            np.testing.assert_array_equal(actual, wanted)


@pytest.mark.parametrize(
    ("mb", "oh", "ow", "w_shape"),
    [
        (3, 5, 6, (2, 2, 16, 33)),
        (2, 3, 29, (3, 1, 33, 40)),
        (1, 2, 45, (1, 2, 200, 32)),
        (40, 4, 4, (2, 2, 24, 70)),
        (9, 11, 13, (2, 3, 90, 250)),  # more weights than a block
    ],
)
def test_windows_that_tile_the_map(mb, oh, ow, w_shape):
    kh, kw, ic, oc = w_shape
    x, w = counting((mb, oh * kh, ow * kw, ic), 13), counting(w_shape, 11)
    b, dy = counting(oc, 5), counting((mb, oh, ow, oc), 7)
    how = {"strides": (kh, kw), "algo": "direct"}
    expected = ref.conv2d(x, w, b, strides=(kh, kw), activation="relu")
    for _, y in on_every_isa(lambda: ops.conv2d(x, w, b, **how, activation="relu")):
        np.testing.assert_array_equal(y, expected)
    expected = ref.conv2d_backward(dy, x, w, strides=(kh, kw))
    for _, gradients in on_every_isa(lambda: ops.conv2d_backward(dy, x, w, **how)):
        for actual, wanted in zip(gradients, expected, strict=True):
            np.testing.assert_array_equal(actual, wanted)
    around = np.pad(x, ((0, 0), (0, kh - 1), (0, kw - 1), (0, 0)))  # no window reaches it
    np.testing.assert_array_equal(ops.conv2d(around, w, **how), ref.conv2d(x, w, strides=(kh, kw)))


@pytest.mark.parametrize("algo", ["auto", "gemm", "direct"])
@pytest.mark.parametrize("w_shape", [(5, 6, 3, 40), (1, 6, 17, 3), (4, 1, 1, 2)])
def test_a_kernel_of_the_whole_map(algo, w_shape):
    kh, kw, ic, oc = w_shape
    x, w, b = counting((7, kh, kw, ic), 13), counting(w_shape, 11), counting(oc, 5)
    dy = counting((7, 1, 1, oc), 7)
    for _, y in on_every_isa(lambda: ops.conv2d(x, w, b, strides=2, algo=algo)):
        np.testing.assert_array_equal(y, ref.conv2d(x, w, b))
    for _, gradients in on_every_isa(lambda: ops.conv2d_backward(dy, x, w, strides=2, algo=algo)):
        for actual, wanted in zip(gradients, ref.conv2d_backward(dy, x, w), strict=True):
            np.testing.assert_array_equal(actual, wanted)


@pytest.mark.parametrize(("pads", "dilation"), [((2, 2), 2), ((2, 0), (2, 1)), ((0, 4), (1, 3))])
def test_a_dilated_kernel_of_the_map_s_size_is_no_product(pads, dilation):
    """Its taps reach into the padding behind the map."""
    x, w, dy = counting((2, 3, 3, 4), 13), counting((3, 3, 4, 5), 11), counting((2, 1, 1, 5), 7)
    how = {"padding": ((0, pads[0]), (0, pads[1])), "dilation": dilation}
    np.testing.assert_array_equal(ops.conv2d(x, w, **how), ref.conv2d(x, w, **how))
    gradients = ops.conv2d_backward(dy, x, w, **how)
    for actual, wanted in zip(gradients, ref.conv2d_backward(dy, x, w, **how), strict=True):
        np.testing.assert_array_equal(actual, wanted)
    with pytest.raises(ValueError, match="conv2d: algo 'gemm' is for"):
        ops.conv2d(x, w, algo="gemm", **how)


def test_gemm_needs_one_place_for_the_kernel():
    rule = "conv2d: algo 'gemm' is for 1x1 kernels with stride 1 and kernels of the map's size"
    for x_shape, how in (((1, 4, 4, 2), {}), ((1, 3, 3, 2), {"padding": "same"})):
        with pytest.raises(ValueError, match=rule):
            ops.conv2d(np.zeros(x_shape, "f"), np.zeros((3, 3, 2, 1), "f"), algo="gemm", **how)
