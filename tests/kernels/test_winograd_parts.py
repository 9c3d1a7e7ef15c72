"""Winograd's method for windows of any size and stride: the bound of winograd_bounds.py, how it is
cut into parts, and how far what is not finite goes. tests/kernels/test_winograd.py is about 3x3."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from kernel_checks import assert_same_bits, assert_within, normal, on_every_isa
from winograd_bounds import (
    allowed_db,
    allowed_dw,
    allowed_dx,
    allowed_y,
    passes,
    pieces_of,
    reached_by_dy,
    reached_by_x,
    tiles,
)

from fastconv import ops
from fastconv import reference as ref
from fastconv.kernels.winograd._parts import winograd_work
from fastconv.plan import algorithms
from fastconv.plan.algorithms import conv2d_algorithm, make_conv2d_kernel, pools_inside
from fastconv.plan.geometry.shapes import conv2d_shape, pool2d_shape

PASSES = ("fwd", "bwd_data", "bwd_weights")


def arrays(shape):
    x, w, b, dy = shape.x_shape, shape.w_shape, shape.oc, shape.y_shape
    return (normal(size, seed) for seed, size in enumerate((x, w, b, dy), 1))


def check(shape, x, w, b, dy, activation, expected):
    """All passes, on every ISA and team, either way, against what is exact."""
    allowed = (allowed_y(shape, x, w, b), allowed_dx(shape, dy, w), allowed_dw(shape, x, dy))
    allowed += (allowed_db(shape, dy),)
    for by_slices in (False, True):
        for _, results in on_every_isa(
            lambda how=by_slices: passes(shape, x, w, b, dy, activation, how)
        ):
            for actual, wanted, limit in zip(results, expected, allowed, strict=True):
                assert_within(actual, wanted, limit)


@st.composite
def convolutions(draw):
    """Arguments of a convolution by this method: images, rows, columns, channels of x and y,
    window, strides, padding."""
    kh, kw = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    assume(kh * kw > 1)
    strides = draw(st.integers(1, min(4, kh))), draw(st.integers(1, min(4, kw)))
    pad = st.tuples(st.integers(0, 5), st.integers(0, 5))
    padding = draw(st.sampled_from(["same", "valid"]) | st.tuples(pad, pad))
    sizes = st.integers(1, 15)
    channels = st.sampled_from([1, 3, 15, 16, 17])
    return (
        draw(st.integers(1, 2)), draw(sizes), draw(sizes), draw(channels),
        draw(channels | st.just(49)), (kh, kw), strides, padding,
    )  # fmt: skip


EXAMPLES = {
    "5x5": (2, 9, 10, 17, 33, (5, 5), (1, 1), "same"),
    "7x7": (1, 9, 8, 16, 17, (7, 7), (1, 1), "same"),
    "2x2": (1, 11, 12, 16, 16, (2, 2), (1, 1), "same"),
    "4x4": (1, 12, 9, 17, 15, (4, 4), (1, 1), "valid"),
    "9x9, three pieces": (1, 8, 12, 15, 17, (9, 9), (1, 1), "same"),
    "3x3 by 2": (1, 20, 19, 16, 33, (3, 3), (2, 2), "same"),
    "3x3 by 2, five points": (2, 16, 15, 17, 33, (3, 3), (2, 2), "same"),
    "2x2, five points": (2, 8, 4, 33, 16, (2, 2), (1, 1), "same"),
    "4x4 by 2, five points": (1, 16, 14, 17, 33, (4, 4), (2, 2), 1),
    "five points, many channels": (1, 7, 8, 140, 257, (3, 3), (2, 2), "same"),
    "3x3 by 3": (1, 24, 20, 15, 17, (3, 3), (3, 3), "valid"),
    "5x5 by 2": (1, 15, 16, 16, 17, (5, 5), (2, 2), "same"),
    "7x7 by 2, parts side by side in a vector": (1, 23, 20, 3, 33, (7, 7), (2, 2), 3),
    "11x11 by 4": (1, 37, 31, 3, 17, (11, 11), (4, 4), "valid"),
    "4x4 by 2, both phases full": (1, 14, 13, 17, 16, (4, 4), (2, 2), 1),
    "strides that differ": (1, 14, 9, 16, 17, (5, 5), (2, 1), "same"),
    "3x5": (1, 9, 11, 17, 16, (3, 5), (1, 1), "same"),
    "1x2": (2, 2, 11, 17, 33, (1, 2), (1, 1), "same"),
    "2x1": (2, 10, 2, 16, 17, (2, 1), (1, 1), "same"),
    "1x3, six points": (1, 3, 8, 17, 16, (1, 3), (1, 1), "same"),
    "3x1, eight points": (2, 13, 5, 3, 33, (3, 1), (1, 1), "same"),
    "1x5, eight points": (1, 1, 9, 16, 17, (1, 5), (1, 1), "same"),
    "1x7, six points": (1, 3, 3, 33, 17, (1, 7), (1, 1), "same"),
    "7x1, eight points": (1, 21, 5, 17, 16, (7, 1), (1, 1), "same"),
    "1x5 by 2": (1, 4, 26, 15, 17, (1, 5), (1, 2), "same"),
    "9x1 by 4": (2, 40, 2, 16, 49, (9, 1), (4, 1), ((3, 4), (0, 0))),
    "1x5, padded along both axes": (1, 3, 9, 17, 16, (1, 5), (1, 1), ((2, 1), (0, 3))),
    "1x3, many channels": (1, 3, 13, 200, 259, (1, 3), (1, 1), "valid"),
    "a phase begins before the map": (1, 13, 17, 16, 70, (5, 5), (2, 3), ((1, 0), (2, 2))),
    "one pixel": (2, 1, 1, 17, 3, (5, 5), (2, 2), 2),
    "several blocks": (2, 41, 33, 40, 47, (5, 5), (1, 1), "same"),
    "sums over many channels": (1, 6, 5, 130, 259, (5, 5), (1, 1), "same"),
    "many channels, strides": (1, 9, 8, 120, 257, (3, 3), (2, 2), "same"),
}


def shape_of(mb, ih, iw, ic, oc, window, strides, padding):
    return conv2d_shape((mb, ih, iw, ic), (*window, ic, oc), strides, padding)


def all_passes(convolution, activation):
    shape = shape_of(*convolution)
    x, w, b, dy = arrays(shape)
    how = {"strides": convolution[6], "padding": convolution[7]}
    y = ref.conv2d(x, w, b, **how, activation=activation)
    check(shape, x, w, b, dy, activation, (y, *ref.conv2d_backward(dy, x, w, **how)))


@pytest.mark.parametrize("name", EXAMPLES)
def test_all_three_passes(name):
    all_passes(EXAMPLES[name], "relu" if "strides" in name else None)


@settings(max_examples=30)
@given(convolutions(), st.sampled_from([None, "relu"]))
@example((1, 3, 2, 3, 1, (9, 8), (4, 3), ((5, 4), (5, 3))), "relu")  # a window larger than the map
@example((1, 1, 9, 17, 16, (1, 3), (1, 2), "valid"), None)
@example((2, 9, 1, 1, 49, (9, 1), (4, 1), ((5, 5), (5, 4))), "relu")
@example((1, 2, 3, 16, 17, (4, 4), (4, 3), ((1, 1), (1, 0))), None)  # a stride larger than the map
def test_any_window(convolution, activation):
    try:
        shape_of(*convolution)
    except ValueError:
        return
    all_passes(convolution, activation)


@pytest.mark.parametrize("direction", PASSES)
def test_the_examples_have_all_tiles(direction):
    pairs = {tiles(shape_of(*each), direction) for each in EXAMPLES.values()}
    lines = {tuple(max(pair)) for pair in pairs if (1, 1) in pair}
    assert lines == {(6, 3), (6, 4), (8, 3), (8, 4), (8, 5)}
    squares = {tuple(high) for high, wide in pairs if high == wide}
    assert squares == {(5, 2), (6, 2), (6, 3), (6, 4)}
    assert {pair.index((1, 1)) for pair in pairs if (1, 1) in pair} == {0, 1}


@pytest.mark.parametrize(("k", "stride"), [(3, 1), (5, 1), (5, 2), (4, 3)])
def test_negative_padding_cuts_something_off(k, stride):
    """As kernels know it; their gradient is 0 there."""
    top, left = 3, 2
    inner = conv2d_shape((2, 11, 12, 16), (k, k, 16, 17), stride, ((0, 0), (0, 0)))
    shape = replace(inner, ih=inner.ih + top, iw=inner.iw + left, pt=-top, pl=-left)
    x, w, b, dy = arrays(shape)
    y = ref.conv2d(x[:, top:, left:], w, b, stride)
    dx, dw, db = ref.conv2d_backward(dy, x[:, top:, left:], w, stride)
    dx = np.pad(dx, ((0, 0), (top, 0), (left, 0), (0, 0)))
    check(shape, x, w, b, dy, None, (y, dx, dw, db))


@pytest.mark.parametrize("by_slices", [False, True])
def test_an_empty_batch(by_slices):
    shape = conv2d_shape((0, 9, 9, 16), (5, 5, 16, 17), 2, "same")
    x, w, b, dy = arrays(shape)
    y, dx, dw, db = passes(shape, x, w, b, dy, None, by_slices)
    assert y.size == dx.size == 0
    assert not dw.any()
    assert not db.any()


@pytest.mark.parametrize(
    "how",
    [
        {"strides": 3, "w": (2, 3)}, {"strides": (1, 4), "w": (3, 3)}, {"w": (1, 1)},
        {"w": (3, 3), "dilation": 2}, {"w": (3, 3), "groups": 2},
    ],
)  # fmt: skip
@pytest.mark.parametrize("direction", PASSES)
def test_what_it_is_not_for(how, direction):
    groups = how.get("groups", 1)
    w = (*how["w"], 4 // groups, 4)
    shape = conv2d_shape((1, 9, 9, 4), w, how.get("strides", 1), 2, how.get("dilation", 1), groups)
    with pytest.raises(ValueError, match="'winograd' is for kernels of at least the strides' size"):
        make_conv2d_kernel(shape, direction, "winograd")


def products(points, kc, nc, tiles, sources, targets=1, transform=300):
    """By the definition of `winograd_work`, nc being a multiple of 16."""
    return tiles * (points * kc * nc + transform * (sources * kc + targets * nc))


strided = partial(products, transform=500)
strided_five = partial(products, transform=500 * 25 / 36)
line = partial(products, transform=300 * 8 / 36)


@pytest.mark.parametrize(
    ("window", "stride", "size", "channels", "turned", "expected", "tile"),
    [
        # one part; x has to be read from one row and column before the first
        (3, 1, 8, (16, 32), False, (products(36, 16, 32, 4, 1), 16, 32, 1, 36 * 16 * 32), (6, 3)),
        (3, 1, 8, (16, 32), True, (products(36, 32, 16, 4, 1), 32, 16, 1, 36 * 32 * 16), (6, 3)),
        # two parts of 3 and 2 taps on each axis: 11 points
        (5, 1, 8, (16, 32), False, (products(121, 16, 32, 4, 4), 64, 32, 2, 61952), (6, 3)),
        # 4 and 3 taps
        (7, 1, 9, (16, 16), False, (products(121, 16, 16, 9, 4), 64, 16, 3, 30976), (6, 4)),
        # two phases of 2 and 1 taps, and on a map of 8x8 in tiles of four: 9 points
        (3, 2, 20, (16, 16), False, (strided(121, 16, 16, 4, 4), 64, 16, 0, 30976), (6, 2)),
        (3, 2, 16, (16, 16), False, (strided_five(81, 16, 16, 4, 4), 64, 16, 0, 20736), (5, 2)),
        # both phases of 2 taps: 12 points
        (4, 2, 20, (16, 16), False, (strided(144, 16, 16, 4, 4), 64, 16, 1, 36864), (6, 2)),
        # the 12 source channels fill a vector of 16
        (4, 2, 20, (3, 16), False, (strided(144, 3, 16, 4, 16 / 3), 12, 16, 1, 6912), (6, 2)),
        # backward, the phases are targets
        (4, 2, 18, (16, 16), True, (strided(144, 16, 16, 4, 1, 4), 16, 64, 1, 36864), (6, 2)),
        # as many tiles of four
        (4, 2, 20, (16, 16), True, (strided_five(100, 16, 16, 9, 1, 4), 16, 64, 1, 25600), (5, 2)),
        # parts of 1x4 and 1x3 taps, tiles of one row; rows are not transformed
        ((1, 7), 1, 20, (16, 16), False, (line(15, 16, 16, 80, 2), 32, 16, 0, 3840), (8, 4)),
    ],
)  # fmt: skip
def test_the_work(window, stride, size, channels, turned, expected, tile):
    windows = window if isinstance(window, tuple) else (window, window)
    shape = conv2d_shape((1, size, size, channels[0]), (*windows, *channels), stride, "same")
    found = winograd_work(turned=turned, **shape.kernel_arguments())
    assert (found[0], *found[2:6]) == pytest.approx(expected)
    assert found[-2:] == tuple((1, 1) if window == 1 else tile for window in windows)


@pytest.mark.parametrize("direction", PASSES)
@pytest.mark.parametrize("mb", [1, 8, 100])
@pytest.mark.parametrize(
    ("window", "stride", "ic"),
    [((5, 5), 1, 32), ((3, 3), 2, 64), ((7, 7), 2, 3), ((3, 3), 1, 64), ((1, 7), 1, 32)],
)
def test_a_gain_is_needed(direction, mb, window, stride, ic, monkeypatch):
    """Of the images and the transformed filters, which the weights' gradient sums in parts."""
    shape = conv2d_shape((mb, 40, 40, ic), (*window, ic, 64), stride, "same")
    found = winograd_work(turned=direction == "bwd_data", **shape.kernel_arguments())
    mb = min(mb, 64)
    by_slices = make_conv2d_kernel(shape, direction, "winograd").by_slices
    sums = 12 if direction == "bwd_weights" and not by_slices else 1
    one = algorithms.LINE_FILTER if 1 in window else algorithms.FILTER
    columns = 16 / 3 if direction == "bwd_data" and ic == 3 else 1  # of 3 channels, 16 are computed
    direct = shape.oh * shape.ow * window[0] * window[1] * ic * 64 * columns
    gain = mb * direct / (mb * found[0] + sums * one * found[5])
    for least, expected in ((gain * 0.999, "winograd"), (gain * 1.001, "direct")):
        monkeypatch.setitem(algorithms.LEAST_GAIN, direction, least)
        assert conv2d_algorithm(shape, direction) == expected


