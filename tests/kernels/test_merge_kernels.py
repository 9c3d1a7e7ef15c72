"""Two arrays into one: every operation, forward and backward, against its definition."""

import numpy as np
import pytest
from kernel_checks import EDGES, assert_same_bits, assert_within, bound, normal, on_every_isa

from fastconv import reference
from fastconv.kernels.elementwise import merge

SIZES = [*EDGES, 20011]
KINDS = {
    "multiply": (reference.multiply, 1),
    "subtract": (reference.subtract, 1),
    "maximum": (reference.maximum, 0),
    "minimum": (reference.minimum, 0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_combine(kind):
    define, roundings = KINDS[kind]
    for n in SIZES:
        x, y = normal(n, 1), normal(n, 2)
        expected = define(x, y)

        def result(x=x, y=y):
            out = np.empty_like(x)
            merge.combine(kind, x, y, out)
            return out

        for _, out in on_every_isa(result):
            assert_within(out, expected, bound(np.abs(expected), roundings, 0))


@pytest.mark.parametrize("kind", ["maximum", "minimum"])
@pytest.mark.parametrize("second", [False, True])
def test_the_gradient_goes_to_the_one_that_was_taken(kind, second):
    backward = getattr(reference, f"{kind}_backward")
    for n in SIZES:
        dy, x = normal(n, 1), normal(n, 2).round(1)
        y = np.where(np.arange(n) % 3 == 0, x, normal(n, 3))
        expected = backward(dy, x, y)[second]

        def result(dy=dy, x=x, y=y):
            dx = np.empty_like(x)
            merge.extreme_bwd(kind, dy, x, y, second, dx)
            in_place = dy.copy()
            merge.extreme_bwd(kind, in_place, x, y, second, in_place)
            return dx, in_place

        for _, (dx, in_place) in on_every_isa(result):
            np.testing.assert_array_equal(dx, expected)
            assert_same_bits(dx, in_place)


@pytest.mark.parametrize("kind", ["maximum", "minimum"])
def test_nan_comes_through_and_takes_the_gradient(kind):
    nan = np.float32(np.nan)
    x, y = np.float32([nan, 1, nan, np.inf, -np.inf]), np.float32([1, nan, nan, 1, 1])
    x, y = np.tile(x, 7), np.tile(y, 7)
    dy = np.ones_like(x)
    define, backward = getattr(reference, kind), getattr(reference, f"{kind}_backward")

    def result():
        out, dx, dz = (np.empty_like(x) for _ in range(3))
        merge.combine(kind, x, y, out)
        merge.extreme_bwd(kind, dy, x, y, False, dx)
        merge.extreme_bwd(kind, dy, x, y, True, dz)
        return out, dx, dz

    for _, (out, dx, dz) in on_every_isa(result):
        np.testing.assert_array_equal(out, define(x, y))
        np.testing.assert_array_equal((dx, dz), backward(dy, x, y))


@pytest.mark.parametrize("way", ["channels", "pixels"])
def test_factors_spread_over_an_image(way):
    multiply = getattr(merge, f"multiply_{way}")
    gather = getattr(merge, f"multiply_{way}_bwd")
    for channels in EDGES:
        for pixels in (1, 2, 7):
            x, dy = normal((3, pixels, channels), 1), normal((3, pixels, channels), 2)
            s = normal((3, channels if way == "channels" else pixels), 3)
            factors = s[:, None, :] if way == "channels" else s[:, :, None]
            axis, length = (1, pixels) if way == "channels" else (2, channels)

            def result(x=x, dy=dy, s=s):
                out, ds = np.empty_like(x), np.empty_like(s)
                multiply(x, s, out)
                gather(dy, x, ds)
                return out, ds

            expected = reference.multiply(x, factors)
            _, ds_expected = reference.multiply_backward(dy, x, factors)
            magnitude = np.abs(reference.multiply(dy, x)).sum(axis=axis)
            for _, (out, ds) in on_every_isa(result):
                assert_within(out, expected, bound(np.abs(expected), 1, 0))
                assert_within(ds, ds_expected.reshape(ds.shape), bound(magnitude, length))


def test_scale():
    for n in SIZES:
        x = normal(n, 1)

        def result(x=x):
            out = np.empty_like(x)
            merge.scale(x, out, -3.0)
            return out

        for _, out in on_every_isa(result):
            np.testing.assert_array_equal(out, -3 * x)


def test_nothing_is_no_error():
    none = np.zeros(0, np.float32)
    merge.combine("multiply", none, none, none)
    sums = np.ones((2, 3), np.float32)
    images = np.zeros((2, 0, 3), np.float32)
    merge.multiply_channels_bwd(images, images, sums)
    assert (sums == 0).all()


REFUSED = {
    "x and y must have the same size; received 3, 4": lambda: merge.combine(
        "multiply", normal(3, 1), normal(4, 1), normal(3, 1)
    ),
    "must be one of .*; received 'multiplied'": lambda: merge.combine(
        "multiplied", *[normal(3, 1)] * 3
    ),
    "for 'maximum' and 'minimum' only; received 'multiply'": lambda: merge.extreme_bwd(
        "multiply", *[normal(3, 1)] * 3, False, normal(3, 1)
    ),
    "axis 2 of the images and the factors of each must have the same size; received 5, 4": (
        lambda: merge.multiply_channels(
            normal((2, 3, 5), 1), normal((2, 4), 1), normal((2, 3, 5), 1)
        )
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_does_not_fit_is_refused(message):
    with pytest.raises(ValueError, match=message):
        REFUSED[message]()
