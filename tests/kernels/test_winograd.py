"""Winograd's method in all three passes for 3x3: every map size and channel count, and how far it
rounds. Its bound follows from its matrices: see winograd_bounds.py."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kernel_checks import (
    assert_same_bits,
    assert_within,
    edge_sizes,
    normal,
    on_every_isa,
)
from winograd_bounds import POINTS, allowed_db, allowed_dw, allowed_dx, allowed_y, matrices, passes

from fastconv import ops
from fastconv import reference as ref
from fastconv.plan.algorithms import make_conv2d_kernel
from fastconv.plan.geometry.shapes import conv2d_shape


@pytest.mark.parametrize(
    ("outputs", "taps"), [(n + 1 - r, r) for n in POINTS for r in (2, 3, 4, 5)]
)
def test_the_matrices_compute_a_correlation(outputs, taps):
    a, g, b = matrices(outputs, taps)
    data, filters = np.arange(outputs + taps - 1.0), np.arange(taps) + 1.0
    expected = np.correlate(data, filters)
    np.testing.assert_allclose(a.T @ ((g @ filters) * (b.T @ data)), expected, rtol=1e-12)


pads = st.tuples(st.integers(0, 4), st.integers(0, 4))


@settings(max_examples=40)
@given(
    st.integers(1, 3), st.integers(1, 14), st.integers(1, 14), edge_sizes(40), edge_sizes(70),
    st.sampled_from(["same", "valid"]) | st.tuples(pads, pads), st.sampled_from([None, "relu"]),
)  # fmt: skip
@example(3, 3, 3, 200, 33, "same", None)
@example(2, 33, 37, 19, 17, ((2, 1), (0, 3)), "relu")
@example(1, 50, 47, 130, 129, "valid", None)  # more than one block of tiles either way
@example(1, 10, 9, 401, 259, "same", "relu")  # all passes, forward as two sums
def test_all_three_passes(mb, ih, iw, ic, oc, padding, activation):
    x, w, b = normal((mb, ih, iw, ic), 1), normal((3, 3, ic, oc), 2), normal(oc, 3)
    try:
        shape = conv2d_shape(x.shape, w.shape, padding=padding)
    except ValueError:
        return
    dy = normal(shape.y_shape, 4)
    y = ref.conv2d(x, w, b, padding=padding, activation=activation)
    dx, dw, db = ref.conv2d_backward(dy, x, w, padding=padding)
    allowed = [
        allowed_y(shape, x, w, b),
        allowed_dx(shape, dy, w),
        allowed_dw(shape, x, dy),
        allowed_db(shape, dy),
    ]

    for by_slices in (False, True):
        for _, results in on_every_isa(
            lambda how=by_slices: passes(shape, x, w, b, dy, activation, how)
        ):
            for actual, wanted, limit in zip(results, (y, dx, dw, db), allowed, strict=True):
                assert_within(actual, wanted, limit)


def test_many_channels_on_a_large_map():
    """Several blocks of tiles, slice by slice, as one block of tiles at a time."""
    x, w = normal((2, 35, 37, 256), 1), normal((3, 3, 256, 256), 2)
    whole = ops.conv2d(x, w, algo="winograd")
    parts = [ops.conv2d(x, w[..., at : at + 64], algo="winograd") for at in (0, 192)]
    assert_within(whole[..., :64], parts[0], 1e-5 * abs(whole).max())
    assert_within(whole[..., 192:], parts[1], 1e-5 * abs(whole).max())


@pytest.mark.parametrize("direction", ["fwd", "bwd_data", "bwd_weights"])
@pytest.mark.parametrize(("ic", "oc"), [(127, 256), (128, 256), (127, 128), (128, 128)])
def test_many_channels_go_by_slices(direction, ic, oc):
    shape = conv2d_shape((99, 33, 20, ic), (3, 3, ic, oc), padding="same")
    many = ic * oc >= (128 * 128 if direction == "bwd_weights" else 128 * 256)
    assert make_conv2d_kernel(shape, direction).by_slices == many


def test_slices_are_winograds():
    shape = conv2d_shape((1, 8, 8, 3), (3, 3, 3, 3))
    with pytest.raises(ValueError, match="by_slices is for algo 'winograd'; received 'direct'"):
        make_conv2d_kernel(shape, "fwd", "direct", by_slices=True)


def relative_error(actual, expected):
    return np.linalg.norm(actual - expected) / np.linalg.norm(expected)


def test_error_of_a_whole_batch():
    """What the documentation promises at batch 128, in the l2 norm, relative to float64."""
    x, w = normal((128, 32, 32, 16), 1), normal((3, 3, 16, 20), 2)
    dy = normal((128, 32, 32, 20), 3)
    how = {"padding": "same", "algo": "winograd"}
    assert relative_error(ops.conv2d(x, w, **how), ref.conv2d(x, w, padding="same")) < 2e-6
    dx, dw, _ = ops.conv2d_backward(dy, x, w, **how)
    wanted_dx, wanted_dw, _ = ref.conv2d_backward(dy, x, w, padding="same")
    assert relative_error(dx, wanted_dx) < 2e-6
    assert relative_error(dw, wanted_dw) < 5e-6


def test_an_environment_variable_turns_it_off(monkeypatch):
    x, w = normal((20, 16, 16, 32), 1), normal((3, 3, 32, 32), 2)
    dy = normal((20, 14, 14, 32), 3)

    def call(**how):
        return ops.conv2d(x, w, **how), *ops.conv2d_backward(dy, x, w, **how)

    automatic, forced, direct = call(), call(algo="winograd"), call(algo="direct")
    assert_same_bits(automatic, forced)
    monkeypatch.setenv("FASTCONV_WINOGRAD", "0")
    assert_same_bits(call(), direct)
    assert not np.array_equal(forced[0], direct[0])


def around(pixel, shape, before, reach):
    """Which outputs (oh, ow) have `pixel` among the reach x reach elements of their tile or window.

    Tiles (reach 6) begin at every fourth output, windows (reach 3) at each.
    """
    found = np.ones(shape, bool)
    for axis, (at, size, pad) in enumerate(zip(pixel, shape, before, strict=True)):
        starts = np.arange(size)
        starts = (starts // 4 * 4 if reach == 6 else starts) - pad
        inside = (starts <= at) & (at < starts + reach)
        found &= inside[:, None] if axis == 0 else inside
    return found


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("pixel", [(0, 0), (3, 4), (5, 6), (8, 10)])
@pytest.mark.parametrize("by_slices", [False, True])
def test_what_is_not_finite_stays_in_its_tiles(bad, pixel, by_slices):
    """All outputs whose window holds it are not finite (NaN for NaN); those of other tiles have the
    bits that they would have without it. So has the gradient of the weights of other channels."""
    x, w, b = normal((2, 9, 11, 17), 1), normal((3, 3, 17, 18), 2), normal(18, 3)
    shape = conv2d_shape(x.shape, w.shape, padding="same")
    dy = normal(shape.y_shape, 4)
    broken_x, broken_dy = x.copy(), dy.copy()
    broken_x[1, *pixel, 5] = broken_dy[1, *pixel, 5] = bad
    window, tile = (around(pixel, (9, 11), (1, 1), reach) for reach in (3, 6))
    refused = np.isnan if np.isnan(bad) else lambda values: ~np.isfinite(values)

    def both():
        return (
            *passes(shape, x, w, b, dy, None, by_slices)[:3],
            *passes(shape, broken_x, w, b, broken_dy, None, by_slices)[:2],
            passes(shape, broken_x, w, b, dy, None, by_slices)[2],
            passes(shape, x, w, b, broken_dy, None, by_slices)[2],
        )

    with np.errstate(invalid="ignore"):
        for _, (y, dx, dw, broken_y, broken_dx, dw_of_x, dw_of_dy) in on_every_isa(both):
            for good, broken in ((y, broken_y), (dx, broken_dx)):
                assert_same_bits(broken[0], good[0])
                assert_same_bits(broken[1][~tile], good[1][~tile])
                assert refused(broken[1][window]).all()
            others = np.arange(17) != 5
            assert_same_bits(dw_of_x[:, :, others], dw[:, :, others])
            taps = ref.conv2d_backward(dy, broken_x, w, padding="same")[1][:, :, 5]
            assert (refused(dw_of_x[:, :, 5]) | np.isfinite(taps)).all()
            others = np.arange(18) != 5
            assert_same_bits(dw_of_dy[..., others], dw[..., others])
            taps = ref.conv2d_backward(broken_dy, x, w, padding="same")[1][..., 5]
            assert (refused(dw_of_dy[..., 5]) | np.isfinite(taps)).all()


def test_windows_and_tiles_around_a_pixel():
    x = np.zeros((1, 9, 11, 16), np.float32)
    x[0, 4, 5, 3] = 1
    w = np.ones((3, 3, 16, 16))
    window = around((4, 5), (9, 11), (1, 1), 3)
    np.testing.assert_array_equal(ref.conv2d(x, w, padding="same")[0, :, :, 0] != 0, window)
    tiles = around((4, 5), (9, 11), (1, 1), 6)
    assert tiles[:8, 4:8].all()
    assert tiles.sum() == 32
    assert not (window & ~tiles).any()


@pytest.mark.parametrize("algo", ["auto", "direct"])
def test_nan_passes_through_relu_and_pooling(algo):
    x, w = normal((1, 12, 12, 16), 1), normal((3, 3, 16, 16), 2)
    x[0, 6, 6, 0] = np.nan
    how = {"padding": "same", "activation": "relu", "algo": algo}
    shape = conv2d_shape(x.shape, w.shape, padding="same")
    fused = make_conv2d_kernel(shape, "fwd", "winograd", pool=True, activation="relu")

    def both():
        pooled = np.empty((1, 6, 6, 16), np.float32)
        fused.run(x, w, None, pooled)
        return ops.conv2d(x, w, **how), pooled

    for _, (y, pooled) in on_every_isa(both):
        assert np.isnan(y[0, 5:8, 5:8]).all()
        assert np.isnan(pooled[0, 2:4, 2:4]).all()