@pytest.mark.parametrize(
    ("k", "stride", "size", "ic", "oc", "expected"),
    [
        (5, 1, 32, 64, 64, "winograd"),
        (7, 1, 32, 64, 64, "winograd"),
        (5, 1, 32, 1, 1, "direct"),
        (2, 2, 32, 64, 64, "direct"),  # parts of one tap
        (16, 16, 64, 64, 64, "direct"),
        (5, 1, 2, 64, 64, "direct"),  # a tile is larger than the map
    ],
)
def test_the_choice(k, stride, size, ic, oc, expected):
    shape = conv2d_shape((8, size, size, ic), (k, k, ic, oc), stride, "same")
    assert {conv2d_algorithm(shape, direction) for direction in PASSES} == {expected}


@pytest.mark.parametrize("direction", PASSES)
def test_memory_of_many_parts(direction, monkeypatch):
    """625 parts save work, but a row of their tiles, and the filters, would be larger than x."""
    shape = conv2d_shape((32, 200, 200, 64), (100, 100, 64, 64), padding="same")
    assert conv2d_algorithm(shape, direction) == "direct"
    monkeypatch.setattr(algorithms, "MOST_ROW_FLOATS", 1 << 30)
    assert conv2d_algorithm(shape, direction) == "direct"
    monkeypatch.setattr(algorithms, "MOST_FILTERS", 1 << 30)
    assert conv2d_algorithm(shape, direction) == "winograd"


