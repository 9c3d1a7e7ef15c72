"""The drawn shapes: form, repeatability, and that each class looks like itself."""

import numpy as np
import pytest

from fastconv.datasets import _shape_outlines, shapes


def test_form():
    (x_train, y_train), (x_test, y_test) = shapes.load_data(n_train=1100, n_test=30)
    assert x_train.shape == (1100, 32, 32, 3)
    assert x_test.shape == (30, 32, 32, 3)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert x_train.flags.c_contiguous
    assert len(shapes.CLASSES) == 10
    assert list(shapes.CLASSES) == sorted(set(shapes.CLASSES))
    # Whole chunks hold every class equally often.
    assert np.bincount(y_train[:1000]).tolist() == [100] * 10


def test_same_seed_same_images():
    first = shapes.load_data(n_train=40, n_test=20, seed=3)
    again = shapes.load_data(n_train=40, n_test=20, seed=3)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_a_larger_set_begins_with_the_smaller():
    (small, y_small), _ = shapes.load_data(n_train=510, n_test=0)
    (large, y_large), _ = shapes.load_data(n_train=900, n_test=0)
    np.testing.assert_array_equal(large[:510], small)
    np.testing.assert_array_equal(y_large[:510], y_small)


def test_seeds_and_parts_differ():
    (x, _), (x_test, _) = shapes.load_data(n_train=50, n_test=50, seed=0)
    (other, _), _ = shapes.load_data(n_train=50, n_test=50, seed=1)
    assert not np.array_equal(x, x_test)
    assert not np.array_equal(x, other)


def test_empty_parts():
    (x_train, y_train), (x_test, _) = shapes.load_data(n_train=0, n_test=0)
    assert x_train.shape == x_test.shape == (0, 32, 32, 3)
    assert y_train.shape == (0,)


@pytest.mark.parametrize("argument", ["n_train", "n_test", "seed"])
@pytest.mark.parametrize(("value", "error"), [(-1, ValueError), (1.5, TypeError), ("9", TypeError)])
def test_wrong_arguments(argument, value, error):
    with pytest.raises(error, match=f"shapes.load_data: {argument} must be .*; received"):
        shapes.load_data(**{argument: value})


def test_images_are_varied_and_not_saturated():
    (x, _), _ = shapes.load_data(n_train=500, n_test=0)
    assert 60 < x.mean() < 130
    assert np.mean(x == 255) < 0.02
    assert x.reshape(500, -1).mean(axis=1).std() > 10


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("arrow", [(0.8, 0), (-0.9, 0)], [(-0.5, 0.5), (0.8, 0.4)]),
        ("circle", [(0, 0), (0.6, 0.6)], [(0.7, 0.7)]),
        ("crescent", [(-0.7, 0)], [(0, 0), (0.9, 0)]),
        ("cross", [(0.9, 0), (0, 0.9), (0, 0)], [(0.5, 0.5)]),
        ("heart", [(0, 0), (0.4, 0.5), (0, -0.7)], [(0, 0.8), (0.6, -0.6)]),
        ("hourglass", [(0, 0.7), (0.5, -0.8)], [(0.5, 0), (0, 1)]),
        ("ring", [(0.7, 0), (0, -0.7)], [(0, 0), (0.7, 0.7)]),
        ("square", [(0.7, 0.7), (0, 0)], [(0.9, 0)]),
        ("star", [(0, 0), (0, 0.9), (0.8, 0.3)], [(0, -0.7), (0.6, 0.7)]),
        ("triangle", [(0, 0.9), (0.8, -0.45), (0, 0)], [(0.6, 0.5), (0, -0.6)]),
    ],
)
def test_outlines(name, inside, outside):
    assert name in shapes.CLASSES
    outline = getattr(_shape_outlines, name)
    u, v = np.array(inside, float).T
    assert (outline(u, v) < 0).all()
    u, v = np.array(outside, float).T
    assert (outline(u, v) > 0).all()


@pytest.mark.parametrize("name", shapes.CLASSES)
def test_outlines_fit_into_the_unit_circle(name):
    u, v = np.meshgrid(np.linspace(-2, 2, 201), np.linspace(-2, 2, 201))
    inside = getattr(_shape_outlines, name)(u, v) < 0
    assert np.hypot(u, v)[inside].max() < 1.1
    assert 0.1 < inside.mean() * 16 / np.pi < 0.9  # a fair share of the circle
