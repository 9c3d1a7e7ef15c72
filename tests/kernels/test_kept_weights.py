"""Weights that a forward kernel has laid out before give the same bits as laying them out again."""

import numpy as np
import pytest
from kernel_checks import normal, on_every_isa

from fastconv.plan.algorithms import make_conv2d_kernel
from fastconv.plan.geometry.shapes import conv2d_shape

SHAPES = {
    "direct": ((2, 9, 8, 5), (3, 3, 5, 37), {}),
    "direct, groups": ((1, 9, 8, 6), (3, 2, 3, 10), {"groups": 2}),
    "direct, one image, many channels": ((1, 4, 4, 70), (3, 3, 70, 200), {"strides": 2}),
    "winograd": ((2, 9, 8, 5), (3, 3, 5, 37), {}),
    "winograd, parts": ((1, 9, 8, 18), (5, 5, 18, 40), {"strides": 2}),
}


def case(name, **how):
    x_shape, w_shape, convolution = SHAPES[name]
    shape = conv2d_shape(x_shape, w_shape, padding="same", **convolution)
    kernel = make_conv2d_kernel(shape, "fwd", name.partition(",")[0], **how)
    return kernel, normal(x_shape, 1), normal(w_shape, 2), np.empty(shape.y_shape, np.float32)


@pytest.mark.parametrize("by_slices", [False, True])
@pytest.mark.parametrize("name", SHAPES)
def test_the_bits_are_the_same(name, by_slices):
    if by_slices and "winograd" not in name:
        pytest.skip("slices are of Winograd's method")
    kernel, x, w, y = case(name, by_slices=by_slices)

    def call():
        y[...] = np.nan
        kernel.run(x, w, None, y, None, kernel.keep(w))
        kept = y.copy()
        kernel.run(x, w, None, y)
        return kept, y.copy()

    for _, (kept, laid_out) in on_every_isa(call):
        np.testing.assert_array_equal(kept, laid_out)


def test_of_bytes():
    kernel, _, w, y = case("direct")
    x = np.arange(2 * 9 * 8 * 5, dtype=np.uint8).reshape(2, 9, 8, 5)
    kernel.run_bytes(x, 0.5, -1, w, None, y)
    expected = y.copy()
    kernel.run_bytes(x, 0.5, -1, w, None, y, kernel.keep(w))
    np.testing.assert_array_equal(y, expected)


def test_products_read_the_weights_as_they_are():
    kernel = make_conv2d_kernel(conv2d_shape((1, 4, 4, 8), (1, 1, 8, 8)), "fwd")
    assert kernel.keep(normal((1, 1, 8, 8), 1)) is None


@pytest.mark.parametrize("name", ["direct", "winograd"])
def test_what_another_kernel_kept_is_refused(name):
    kernel, x, w, y = case(name)
    other, _, other_w, _ = case("direct, groups")
    for kept in (other.keep(other_w), np.empty(0, np.float32)):
        y[...] = 7
        with pytest.raises(ValueError, match="kept is what `keep` returned"):
            kernel.run(x, w, None, y, None, kept)
        assert (y == 7).all()
    with pytest.raises(ValueError, match="w must have the shape"):
        kernel.keep(other_w)
