"""Adjusted colors, channel means, clipped gradients and noise, against their definitions."""

import numpy as np
import pytest
from kernel_checks import EPS, assert_within, bound, misaligned, normal, on_every_isa

from fastconv import reference as ref
from fastconv.kernels.images.adjust import adjust, channel_means, clip_bwd, erase_with_noise

SHAPES = [(2, 5, 3), (1, 9000, 1), (3, 1, 17), (2, 700, 33)]


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("rows", "columns"), [(True, True), (True, False), (False, True)])
def test_adjust(shape, rows, columns, dtype):
    x = misaligned(normal(shape, 1), 4) if dtype == np.float32 else (
        np.arange(np.prod(shape)) % 251).astype(np.uint8).reshape(shape)  # fmt: skip
    size = (shape[0] if rows else 1, shape[2] if columns else 1)
    scale, shift = normal(size, 2), normal(size, 3)
    exact = x.astype(np.float64) * scale[:, None] + shift[:, None]
    low, high = np.float32(np.quantile(exact, [0.2, 0.8]))

    def run():
        y = np.full(shape, np.nan, np.float32)
        adjust(x, y, scale, shift, low, high)
        return y

    magnitude = abs(x.astype(np.float64) * scale[:, None]) + abs(shift[:, None])
    for _, y in on_every_isa(run):
        assert_within(y, np.clip(exact, low, high), bound(magnitude, 2))


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("shape", SHAPES)
def test_channel_means(shape, dtype):
    x = (100 * normal(shape, 1)).astype(dtype)

    def run():
        means = np.full((shape[0], shape[2]), np.nan, np.float32)
        channel_means(x, means)
        return means

    exact = x.astype(np.float64).mean(axis=1)
    for _, means in on_every_isa(run):
        slack = shape[1] * np.finfo(np.float64).eps * abs(x.astype(np.float64)).mean(axis=1)
        assert_within(means, exact, EPS * abs(exact) + slack)


def test_clip_bwd():
    dy, y = normal((2, 4500, 2), 1), np.clip(normal((2, 4500, 2), 2), -0.5, 0.25)
    y[0, 0] = np.nan

    def run():
        dx = dy.copy()
        clip_bwd(dx, y, dx, -0.5, 0.25)
        return dx

    for _, dx in on_every_isa(run):
        np.testing.assert_array_equal(dx, ref.clip_backward(dy, y, -0.5, 0.25))


def test_nan_and_infinities_go_through():
    x = np.array([np.nan, np.inf, -np.inf, 1], np.float32).reshape(1, 4, 1)
    one, y = np.ones((1, 1), np.float32), np.empty((1, 4, 1), np.float32)
    adjust(x, y, one, one, 0.0, 5.0)
    np.testing.assert_array_equal(y.ravel(), [np.nan, 5, 0, 2])
    adjust(x, y, one, one, -np.inf, np.inf)
    np.testing.assert_array_equal(y.ravel(), [np.nan, np.inf, -np.inf, 2])


def test_noise_fills_the_boxes():
    box = np.array([[0, 0, 5, 7], [1, 2, 4, 3], [2, 2, 2, 7], [3, 5, 4, 7]])
    seed, step = 2**40 + 5, 2**33 + 1

    def run():
        y = np.full((4, 5, 7, 3), 9, np.float32)
        erase_with_noise(y, box, seed, step, 2.0, -1.5, 3.0)
        return y

    normals = ref.normal_numbers(4 * 5 * 7 * 3, seed, step).reshape(4, 5, 7, 3)
    expected = ref.erase(np.full((4, 5, 7, 3), 9.0), box, np.clip(2 * normals, -1.5, 3))
    for _, y in on_every_isa(run):
        assert_within(y, expected, 4 * EPS * abs(expected))


def test_normal_numbers_are_normal():
    numbers = ref.normal_numbers(40_001, 7)
    assert abs(numbers.mean()) < 4 / 200  # four standard errors
    assert abs(numbers.std() - 1) < 4 / np.sqrt(2 * 40_000)
    assert abs((abs(numbers) < 1.96).mean() - 0.95) < 4 * np.sqrt(0.05 * 0.95 / 40_000)
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 4 / 200


def test_what_does_not_fit_is_refused():
    x, y = np.zeros((2, 3, 4), np.float32), np.zeros((2, 3, 4), np.float32)
    one = np.ones((1, 1), np.float32)
    with pytest.raises(ValueError, match="arrays must have one shape"):
        adjust(x, y[:, :2].copy(), one, one, 0.0, 1.0)
    with pytest.raises(ValueError, match=r"scale must be \(2 or 1, 4 or 1\); received \(1, 3\)"):
        adjust(x, y, np.ones((1, 3), np.float32), one, 0.0, 1.0)
    with pytest.raises(ValueError, match=r"means must be \(2, 4\)"):
        channel_means(x, one)
    with pytest.raises(ValueError, match="must have a pixel"):
        channel_means(np.zeros((2, 0, 4), np.float32), np.zeros((2, 4), np.float32))
    images = np.zeros((1, 3, 3, 1), np.float32)
    with pytest.raises(ValueError, match="boxes must lie within"):
        erase_with_noise(images, np.array([[0, 0, 4, 1]]), 1, 1, 1.0, 0.0, 1.0)
    with pytest.raises(ValueError, match=r"box must be \(1, 4\)"):
        erase_with_noise(images, np.zeros((2, 4), np.int64), 1, 1, 1.0, 0.0, 1.0)
