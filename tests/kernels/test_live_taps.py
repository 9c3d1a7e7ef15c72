"""Convolutions with taps that never meet the map: right, and no memory is spent on them."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from kernel_checks import counting, on_every_isa, run_python

from fastconv import ops
from fastconv import reference as ref
from fastconv.layers import Conv2DTranspose
from fastconv.plan.algorithms import make_conv2d_kernel
from fastconv.plan.geometry.shapes import conv2d_shape
from fastconv.plan.geometry.transposed import conv2d_transpose_shape
from fastconv.plan.live_taps import live_taps

pads = st.integers(0, 12)
pairs = st.tuples(st.integers(1, 5), st.integers(1, 5))


@st.composite
def convolutions(draw):
    """Small maps, with windows that reach far beyond them."""
    groups = draw(st.sampled_from([1, 1, 2, 4]))
    shape = draw(st.integers(1, 2)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    each = 1 if draw(st.booleans()) else draw(st.integers(1, 3))
    window = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    how = {
        "strides": draw(pairs),
        "padding": draw(st.just("same") | st.tuples(st.tuples(pads, pads), st.tuples(pads, pads))),
        "dilation": draw(st.tuples(st.integers(1, 9), st.integers(1, 9))),
        "groups": groups,
    }
    x_shape, w_shape = (*shape, each * groups), (*window, each, groups * draw(st.integers(1, 2)))
    try:
        conv2d_shape(x_shape, w_shape, **how)
    except ValueError:
        assume(False)
    return x_shape, w_shape, how


@settings(max_examples=300, deadline=None)
@given(convolutions())
@example(((1, 6, 6, 4), (3, 3, 4, 2), {"padding": "same", "dilation": 30}))
@example(((1, 6, 6, 4), (3, 3, 1, 4), {"padding": "same", "dilation": 30, "groups": 4}))
@example(((1, 2, 2, 1), (3, 1, 1, 1), {"padding": ((9, 30), (0, 0)), "dilation": (11, 1)}))
@example(((1, 1, 1, 20), (3, 3, 20, 20), {"padding": "same"}))
@example(((1, 2, 3, 2), (2, 2, 2, 3), {"padding": ((3, 0), (0, 3)), "strides": 4}))
def test_against_the_reference(convolution):
    x_shape, w_shape, how = convolution
    x, w, b = counting(x_shape, 13), counting(w_shape, 11), counting(w_shape[3:], 5)
    dy = counting(conv2d_shape(x_shape, w_shape, **how).y_shape, 7)
    expected = ref.conv2d(x, w, b, **how), *ref.conv2d_backward(dy, x, w, **how)
    for _, found in on_every_isa(
        lambda: (ops.conv2d(x, w, b, **how), *ops.conv2d_backward(dy, x, w, **how))
    ):
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@settings(max_examples=300)
@given(*(st.integers(1, 9),) * 5, st.integers(0, 30))
def test_the_taps_that_meet_the_map(size, places, k, s, d, before):
    first, end, padding = live_taps(size, places, k, s, d, before)
    at = np.arange(places)[:, None] * s - before + np.arange(k) * d
    live = np.flatnonzero(((at >= 0) & (at < size)).any(axis=0))
    if len(live):
        assert (first, end, padding) == (live[0], live[-1] + 1, before - live[0] * d)
    else:
        assert end - first == 1
        assert not (
            (np.arange(places) * s >= padding) & (np.arange(places) * s < padding + size)
        ).any()


@pytest.mark.parametrize("algo", ["direct", "depthwise"])
def test_the_usual_kernels_are_not_wrapped(algo):
    groups = 4 if algo == "depthwise" else 1
    for padding in ("same", "valid", 1):
        shape = conv2d_shape((1, 8, 8, 4), (3, 3, 4 // groups, 4), 1, padding, 2, groups)
        for direction in ("fwd", "bwd_data", "bwd_weights"):
            kernel = make_conv2d_kernel(shape, direction, algo)
            assert type(kernel).__module__.startswith("fastconv.kernels.")


def test_the_filters_must_have_all_taps():
    kernel = make_conv2d_kernel(
        conv2d_shape((1, 1, 1, 1), (3, 3, 1, 1), 1, "same"), "fwd", "direct"
    )
    x = np.ones((1, 1, 1, 1), np.float32)
    with pytest.raises(ValueError, match=r"w must have \(3, 3\) taps; received \(1, 1\)"):
        kernel.run(x, x, None, x.copy())


HUGE = (3000, 1431655765, 2**31 - 1)


@pytest.mark.parametrize("dilation", HUGE)
@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("strides", [1, 2])
def test_huge_dilations(dilation, groups, strides):
    x, w = counting((2, 6, 6, 4), 13), counting((3, 3, 4 // groups, 4), 11)
    # A single tap is left at stride 1, the middle one.
    how = {"strides": strides, "padding": "same", "dilation": dilation, "groups": groups}
    shape = conv2d_shape(x.shape, w.shape, **how)
    before, dy = shape.pt - dilation, counting(shape.y_shape, 7)
    middle, size = w[1:2, 1:2], 6
    rows = [r * strides - before for r in range(shape.oh)]
    padded = np.zeros((2, 8, 8, 4), np.float32)
    padded[:, 1:7, 1:7] = x
    picked = padded[:, [r + 1 for r in rows]][:, :, [r + 1 for r in rows]]
    assert min(rows) >= -1
    assert max(rows) <= size
    expected = ref.conv2d(picked, middle, groups=groups)
    np.testing.assert_array_equal(ops.conv2d(x, w, **how), expected)
    dx, dw, db = ops.conv2d_backward(dy, x, w, **how)
    d_picked, d_middle, d_bias = ref.conv2d_backward(dy, picked, middle, groups=groups)
    d_padded = np.zeros_like(padded)
    for i, r in enumerate(rows):
        for j, c in enumerate(rows):
            d_padded[:, r + 1, c + 1] = d_picked[:, i, j]
    np.testing.assert_array_equal(dx, d_padded[:, 1:7, 1:7])
    np.testing.assert_array_equal(dw[1:2, 1:2], d_middle)
    assert not np.delete(dw.reshape(9, -1), 4, axis=0).any()
    np.testing.assert_array_equal(db, d_bias)


@pytest.mark.parametrize("dilation", [3000, 2**31 - 1])
def test_a_transposed_convolution(dilation):
    layer = Conv2DTranspose(3, 3, padding="same", dilation_rate=dilation)
    x, dy = counting((2, 5, 5, 4), 13), counting((2, 5, 5, 3), 7)
    y = layer(x, training=True)
    kernel, bias = layer.get_weights()
    middle = kernel[1, 1]  # (oc, ic)
    np.testing.assert_allclose(y, x @ middle.T + bias, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(layer.backward(dy), dy @ middle, rtol=1e-5, atol=1e-5)


def test_memory():
    program = """
