"""The activations that the kernels' last step may include, ReLU and ReLU with a ceiling of six."""

import numpy as np
import pytest
from kernel_checks import normal, on_every_isa

from fastconv.kernels.matmul.gemm import gemm
from fastconv.plan.algorithms import make_conv2d_kernel
from fastconv.plan.geometry.shapes import conv2d_shape

RECTIFIED = {
    "relu": lambda y: np.maximum(y, 0),
    "relu6": lambda y: np.minimum(np.maximum(y, 0), 6),
}
SHAPES = {
    "direct": ((2, 9, 8, 5), (3, 3, 5, 37), {}),
    "winograd": ((2, 9, 8, 5), (3, 3, 5, 37), {}),
    "gemm": ((2, 9, 8, 5), (1, 1, 5, 37), {}),
    "gemm of many pixels": ((2, 90, 80, 5), (1, 1, 5, 37), {}),
    "depthwise": ((2, 9, 8, 37), (3, 3, 1, 37), {"groups": 37}),
}


def with_nan(array):
    array.reshape(-1)[::97] = np.nan
    return array


def convolution(name, activation, x, w, **how):
    x_shape, w_shape, geometry = SHAPES[name]
    shape = conv2d_shape(x_shape, w_shape, padding="same", **geometry)
    kernel = make_conv2d_kernel(shape, "fwd", name.partition(" ")[0], activation=activation, **how)
    y_shape = shape.y_shape
    if how.get("pool"):
        y_shape = (y_shape[0], y_shape[1] // 2, y_shape[2] // 2, y_shape[3])
    y = np.empty(y_shape, np.float32)
    kernel.run(x, w, np.linspace(-4, 4, 37, dtype=np.float32), y)
    return y


@pytest.mark.parametrize("activation", RECTIFIED)
@pytest.mark.parametrize("name", SHAPES)
def test_of_a_convolution(name, activation):
    x, w = 3 * normal(SHAPES[name][0], 1), normal(SHAPES[name][1], 2)
    x = with_nan(x)

    def call():
        return convolution(name, activation, x, w), convolution(name, "none", x, w)

    for _, (actual, plain) in on_every_isa(call):
        np.testing.assert_array_equal(actual, RECTIFIED[activation](plain))
        finite = plain[~np.isnan(plain)]
        assert finite.min() < 0 < 6 < finite.max()
        assert np.isnan(plain).any()


@pytest.mark.parametrize("activation", RECTIFIED)
def test_before_a_pooling(activation):
    x, w = 3 * normal(SHAPES["winograd"][0], 1), normal(SHAPES["winograd"][1], 2)
    for _, (actual, plain) in on_every_isa(
        lambda: (
            convolution("winograd", activation, x, w, pool=True),
            convolution("winograd", "none", x, w),
        )
    ):
        corners = [plain[:, i:8:2, j::2] for i in (0, 1) for j in (0, 1)]
        np.testing.assert_array_equal(actual, RECTIFIED[activation](np.max(corners, axis=0)))


@pytest.mark.parametrize("activation", RECTIFIED)
@pytest.mark.parametrize(("m", "k", "n"), [(1, 70, 90), (3, 5, 37), (40, 70, 90), (40, 0, 9)])
def test_of_a_product(activation, m, k, n):
    a, b = 3 * normal((m, k), 1), normal((k, n), 2)
    bias = np.linspace(-9, 9, n, dtype=np.float32)
    c, plain = np.empty((m, n), np.float32), np.empty((m, n), np.float32)

    def call():
        gemm(a, b, c, 1.0, 0.0, bias, activation)
        gemm(a, b, plain, 1.0, 0.0, bias)
        return c.copy(), plain.copy()

    for _, (actual, without) in on_every_isa(call):
        np.testing.assert_array_equal(actual, RECTIFIED[activation](without))
        assert without.min() < 0 < 6 < without.max()


def test_other_activations_are_refused():
    with pytest.raises(ValueError, match="must be 'none', 'relu' or 'relu6' inside a kernel"):
        convolution("direct", "tanh", np.zeros((2, 9, 8, 5)), np.zeros((3, 3, 5, 37)))
