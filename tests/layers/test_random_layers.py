"""Layers that change images at random, against the definitions and Keras's formulas."""

import numpy as np
import pytest
from closeness import EPSILON, fill

import fastconv
from fastconv import reference as ref
from fastconv.kernels import _threads
from fastconv.layers import (
    CenterCrop,
    Conv2D,
    Dense,
    Flatten,
    Input,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
    Rescaling,
    Resizing,
)
from fastconv.models import Model, Sequential, load_model
from fastconv.testing import check_gradients

SEED = 11
X = np.random.default_rng(5).uniform(0, 255, (6, 7, 8, 3)).astype(np.float32)
SAME = [
    RandomFlip("horizontal", seed=SEED),
    RandomTranslation(0.3, 0.2, seed=SEED),
    RandomRotation(0.2, "constant", seed=SEED),
    RandomZoom(0.4, seed=SEED),
    RandomContrast(0.5, seed=SEED),
    RandomBrightness(0.4, seed=SEED),
    RandomErasing((1, 1), seed=SEED),
]
ALL = [*SAME, RandomCrop(4, 5, seed=SEED)]
NAMES = [type(layer).__name__ for layer in ALL]


def shares(rows, step=1, seed=SEED):
    """The numbers from 0 to 1 that the images of a step are given."""
    return ref.sample_words(np.arange(rows), seed, step) / 2.0**32


def between(low, high, share):
    return low + (high - low) * share


def drawn(layer, x=X):
    """The layer, as new: its first training step."""
    return type(layer).from_config(layer.get_config())(x, training=True)


def near(actual, expected, roundings=8, magnitude=255):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=roundings * EPSILON * magnitude)


@pytest.mark.parametrize("mode", ["horizontal", "vertical", "horizontal_and_vertical"])
def test_flip(mode):
    flipped = shares(6)[:, 0] < 0.5
    assert 0 < flipped.sum() < 6
    axes = tuple(k for k, name in ((1, "vertical"), (2, "horizontal")) if name in mode)
    expected = np.where(flipped[:, None, None, None], np.flip(X, axes), X)
    np.testing.assert_array_equal(drawn(RandomFlip(mode, seed=SEED)), expected)


def test_crop():
    share = shares(6)
    corners = np.floor(share[:, :2] * [7 - 4 + 1, 8 - 5 + 1]).astype(int)
    assert len({tuple(corner) for corner in corners}) > 2
    expected = [x[i : i + 4, j : j + 5] for x, (i, j) in zip(X, corners, strict=True)]
    np.testing.assert_array_equal(drawn(RandomCrop(4, 5, seed=SEED)), expected)


def test_crop_of_one_side_only():
    y = drawn(RandomCrop(7, 2, seed=SEED))
    for image, found in zip(X, y, strict=True):
        assert any((image[:, j : j + 2] == found).all() for j in range(7))


@pytest.mark.parametrize("layer", [RandomCrop(4, 4), CenterCrop(9, 9), RandomCrop(9, 9)])
def test_what_is_no_window_is_cut_to_the_proportions_and_resized(layer):
    size = layer.height
    length = 7  # of the largest square of 7 x 8
    at = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
    expected = ref.resample(X, at[:, None], at[None])
    near(layer(X), expected)
    if size == 9:
        near(drawn(layer), expected)


def test_center_crop():
    np.testing.assert_array_equal(CenterCrop(4, 5)(X), X[:, 1:5, 1:6])
    np.testing.assert_array_equal(CenterCrop(7, 8)(X), X)