@pytest.mark.parametrize("direction", PASSES)
@pytest.mark.parametrize("stride", [1, 2])
def test_many_channels_of_parts_go_by_slices(direction, stride):
    """5x5 has four parts, of the source or, backward with a stride, of the target."""
    most = "MANY_SUMS_OF_PARTS" if direction == "bwd_weights" else "MANY_FILTERS_OF_PARTS"
    least = getattr(algorithms, most) // (4 * 64)  # channels
    for oc, expected in ((least - 1, False), (least, True)):
        shape = conv2d_shape((99, 33, 20, 64), (5, 5, 64, oc), stride, "same")
        parts = winograd_work(turned=direction == "bwd_data", **shape.kernel_arguments())[2:4]
        assert parts[0] * parts[1] == 4 * 64 * oc
        assert make_conv2d_kernel(shape, direction, "winograd").by_slices == expected


@pytest.mark.parametrize("direction", PASSES)
def test_lines_of_many_more_channels_go_by_slices(direction):
    """As many floats of filters or sums as squares have."""
    most = "MANY_SUMS" if direction == "bwd_weights" else "MANY_FILTERS"
    least = -(-getattr(algorithms, most) * 36 // (8 * 64))  # channels
    for oc, expected in ((least - 1, False), (least, True)):
        shape = conv2d_shape((99, 20, 30, 64), (1, 3, 64, oc), 1, "same")
        assert make_conv2d_kernel(shape, direction, "winograd").by_slices == expected


@pytest.mark.parametrize(("window", "stride"), [((3, 3), 1), ((3, 3), 2), ((7, 1), 1)])
@pytest.mark.parametrize("direction", PASSES)
def test_few_tiles_go_by_slices(window, stride, direction):
    """The filters are loaded once then, and there are no partial sums."""
    for mb, expected in ((1, True), (99, False)):
        shape = conv2d_shape((mb, 12, 5, 120), (*window, 120, 128), stride, "same")
        if direction == "bwd_weights":
            shape = conv2d_shape((mb, 40, 12, 32), (*window, 32, 64), stride, "same")
        assert make_conv2d_kernel(shape, direction, "winograd").by_slices == expected


@pytest.mark.parametrize("turned", [False, True])
def test_the_values(turned):
    """Of 16 to 32 channels, in four parts, 3 by 4 tiles of 4 x 4."""
    shape = conv2d_shape((1, 12, 16, 16), (5, 5, 16, 32), 1, "same")
    source, target = (32, 16) if turned else (16, 32)
    found = winograd_work(turned=turned, **shape.kernel_arguments())[1]
    assert found == 3 * 4 * 36 * (4 * source + target)


@pytest.mark.parametrize(
    ("k", "padding", "window", "expected"),
    [
        (5, "same", 2, True),
        (5, "valid", 2, True),
        (5, ((2, 2), (3, 3)), 2, False),  # tiles of dy would begin inside the map
        (5, "same", 3, False),
        (7, "same", 2, False),  # in tiles of three
    ],
)
def test_pooling_inside(k, padding, window, expected):
    shape = conv2d_shape((32, 24, 24, 64), (k, k, 64, 64), 1, padding)
    pool = pool2d_shape(shape.y_shape, window)
    assert {conv2d_algorithm(shape, direction) for direction in PASSES} == {"winograd"}
    assert pools_inside(shape, pool) == expected
    if window == 2:
        for direction in PASSES:
            if expected:
                make_conv2d_kernel(shape, direction, pool=True)
            else:
                with pytest.raises(ValueError, match="pooling can be fused with algo 'winograd'"):
                    make_conv2d_kernel(shape, direction, pool=True)


@pytest.mark.parametrize(
    ("window", "stride", "size", "ic"),
    [
        ((5, 5), 1, 14, 64), ((7, 7), 1, 12, 64), ((2, 2), 1, 15, 64), ((3, 3), 2, 30, 64),
        ((1, 3), 1, 24, 256), ((5, 1), 1, 24, 256), ((1, 7), 1, 25, 128), ((9, 1), 1, 16, 128),
    ],
)  # fmt: skip
def test_error_of_a_batch(window, stride, size, ic):
    """What the documentation promises, in the l2 norm, relative to float64."""
    x, w = normal((8, size, size, ic), 1), normal((*window, ic, 17), 2)
    dy = normal(conv2d_shape(x.shape, w.shape, stride, "same").y_shape, 3)
    how = {"strides": stride, "padding": "same"}
    found = ops.conv2d_backward(dy, x, w, **how, algo="winograd")
    wanted = ref.conv2d_backward(dy, x, w, **how)
    pairs = [(ops.conv2d(x, w, **how, algo="winograd"), ref.conv2d(x, w, **how), 2e-6)]
    pairs += [(found[0], wanted[0], 2e-6), (found[1], wanted[1], 5e-6)]
    for actual, expected, limit in pairs:
        assert np.linalg.norm(actual - expected) < limit * np.linalg.norm(expected)


@pytest.mark.parametrize("line", [False, True])
@pytest.mark.parametrize(("k", "stride"), [(3, 1), (5, 1), (7, 1), (2, 1), (9, 1), (3, 2), (5, 2)])
def test_how_many_outputs_are_reached(k, stride, line):
    """The documentation's formula, which some pixel attains."""
    window, strides = ((k, 1), (stride, 1)) if line else ((k, k), stride)
    shape = conv2d_shape((1, 60, 60, 16), (*window, 16, 16), strides, "same")
    tile, _ = tiles(shape, "fwd")
    r, m = tile.taps, tile.outputs
    most = m * -(-(tile.points + (pieces_of(k, stride, r) - 1) * r) // m)
    found = {int(reached_by_x(shape, (at, at)).sum()) for at in range(20, 40)}
    assert max(found) == (most if line else most**2)


SPREAD = {  # window, stride, padding
    "5x5": ((5, 5), 1, "same"),
    "7x7": ((7, 7), 1, "same"),
    "2x2": ((2, 2), 1, "same"),
    "3x3 by 2": ((3, 3), 2, "same"),
    "5x5 by 2": ((5, 5), 2, ((1, 2), (1, 2))),
    "1x7": ((1, 7), 1, "same"),
    "5x1": ((5, 1), 1, "same"),
}


@pytest.mark.parametrize("name", SPREAD)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("by_slices", [False, True])
def test_what_is_not_finite_stays_in_its_tiles(name, bad, by_slices):
    """All outputs whose window holds it are not finite (NaN for NaN); those of other tiles have the
    bits that they would have without it. So has the gradient of the weights of other channels."""
    window, stride, padding = SPREAD[name]
    shape = conv2d_shape((2, 23, 25, 17), (*window, 17, 18), stride, padding)
    x, w, b, dy = arrays(shape)
    refused = np.isnan if np.isnan(bad) else lambda values: ~np.isfinite(values)
    pixel = 4, 5
    broken_x, broken_dy = x.copy(), dy.copy()
    broken_x[1, *pixel, 5] = broken_dy[1, *pixel, 5] = bad

    def all_three():
        return (
            *passes(shape, x, w, b, dy, None, by_slices)[:3],
            *passes(shape, broken_x, w, b, broken_dy, None, by_slices)[:2],
            passes(shape, broken_x, w, b, dy, None, by_slices)[2],
            passes(shape, x, w, b, broken_dy, None, by_slices)[2],
        )

    with np.errstate(invalid="ignore"):
        wanted_y = ref.conv2d(broken_x, w, b, stride, padding)
        wanted_dx, taps_of_dy, _ = ref.conv2d_backward(broken_dy, x, w, stride, padding)
        taps_of_x = ref.conv2d_backward(dy, broken_x, w, stride, padding)[1]
    reach_y, reach_dx = reached_by_x(shape, pixel), reached_by_dy(shape, pixel)
    assert not reach_y.all()
    assert not reach_dx.all()
    other_x, other_y = np.arange(17) != 5, np.arange(18) != 5
    for _, (y, dx, dw, bad_y, bad_dx, dw_of_x, dw_of_dy) in on_every_isa(all_three):
        for good, broken, wanted, reach in (
            (y, bad_y, wanted_y, reach_y),
            (dx, bad_dx, wanted_dx, reach_dx),
        ):
            assert_same_bits(broken[0], good[0])
            assert_same_bits(broken[1][~reach], good[1][~reach])
            assert refused(broken[~np.isfinite(wanted)]).all()
        assert_same_bits(dw_of_x[:, :, other_x], dw[:, :, other_x])
        assert refused(dw_of_x[~np.isfinite(taps_of_x)]).all()
        assert_same_bits(dw_of_dy[..., other_y], dw[..., other_y])
        assert refused(dw_of_dy[~np.isfinite(taps_of_dy)]).all()
