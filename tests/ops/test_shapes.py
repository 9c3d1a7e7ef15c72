"""Output sizes and padding, against counting the positions of a window one by one."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastconv.plan.geometry.padding import (
    output_size,
    resolve_padding,
    same_padding,
    transposed_size,
)
from fastconv.plan.geometry.shapes import conv2d_shape, pool2d_shape

exhaustive = settings(derandomize=True, deadline=None, max_examples=300)
sizes, taps, steps = st.integers(1, 40), st.integers(1, 9), st.integers(1, 5)


@exhaustive
@given(sizes, taps, steps, st.integers(0, 5), st.integers(0, 5), st.integers(1, 4))
def test_output_size_counts_the_places(size, kernel, stride, before, after, dilation):
    reach = (kernel - 1) * dilation + 1
    last = size + before + after - reach
    places = len(range(0, last + 1, stride)) if last >= 0 else 0
    if places:
        assert output_size(size, kernel, stride, before, after, dilation) == places
    else:
        with pytest.raises(ValueError, match="must fit into the padded input; received window"):
            output_size(size, kernel, stride, before, after, dilation)


@exhaustive
@given(sizes, taps, steps, st.integers(1, 3))
def test_same_gives_one_output_per_stride_and_pads_no_more_than_needed(
    size, kernel, stride, dilation
):
    before, after = same_padding(size, kernel, stride, dilation)
    assert after - before in (0, 1)
    assert output_size(size, kernel, stride, before, after, dilation) == math.ceil(size / stride)
    if before + after:
        reach = (kernel - 1) * dilation + 1
        less = size + before + after - 1 - reach
        assert len(range(0, less + 1, stride)) < math.ceil(size / stride)


@exhaustive
@given(sizes, taps, steps, st.data())
def test_every_pooling_window_holds_an_element(size, kernel, stride, data):
    before = data.draw(st.integers(0, kernel - 1))
    after = data.draw(st.integers(0, kernel - 1))
    for ceil_mode in (False, True):
        try:
            shape = pool2d_shape(
                (1, size, 1, 1), (kernel, 1), (stride, 1), ((before, after), (0, 0)),
                ceil_mode=ceil_mode,
            )  # fmt: skip
        except ValueError:
            assert size + before + after < kernel
            continue
        starts = [row * stride - before for row in range(shape.oh)]
        assert all(start < size and start + kernel > 0 for start in starts)
        assert starts[-1] + kernel <= size + shape.pb
        if ceil_mode:  # nothing of x is left over, except between windows
            assert starts[-1] + max(kernel, stride) >= size


@exhaustive
@given(sizes, taps, steps, st.integers(0, 3), st.integers(0, 3), st.integers(1, 3))
def test_transposed_size_undoes_output_size(size, kernel, stride, before, after, dilation):
    if size + before + after < (kernel - 1) * dilation + 1:
        return
    small = output_size(size, kernel, stride, before, after, dilation)
    left_over = (size + before + after - (kernel - 1) * dilation - 1) % stride
    args = (small, kernel, stride, before, after, dilation, left_over)
    assert transposed_size(*args) == size


@pytest.mark.parametrize(
    ("x", "w", "padding", "y"),
    [
        ((1, 32, 32, 3), (3, 3, 3, 10), "valid", (1, 30, 30, 10)),
        ((1, 32, 32, 3), (5, 5, 3, 10), "valid", (1, 28, 28, 10)),
        ((1, 32, 32, 3), (3, 3, 3, 16), "same", (1, 32, 32, 16)),
        ((1, 6, 6, 1), (3, 3, 1, 1), "valid", (1, 4, 4, 1)),
        ((0, 6, 6, 1), (3, 3, 1, 1), 1, (0, 6, 6, 1)),
    ],
)
def test_known_convolution_sizes(x, w, padding, y):
    shape = conv2d_shape(x, w, padding=padding)
    assert (shape.x_shape, shape.w_shape, shape.y_shape) == (x, w, y)


def test_two_by_two_same_pads_at_the_bottom_and_right():
    shape = conv2d_shape((1, 8, 8, 4), (2, 2, 4, 4), padding="same")
    assert (shape.pt, shape.pb, shape.pl, shape.pr) == (0, 1, 0, 1)


def test_pooling_seven_by_seven_twice():
    first = pool2d_shape((1, 7, 7, 1), 2, 2, "same")
    assert first.y_shape == (1, 4, 4, 1)
    assert pool2d_shape(first.y_shape, 2, 2, "same").y_shape == (1, 2, 2, 1)


@pytest.mark.parametrize(
    ("padding", "resolved"),
    [
        (2, ((2, 2), (2, 2))),
        ((1, 2), ((1, 1), (2, 2))),
        ([[1, 2], (3, 4)], ((1, 2), (3, 4))),
        ((0, (1, 2)), ((0, 0), (1, 2))),
        ("valid", ((0, 0), (0, 0))),
        ("same", ((1, 2), (1, 1))),
    ],
)
def test_every_way_to_write_a_padding(padding, resolved):
    assert resolve_padding(padding, (9, 9), (4, 3), (1, 1)) == resolved


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"x_shape": (1, 8, 8, 4)}, ValueError, r"x has 4 input channels, w expects 3; received x"),
        (
            {"x_shape": (8, 8, 3)},
            ValueError,
            r"x must have four axes .* received shape \(8, 8, 3\)",
        ),
        ({"x_shape": (1, 0, 8, 3)}, ValueError, r"at least 1 \(only the batch may be 0\)"),
        ({"x_shape": (-1, 8, 8, 3)}, ValueError, r"received \(-1, 8, 8, 3\)"),
        ({"x_shape": (1, 8.0, 8, 3)}, TypeError, r"sizes of x must be whole numbers"),
        ({"w_shape": (3, 3, 3, 0)}, ValueError, r"of w must be at least 1 and"),
        ({"strides": 0}, ValueError, r"strides must be at least 1; received 0"),
        ({"strides": (1, -2)}, ValueError, r"strides must be at least 1; received \(1, -2\)"),
        ({"strides": True}, TypeError, r"strides must be a whole number or a pair.*received True"),
        ({"strides": 1.0}, TypeError, r"received 1\.0"),
        ({"strides": "2"}, TypeError, r"received '2'"),
        ({"strides": (1, 1, 1)}, ValueError, r"strides must have two entries"),
        ({"strides": 2**40}, ValueError, r"strides must be at most 2147483647"),
        ({"dilation": 0}, ValueError, r"dilation must be at least 1"),
        ({"groups": 2}, ValueError, r"groups must divide .* groups 2"),
        ({"groups": 1.5}, TypeError, r"groups must be a whole number; received 1.5"),
        ({"padding": "sane"}, ValueError, r"received 'sane' \(did you mean 'same'\?\)"),
        ({"padding": -1}, ValueError, r"padding must be between 0 and"),
        ({"padding": 0.5}, TypeError, r"padding must be 'same', 'valid', .*received 0\.5"),
        ({"padding": (1, 2, 3)}, TypeError, r"received \(1, 2, 3\)"),
        ({"padding": ((1, 2), (3,))}, TypeError, r"received \(\(1, 2\), \(3,\)\)"),
        ({"padding": None}, TypeError, r"received None"),
        ({"dilation": 4}, ValueError, r"received window height 9 \(3 taps, dilation 4\), input"),
    ],
)
def test_what_conv2d_shape_refuses(change, error, message):
    arguments = {"x_shape": (1, 8, 8, 3), "w_shape": (3, 3, 3, 5)} | change
    with pytest.raises(error, match="^conv2d: .*" + message):
        conv2d_shape(**arguments)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"pool_size": 0}, ValueError, r"pool_size must be at least 1"),
        ({"pool_size": 9}, ValueError, r"window height 9, input height 8 with padding 0 \+ 0"),
        ({"padding": 2}, ValueError, r"padding must be smaller than the window; received padding"),
        ({"ceil_mode": 1}, TypeError, r"ceil_mode must be True or False; received 1"),
        ({"strides": (0, 1)}, ValueError, r"strides must be at least 1"),
    ],
)
def test_what_pool2d_shape_refuses(change, error, message):
    arguments = {"x_shape": (1, 8, 8, 3), "pool_size": 2} | change
    with pytest.raises(error, match="^pool2d: .*" + message):
        pool2d_shape(**arguments)


def test_transposed_size_refuses_what_cannot_be():
    with pytest.raises(ValueError, match="smaller than the stride; received 2, stride 2"):
        transposed_size(4, 3, 2, output_padding=2)
    with pytest.raises(ValueError, match="leave something of the output"):
        transposed_size(1, 1, 1, 1, 1)