@pytest.mark.parametrize("fill_mode", ["reflect", "wrap", "constant", "nearest"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_translation(fill_mode, interpolation):
    layer = RandomTranslation((-0.1, 0.9), (-1, 0.5), fill_mode, interpolation, SEED, 7.0)
    share = shares(6)
    rows = np.arange(7) - 7 * between(-0.1, 0.9, share[:, :1])
    columns = np.arange(8) - 8 * between(-1, 0.5, share[:, 1:2])
    expected = extended(X, rows, columns, interpolation, fill_mode)
    near(drawn(layer), expected)


@pytest.mark.parametrize("across", [None, (-0.5, -0.1)])
def test_zoom(across):
    share = shares(6)
    down = 1 + between(-0.3, 0.3, share[:, :1])
    over = down if across is None else 1 + between(*across, share[:, 1:2])
    rows = 3 + (np.arange(7) - 3) * down
    columns = 3.5 + (np.arange(8) - 3.5) * over
    near(drawn(RandomZoom(0.3, across, seed=SEED)), extended(X, rows, columns), 16)


def test_rotation():
    angle = 2 * np.pi * between(-0.4, 0.4, shares(6)[:, 0])[:, None, None]
    down, right = np.indices((7, 8)) - np.array([3, 3.5])[:, None, None]
    rows = 3 + np.sin(angle) * right + np.cos(angle) * down
    columns = 3.5 + np.cos(angle) * right - np.sin(angle) * down
    expected = ref.resample(X, rows, columns, mode="symmetric")
    near(drawn(RandomRotation(0.4, seed=SEED)), expected, 16)


def test_a_quarter_turn_is_counter_clockwise():
    square = X[:, :, :7]
    turned = RandomRotation((0.25, 0.25))(square, training=True)
    near(turned, np.rot90(square, axes=(1, 2)), 16)


def extended(x, rows, columns, interpolation="bilinear", fill_mode="reflect"):
    mode = {"reflect": "symmetric", "nearest": "edge"}.get(fill_mode, fill_mode)
    return ref.resample(x, rows[:, :, None], columns[:, None], interpolation, mode, 7.0)


def test_contrast():
    factor = between(0.5, 1.25, shares(6)[:, 0])
    layer = RandomContrast((0.5, 0.25), seed=SEED)
    near(drawn(layer), ref.contrast(X, factor, 0, 255), 16)


def test_brightness():
    delta = 0.5 * between(-1, 0.5, shares(6)[:, 0])
    layer = RandomBrightness((-1, 0.5), (0.25, 0.75), SEED)
    near(drawn(layer, X / 255), ref.brightness(X / 255, delta, 0.25, 0.75), magnitude=1)


def test_erasing():
    x = np.zeros((500, 10, 20, 2), np.float32)
    y = drawn(RandomErasing((0.5, 0.9), (0.1, 0.4), fill_value=(3, 300), seed=SEED), x)
    touched = y.any(axis=(1, 2, 3))
    assert abs(touched.mean() - 0.7) < 4 * np.sqrt(0.21 / 500)
    sides = []
    for image in y[touched]:
        rows, columns = image[..., 0].any(axis=1), image[..., 0].any(axis=0)
        sides.append((rows.sum(), columns.sum()))
        box = image[np.ix_(rows, columns)]
        assert (box == [3, 255]).all()  # clipped to the range of values
        assert box.size == np.count_nonzero(image)
    low, high = np.sqrt(0.1), np.sqrt(0.4)
    sides = np.array(sides)
    assert (sides >= np.floor(low * np.array([10, 20]))).all()
    assert (sides <= np.ceil(high * np.array([10, 20])) + 1).all()
    assert len(np.unique(sides, axis=0)) > 10


def test_erasing_with_noise():
    y = drawn(
        RandomErasing((1, 1), (0.3, 0.3), value_range=(-2, 2), seed=SEED), 9 * np.ones_like(X)
    )
    noise = y[y != 9]
    assert noise.size > 6 * 3 * 12
    assert abs(noise.mean()) < 4 * 2 / np.sqrt(noise.size)
    assert (abs(noise) <= 2).all()
    assert len(np.unique(noise)) > noise.size // 4
    assert y[0][y[0] != 9][:4].tolist() != y[1][y[1] != 9][:4].tolist()


@pytest.mark.parametrize("layer", ALL, ids=NAMES)
def test_what_an_image_becomes_depends_on_seed_step_and_row_alone(layer):
    whole = drawn(layer)
    np.testing.assert_array_equal(drawn(layer, X[:2]), whole[:2])
    before, work = fastconv.get_num_threads(), _threads.set_work_per_thread(1.0)
    try:
        for team in (1, 2, 3):
            fastconv.set_num_threads(team)
            np.testing.assert_array_equal(drawn(layer), whole)
    finally:
        fastconv.set_num_threads(before)
        _threads.set_work_per_thread(work)
    again = type(layer).from_config(layer.get_config())
    first, second = again(X, training=True), again(X, training=True)
    np.testing.assert_array_equal(first, whole)
    assert not np.array_equal(first, second)
    other = type(layer).from_config({**layer.get_config(), "seed": 12})
    assert not np.array_equal(other(X, training=True), whole)


@pytest.mark.parametrize("layer", SAME, ids=NAMES[: len(SAME)])
def test_inference_changes_nothing(layer):
    np.testing.assert_array_equal(layer(X), X)
    pixels = X.astype(np.uint8)
    y = layer(pixels)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, pixels)


@pytest.mark.parametrize("layer", [*ALL, Resizing(5, 9), CenterCrop(3, 3)])
def test_bytes_are_taken_as_they_are(layer):
    pixels = X.astype(np.uint8)
    again = pixels.astype(np.float32)
    np.testing.assert_array_equal(drawn(layer, pixels), drawn(layer, again))


@pytest.mark.parametrize(
    "layer",
    [*ALL, Resizing(5, 9), Resizing(3, 4, "nearest"), Resizing(3, 9, "bicubic", antialias=True)],
)
def test_gradients(layer):
    again = type(layer).from_config(
        layer.get_config()
        | ({"value_range": (-1, 1)} if "value_range" in layer.get_config() else {})
    )
    check_gradients(again, fill((3, 7, 8, 2)))


def test_gradients_go_through_to_a_layer_before():
    x = Input((8, 8, 2))
    y = Conv2D(3, 3)(x)
    for layer in (RandomRotation(0.1), RandomZoom(0.1), RandomContrast(0.3, (-9, 9)), RandomFlip()):
        y = layer(y)
    model = Model(x, Dense(2)(Flatten()(RandomCrop(4, 4)(y))), seed=3)
    check_gradients(model, fill((2, 8, 8, 2)))


def network():
    model = Sequential(
        [
            Input((12, 12, 3)),
            RandomFlip(),
            RandomTranslation(0.1, 0.1),
            RandomRotation(0.05),
            RandomZoom(0.1),
            RandomContrast(0.2),
            RandomBrightness(0.1),
            RandomErasing(),
            RandomCrop(10, 10),
            Rescaling(1 / 255),
            Conv2D(4, 3, activation="relu"),
            Flatten(),
            Dense(3, activation="softmax"),
        ],
        seed=21,
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def test_a_model_goes_on_where_it_stopped(tmp_path):
    x = np.random.default_rng(1).integers(0, 256, (20, 12, 12, 3), np.uint8)
    y = np.arange(20) % 3
    whole, part = network(), network()
    whole.fit(x, y, batch_size=8, epochs=3, verbose=0)
    part.fit(x, y, batch_size=8, epochs=1, verbose=0)
    part.save(tmp_path / "model")
    part = load_model(tmp_path / "model")
    part.fit(x, y, batch_size=8, epochs=3, initial_epoch=1, verbose=0)
    for a, b in zip(whole.get_weights(), part.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(whole.predict(x), part.predict(x.astype(np.float32)))


def test_a_call_as_in_inference():
    x = Input((6, 6, 1))
    layer = RandomContrast(0.5)
    model = Model(x, [layer(x, training=False), layer(x)], seed=3)
    model.compile("sgd", ["mse", "mse"])
    images = X[:4, :6, :6, :1]
    # In training the first output is x itself, so its loss is 0; the second differs.
    _, first, second = model.train_on_batch(images, [images, images])[:3]
    assert first == 0 < second


WRONG = [
    (lambda: RandomFlip("horizontl"), ValueError, "did you mean 'horizontal'"),
    (lambda: RandomFlip(seed=-1), ValueError, "seed must be at least 0"),
    (lambda: RandomTranslation(1.5, 0), ValueError, "height_factor must be from -1 to 1"),
    (lambda: RandomTranslation(0, (1, 2, 3)), ValueError, "width_factor must be a number or"),
    (lambda: RandomZoom((-1, 0)), ValueError, "height_factor must be above -1 to 1"),
    (lambda: RandomZoom(0.1, "much"), TypeError, "width_factor must be a number"),
    (lambda: RandomRotation(0.1, "reflekt"), ValueError, "did you mean 'reflect'"),
    (lambda: RandomRotation(0.1, interpolation="cubic"), ValueError, "interpolation must be one"),
    (lambda: RandomContrast(-0.1), ValueError, "factor must be from 0 to 1"),
    (lambda: RandomContrast(0.1, (1, 0)), ValueError, "value_range must be .smallest, largest"),
    (lambda: RandomBrightness(2), ValueError, "factor must be from -1 to 1"),
    (lambda: RandomErasing(1.5), ValueError, "factor must be from 0 to 1"),
    (lambda: RandomErasing(fill_value="x"), TypeError, "fill_value must be a number"),
    (lambda: RandomErasing(fill_value=(1, 2))(X), ValueError, "a number for each of the 3"),
    (lambda: RandomErasing(fill_vlue=1), TypeError, "did you mean 'fill_value'"),
    (lambda: RandomCrop(0, 3), ValueError, "height must be at least 1"),
    (lambda: RandomCrop(3, 3)(X[0]), ValueError, "x must have the axes"),
    (lambda: RandomFlip()(X[0]), ValueError, "x must have the axes"),
    (lambda: Resizing(3, 3, "bicubik"), ValueError, "did you mean 'bicubic'"),
    (lambda: Resizing(3, 3, "nearest", True, True), ValueError, "at most one of"),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("size", [(3, 16), (14, 4), (7, 8), (1, 1)])
def test_resizing(size, interpolation):
    rows, columns = (
        np.clip((np.arange(new) + 0.5) * n / new - 0.5, 0, n - 1)
        for n, new in zip((7, 8), size, strict=True)
    )
    expected = ref.resample(X, rows[:, None], columns[None], interpolation)
    near(Resizing(*size, interpolation)(X), expected)


def test_resizing_keeps_the_proportions():
    wide = X[:, :4]  # 4 x 8
    near(Resizing(2, 2, crop_to_aspect_ratio=True)(wide), Resizing(2, 2)(wide[:, :, 2:6]))
    padded = np.pad(wide, ((0, 0), (2, 2), (0, 0), (0, 0)), constant_values=5)
    y = Resizing(5, 5, pad_to_aspect_ratio=True, fill_value=5)(wide)
    near(y, Resizing(5, 5)(padded))


def test_open_sizes():
    x = Input((None, None, 3))
    model = Model(x, Flatten()(Resizing(4, 4)(RandomFlip()(x))))
    assert model.output_shape == (None, 48)
    for image in (X, X[:, :5]):
        near(model.predict(image), Resizing(4, 4)(image).reshape(6, 48))
