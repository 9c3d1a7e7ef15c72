"""The zoo: the published sizes, and recipes."""

import numpy as np
import pytest

from fastconv.initializers import GlorotUniform, HeNormal
from fastconv.layers import Add
from fastconv.models import zoo
from fastconv.optimizers import SGD, Adam


def test_the_table_network():
    model = zoo.build("cifar10", (32, 32, 3), 10, seed=1)
    assert model.count_params() == 3_247_422
    shapes, shape = [], (32, 32, 3)
    for layer in model.layers:
        shape = layer.compute_output_shape(shape)
        shapes.append(shape)
    assert [s for s in shapes if len(s) == 1] == [(2048,), (1500,), (1500,), (10,)]
    assert shapes[-6] == (4, 4, 128)
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    probabilities = model.predict(images)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_as_published_has_no_dropout_and_two_softmaxes():
    model = zoo.build("cifar10", (32, 32, 3), 10, seed=1, as_published=True)
    assert model.count_params() == 3_247_422
    kinds = [type(layer).__name__ for layer in model.layers]
    assert "Dropout" not in kinds
    assert kinds[-1] == "Softmax"
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    assert model.predict(images).max() <= np.e / (np.e + 9) + 1e-6
    floor = np.log(np.e + 9) - 1
    assert model.evaluate(images, [0, 1, 2, 3], verbose=0)[0] >= floor
    assert not zoo.recipe("cifar10", as_published=True).shuffle


def test_the_mnist_network():
    model = zoo.build("mnist", (28, 28, 1), 10, seed=1)
    assert model.count_params() == 3 * 3 * 32 + 32 + 13 * 13 * 32 * 100 + 100 + 1010
    assert isinstance(model.optimizer, SGD)
    assert model.optimizer.momentum == 0.9


def test_the_table_recipe():
    how = zoo.recipe("cifar10")
    assert (how.batch_size, how.epochs, how.shuffle) == (128, 60, True)
    optimizer = how.make_optimizer(how.learning_rate)
    assert isinstance(optimizer, Adam)
    assert (optimizer.learning_rate, optimizer.epsilon) == (1e-3, 1e-8)
    assert [how.schedule(epoch) for epoch in (0, 19, 20, 39, 40, 59)] == [
        1,
        1,
        0.1,
        0.1,
        0.01,
        0.01,
    ]


SMALL = (
    "cifar10", "mnist", "lenet5", "cats_dogs", "time_series", "cifar_resnet18",
    "cifar_mobilenet_v2",
)  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_every_network_takes_a_step(name):
    model = zoo.build(name, (28, 28, 2), 4, seed=3)
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (6, 28, 28, 2), np.uint8), rng.integers(0, 4, 6)
    before = model.get_weights()
    assert np.isfinite(model.train_on_batch(images, labels)).all()
    assert all(
        not np.array_equal(now, then) for now, then in zip(model.get_weights(), before, strict=True)
    )


# Trainable parameters, as published: at the network's own size, with its own number of classes.
COUNTS = [
    ("lenet5", (32, 32, 1), 10, 61_706),
    ("lenet5", (28, 28, 1), 10, 61_706),
    ("vgg16", (32, 32, 3), 1000, 14_714_688 + 513 * 4096 + 4097 * (4096 + 1000)),
    ("resnet18", (64, 64, 3), 1000, 11_689_512),
    ("resnet50", (64, 64, 3), 1000, 25_557_032),
    ("cifar_resnet18", (32, 32, 3), 10, 11_173_962),
    ("cifar_resnet50", (32, 32, 3), 10, 23_520_842),
    ("mobilenet_v2", (64, 64, 3), 1000, 3_504_872),
    ("cifar_mobilenet_v2", (32, 32, 3), 10, 2_236_682),
    pytest.param("vgg16", (224, 224, 3), 1000, 138_357_544, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "shape", "classes", "count"), COUNTS)
def test_published_sizes(name, shape, classes, count, monkeypatch):
    # Only the shapes count here: drawing 138 million weights would take seconds.
    for cls in (GlorotUniform, HeNormal):
        monkeypatch.setattr(cls, "draw", lambda self, rng, shape: np.broadcast_to(0.0, shape))
    model = zoo.build(name, shape, classes, seed=1)
    assert sum(p.size for p in model.trainable_weights) == count
    assert model.output_shape == (None, classes)


def maps(name, shape):
    """The shapes of the sums in a residual network."""
    model = zoo.build(name, shape, 10, seed=1)
    sums = [layer for layer in model.layers if isinstance(layer, Add)]
    return list(dict.fromkeys(layer.output_shape[1:] for layer in sums))


def test_maps_of_the_residual_networks():
    assert maps("cifar_resnet18", (32, 32, 3)) == [
        (32, 32, 64), (16, 16, 128), (8, 8, 256), (4, 4, 512),
    ]  # fmt: skip
    assert maps("resnet18", (64, 64, 3)) == [
        (16, 16, 64), (8, 8, 128), (4, 4, 256), (2, 2, 512),
    ]  # fmt: skip
    assert maps("cifar_mobilenet_v2", (32, 32, 3)) == [
        (32, 32, 24), (16, 16, 32), (8, 8, 64), (8, 8, 96), (4, 4, 160),
    ]  # fmt: skip


def test_what_a_network_is_made_for():
    assert zoo.made_for("resnet50") == zoo.made_for("mobilenet_v2") == ((224, 224, 3), 1000)
    assert zoo.made_for("cifar_resnet18") == ((32, 32, 3), 10)


def test_cats_and_dogs():
    model = zoo.build("cats_dogs", (300, 300, 3), 2, seed=1)
    assert model.get_layer("max_pooling2d").output_shape == (None, 148, 148, 32)
    assert model.count_params() == 5 * 5 * 3 * 32 + 32 + 148 * 148 * 32 * 2 + 2


def test_errors():
    with pytest.raises(ValueError, match=r"name must be one of .*\(did you mean 'cifar10'\?\)"):
        zoo.build("cifar", (32, 32, 3), 10)
    with pytest.raises(ValueError, match="the window must fit into the padded input"):
        zoo.build("cifar10", (4, 4, 3), 10)


@pytest.mark.parametrize("length", [24, None])
def test_the_network_for_time_series_takes_a_step(length):
    model = zoo.build("time_series", (length, 2), 3, seed=3)
    rng = np.random.default_rng(0)
    series, labels = rng.standard_normal((6, 24, 2), np.float32), rng.integers(0, 3, 6)
    before = model.get_weights()
    assert np.isfinite(model.train_on_batch(series, labels)).all()
    for now, then in zip(model.get_weights(), before, strict=True):
        assert not np.array_equal(now, then)
