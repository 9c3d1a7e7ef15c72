"""The recipes: their numbers, their networks, and a training in one piece."""

import dataclasses

import numpy as np
import pytest

from fastconv import recipes
from fastconv.layers import BatchNormalization, Conv2D, Whitening
from fastconv.recipes.recipe import evenly_spaced, pixel_statistics


def light_images(count=24, size=16):
    random = np.random.default_rng(3)
    y = random.integers(0, 3, count)
    noise = random.integers(0, 40, (count, size, size, 3))
    return (noise + 80 * y[:, None, None, None]).astype(np.uint8), y


def test_the_published_numbers():
    recipe = recipes.get("fast94")
    x = np.random.default_rng(1).integers(0, 256, (50, 32, 32, 3), dtype=np.uint8)
    model = recipe.network(x, 10, seed=1)
    recipe.prepare(model, 50_000)
    assert sum(recipe.steps(50_000)) == 476
    trained = sum(p.size for p in model.parameters if p.trainable)
    assert trained == 24 + 10 * 256 + sum(
        9 * a * b + b for a, b in ((24, 64), (64, 64), (64, 256), *((256, 256),) * 3)
    )
    optimizer = model.optimizer
    assert optimizer.learning_rate == pytest.approx(0.2 * 11.5 / 7850.67, rel=1e-5)
    assert optimizer.weight_decay == pytest.approx(1.3624, abs=1e-4)
    assert not optimizer.decoupled_weight_decay
    (biases,) = optimizer.groups
    assert biases.weight_decay * 64 == optimizer.weight_decay
    optimizer.iterations = 109
    assert optimizer.learning_rate == pytest.approx(1.4648e-3, rel=1e-4)
    optimizer.iterations = 476
    assert optimizer.learning_rate == pytest.approx(0.07 * 1.4648e-3, rel=1e-4)
    assert optimizer.lookahead.total_steps == 476
    assert optimizer.lookahead.decay_at(238) == pytest.approx(0.95**5 / 8)


def test_the_network():
    x, _ = light_images()
    model = recipes.get("fast93").network(x, 3, seed=2)
    layers = {kind: [la for la in model.layers if isinstance(la, kind)] for kind in
              (Conv2D, BatchNormalization, Whitening)}  # fmt: skip
    (whitening,) = layers[Whitening]
    mean, std = x.mean((0, 1, 2), dtype=np.float64), x.std((0, 1, 2), dtype=np.float64)
    inputs = (x - mean) / std
    expected = type(whitening)(2)
    expected.adapt(inputs)
    np.testing.assert_allclose(whitening.kernel.value, expected.kernel.value, rtol=1e-3, atol=1e-3)
    pixels = model.get_layer("pixels")
    np.testing.assert_allclose(pixels(x.astype(np.float32)), inputs, atol=1e-4)
    for conv in layers[Conv2D][1:]:
        copied = min(conv.kernel.shape[2:])
        np.testing.assert_array_equal(conv.kernel.value[1, 1, :copied, :copied], np.eye(copied))
    assert all(la.gamma is None for la in layers[BatchNormalization])


def test_a_training_in_one_piece():
    x, y = light_images()
    small = {"widths": (8, 8), "convolutions": (2, 1), "batch_size": 8}
    # The loss is summed over a few images only.
    recipe = dataclasses.replace(recipes.get("fast79"), epochs=9, learning_rate=100.0, **small)
    model = recipe.fit(x, y, 3, seed=1)
    assert model.optimizer.iterations == 27
    assert not model.get_layer("whitening").trainable
    again = recipe.fit(x, y, 3, seed=1)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (model.predict(x).argmax(1) == y).mean() > 0.6


def test_the_last_epoch_begins_like_any_other_and_ends_sooner():
    x, y = light_images()
    small = {"widths": (8,), "convolutions": (1,), "batch_size": 4, "bias_epochs": 9}
    recipe = dataclasses.replace(recipes.get("fast79"), epochs=1.5, **small)
    assert recipe.steps(24) == [6, 3]
    model, other = recipe.fit(x, y, 3, seed=1), recipe.build(x, 3, seed=1)
    batches = recipe.batches(x, y, seed=1)
    first, second = list(batches), list(batches)
    for batch in first + second[:3]:
        other.train_on_batch(*batch)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_unknown_recipe():
    with pytest.raises(ValueError, match="did you mean 'fast94'"):
        recipes.get("fast95")


@pytest.mark.parametrize("shape", [(3, 5, 4, 3), (9000, 4, 2, 1)])
def test_pixel_statistics(shape):
    x = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    x[: shape[0] // 2] = 255
    mean, variance = pixel_statistics(x)
    np.testing.assert_allclose(mean, x.mean((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(variance, x.var((0, 1, 2)), rtol=1e-9)


def test_images_from_everywhere():
    assert evenly_spaced(np.arange(50_000)).tolist() == list(range(0, 50_000, 10))
    assert evenly_spaced(np.arange(30), 20).tolist() == list(range(0, 30, 2))
    assert len(evenly_spaced(np.arange(7))) == 7
