"""Resized images: bicubic, Lanczos, antialiased; cropped and padded to keep proportions."""

import numpy as np
import pytest
from PIL import Image

from fastconv import Input, Model
from fastconv import reference as ref
from fastconv.layers import Conv2D, Flatten, Resizing
from fastconv.testing import check_gradients

EPS = np.finfo(np.float32).eps
SIZES = [(3, 16), (14, 4), (7, 8), (1, 1), (20, 19)]
X = np.random.default_rng(5).uniform(-1, 1, (2, 7, 8, 3)).astype(np.float32)
HOW = [
    ("bilinear", True), ("bicubic", False), ("bicubic", True), ("lanczos3", False),
    ("lanczos5", True), ("nearest", True),
]  # fmt: skip


def near(actual, expected, largest=1.0):
    """Sums of at most 20 + 19 terms, and a rounding of each weight; the weights along an axis have
    sizes that add up to less than 2.5."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=45 * EPS * 2.5**2 * largest)


@pytest.mark.parametrize(("interpolation", "antialias"), HOW)
@pytest.mark.parametrize("size", SIZES)
def test_as_defined(size, interpolation, antialias):
    layer = Resizing(*size, interpolation, antialias=antialias)
    near(layer(X), ref.resize(X, size, interpolation, antialias))
    dy = np.random.default_rng(6).uniform(-1, 1, (2, *size, 3)).astype(np.float32)
    wanted = ref.resize_backward(dy, X.shape, interpolation, antialias)
    # Up to every pixel of the result goes into one of the source's.
    near(layer.backward(dy), wanted, largest=2.5**2 * max(1, dy[0, ..., 0].size / 56))
    pixels = (127 * (X + 1)).astype(np.uint8)
    near(layer(pixels), ref.resize(pixels, size, interpolation, antialias), largest=255)


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("size", SIZES)
def test_the_definition_says_what_reading_at_points_does(size, interpolation):
    near(Resizing(*size, interpolation)(X), ref.resize(X, size, interpolation))


@pytest.mark.parametrize(
    ("interpolation", "theirs"),
    [
        ("bilinear", Image.Resampling.BILINEAR),
        ("bicubic", Image.Resampling.BICUBIC),
        ("lanczos3", Image.Resampling.LANCZOS),
    ],
)
@pytest.mark.parametrize("size", SIZES)
def test_as_pillow(size, interpolation, theirs):
    """Pillow antialiases, and resizes along the columns first."""
    channels = [Image.fromarray(channel) for channel in np.moveaxis(X[0], 2, 0)]
    wanted = [np.asarray(channel.resize(size[::-1], theirs)) for channel in channels]
    ours = Resizing(*size, interpolation, antialias=True)(X[:1])
    near(ours[0], np.stack(wanted, axis=2))


@pytest.mark.parametrize(("interpolation", "antialias"), HOW)
@pytest.mark.parametrize("size", [(2, 2), (5, 9), (12, 3)])
def test_proportions(size, interpolation, antialias):
    """The same as resizing the cropped, or the padded, image."""
    how = {"interpolation": interpolation, "antialias": antialias}
    wide = X[:, :4]  # 4 x 8
    height = min(4, 8 * size[0] // size[1])
    width = min(8, 4 * size[1] // size[0])
    top, left = (4 - height) // 2, (8 - width) // 2
    cut = wide[:, top : top + height, left : left + width]
    near(
        Resizing(*size, crop_to_aspect_ratio=True, **how)(wide),
        ref.resize(cut, size, interpolation, antialias),
    )
    above = (max(4, 8 * size[0] // size[1]) - 4) // 2
    before = (max(8, 4 * size[1] // size[0]) - 8) // 2
    edges = ((0, 0), (above, above), (before, before), (0, 0))
    padded = np.pad(wide.astype(float), edges, constant_values=5)
    layer = Resizing(*size, pad_to_aspect_ratio=True, fill_value=5, **how)
    near(layer(wide), ref.resize(padded, size, interpolation, antialias), largest=5)
    dy = np.ones((2, *size, 3), np.float32)
    wanted = ref.resize_backward(dy, padded.shape, interpolation, antialias)
    wanted = wanted[:, above : above + 4, before : before + 8]
    near(layer.backward(dy), wanted, largest=2.5**2 * size[0] * size[1] / 32 + 1)


def test_whole_areas_count():
    """Without `antialias`, half of these stripes would not be seen."""
    stripes = np.tile([0.0, 0.0, 0.0, 8.0], (1, 16, 4))[..., None]
    assert not Resizing(4, 4, "nearest")(stripes).any()
    seen = Resizing(4, 4, "bilinear", antialias=True)(stripes)
    assert seen.min() > 1


def test_a_network_learns_through_it_and_sizes_may_be_open():
    x = Input((6, 5, 2))
    resized = Resizing(4, 3, "bicubic", antialias=True)(Conv2D(2, 3, padding="same")(x))
    check_gradients(Model(x, Flatten()(resized), seed=3), X[:, :6, :5, :2])
    x = Input((None, None, 3))
    model = Model(x, Resizing(4, 6, "lanczos3")(x))
    assert model.output_shape == (None, 4, 6, 3)
    for image in (X, X[:, :5]):
        near(model.predict(image, verbose=0), ref.resize(image, (4, 6), "lanczos3"))