import re
import numpy as np
from fastconv import ops
x, w, dy = np.ones((1, 6, 6, 4), "f4"), np.ones((3, 3, 4, 4), "f4"), np.ones((1, 6, 6, 4), "f4")
ops.conv2d_backward(dy, x, w, padding="same")
status = lambda: open("/proc/self/status").read()  # getrusage counts the parent's memory, too
peak = lambda: int(re.search("VmHWM:[^0-9]*([0-9]+)", status())[1])
before = peak()
for dilation in (3000, 1431655765, 2**31 - 1):
    ops.conv2d(x, w, padding="same", dilation=dilation)
    ops.conv2d_backward(dy, x, w, padding="same", dilation=dilation)
print(peak() - before)
"""
    done = run_python("-c", program)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 4096  # KiB


X, W = np.ones((1, 6, 6, 4)), np.ones((3, 3, 4, 2))
REFUSED = {
    "conv2d: the window must fit into the padded input; received window height 4294967295":
        lambda: ops.conv2d(X, W, dilation=2**31 - 1),
    "conv2d: the output must have at most 2147483647 rows and columns; received input height 6":
        lambda: ops.conv2d(X, W, padding=2**31 - 1),
    "conv2d: the windows of a row of outputs must span at most 2147483647 elements of the padded":
        lambda: ops.conv2d(X, W, strides=2**30, padding=2**31 - 1),
    "conv2d_backward: the windows of a row of outputs must span at most 2147483647":
        lambda: ops.conv2d_backward(np.ones((1, 3, 3, 2)), X, W, strides=2**30, padding=2**30),
    "conv2d: the windows of a row of outputs must span at most 67108864 elements of the padded":
        lambda: ops.conv2d(X, W[:2, :2], strides=9000, padding=9000, dilation=9000),
    "conv2d_backward: the windows of a row of outputs must span at most 67108864 elements of":
        lambda: ops.conv2d_backward(
            np.ones((1, 2, 2, 2)), X, W[:2, :2], strides=9000, padding=9000, dilation=9000),
    "conv2d_transpose: the output must have at most 2147483647 rows and columns; received":
        lambda: conv2d_transpose_shape((1, 6, 6, 4), (3, 3, 2, 4), 2**31 - 1),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_sizes_beyond_what_is_counted_are_refused(message):
    with pytest.raises(ValueError) as caught:
        REFUSED[message]()
    assert str(caught.value).startswith(message)
