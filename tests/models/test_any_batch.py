"""A sample's prediction has the same bits alone and in any batch, on any number of threads.

Any batch: where ``FASTCONV_BATCH_INVARIANT`` asks for it.
"""

import numpy as np
import pytest
from drawn_networks import networks, one_or_list
from hypothesis import Phase, given, settings

import fastconv
from fastconv import layers
from fastconv.kernels import _isa, _threads
from fastconv.plan.algorithms import nominal_batch

BATCHES = [1, 7, 128]
THREADS = [1, 2, 3, 4, 7, 8, 16]


@pytest.fixture(autouse=True)
def _invariant(monkeypatch):
    monkeypatch.setenv("FASTCONV_BATCH_INVARIANT", "1")
    threads, level = fastconv.get_num_threads(), _isa.active()
    work = _threads.set_work_per_thread(1.0)  # share even the smallest arrays
    yield
    _threads.set_work_per_thread(work)
    fastconv.set_num_threads(threads)
    _isa.use(level)


def as_list(outputs):
    return outputs if isinstance(outputs, list) else [outputs]


def check(model, xs, threads, batches=BATCHES):
    """Compares predictions in batches of each size with those of one thread and one batch."""
    fastconv.set_num_threads(1)
    expected = as_list(model.predict(one_or_list(xs), batch_size=len(xs[0]), verbose=0))
    for n in threads:
        fastconv.set_num_threads(n)
        for batch in batches:
            some = [x[: 3 * batch] for x in xs]
            found = as_list(model.predict(one_or_list(some), batch_size=batch, verbose=0))
            for y, z in zip(found, expected, strict=True):
                np.testing.assert_array_equal(
                    y, z[: 3 * batch], f"batches of {batch} on {n} threads", strict=True
                )


@pytest.mark.slow
@settings(max_examples=64, database=None, phases=[Phase.generate])
@given(networks())
def test_drawn_networks(network):
    model, _ = network.build(fastconv)
    rng = np.random.default_rng(network.seed)
    for weight in model.weights:  # moving statistics and biases other than 0 and 1, too
        weight.assign(rng.uniform(0.1, 0.9, weight.shape))
    check(model, [rng.normal(size=(128, *s)).astype(np.float32) for s in network.shapes], THREADS)


def convolutions():
    """Enough channels for Winograd's two ways, the direct one, and a product of matrices."""
    return (17, 15, 3), [
        layers.Conv2D(40, 3, padding="same", activation="relu"),
        layers.Conv2D(33, 5, padding="same", activation="gelu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(150, 3, padding="same", activation="relu"),
        layers.Conv2D(130, 3),
        layers.Conv2D(70, 1, activation="silu"),
    ]


def few_pixels():
    return (4, 4, 5), [
        layers.Conv2D(40, 3, padding="same"),
        layers.AveragePooling2D(2),
        layers.Conv2D(300, 1, activation="relu"),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]


def strides():
    return (16, 13, 8), [
        layers.Conv2D(24, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2DTranspose(20, 3, strides=2),
        layers.DepthwiseConv2D(3, strides=2),
        layers.SeparableConv2D(70, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
    ]


def dense():
    """Several pieces of the sum; columns in one and in several blocks."""
    return (1501,), [
        layers.Dense(700, activation="relu"),
        layers.LayerNormalization(),
        layers.Dense(65, activation="tanh"),
        layers.Dense(64),
        layers.Dense(10, activation="softmax"),
    ]


def series():
    return (50, 12), [
        layers.Conv1D(70, 5, activation="relu"),
        layers.BatchNormalization(),
        layers.Conv1D(32, 3, strides=2),
        layers.GlobalMaxPooling1D(),
        layers.Dense(80),
    ]


@pytest.mark.parametrize("level", _isa.available())
@pytest.mark.parametrize("network", [convolutions, few_pixels, strides, dense, series])
def test_every_algorithm(network, level):
    shape, parts = network()
    _isa.use(level)
    model = fastconv.Sequential([fastconv.Input(shape), *parts])
    x = np.random.default_rng(5).normal(size=(40, *shape)).astype(np.float32)
    check(model, [x], [1, 2, 5], [1, 2, 7, 13])


def test_what_a_model_did_before_changes_nothing(monkeypatch):
    """Without the switch: small batches have plans of their own, whatever larger ones there are."""
    monkeypatch.delenv("FASTCONV_BATCH_INVARIANT")
    shape, parts = convolutions()
    model = fastconv.Sequential([fastconv.Input(shape), *parts])
    x = np.random.default_rng(5).normal(size=(40, *shape)).astype(np.float32)
    alone = [model.predict(x[:n], batch_size=n, verbose=0) for n in (1, 7, 40)]
    again = [model.predict(x[:n], batch_size=n, verbose=0) for n in (40, 7, 1)]
    for y, z in zip(alone, reversed(again), strict=True):
        np.testing.assert_array_equal(y, z, strict=True)


def test_small_and_large_batches_in_turns_keep_their_plans(monkeypatch):
    monkeypatch.delenv("FASTCONV_BATCH_INVARIANT")
    model = fastconv.Sequential([fastconv.Input((6, 6, 2)), layers.Conv2D(3, 3)])
    made = []
    original = model.plans._make
    model.plans._make = lambda *how: made.append(how) or original(*how)
    x = np.zeros((20, 6, 6, 2), np.float32)
    for n in (20, 1, 20, 1, 3, 19):
        model.predict(x[:n], batch_size=n, verbose=0)
    assert [how[1] for how in made] == [20, 1, 3]


@pytest.mark.parametrize(
    ("batches", "invariant", "as_many"),
    [((1, 4), "", 1), ((5, 16), "", 8), ((17, 1000), "", 64), ((1, 4, 9, 500), "1", 32)],
)
def test_what_algorithms_are_chosen_for(monkeypatch, batches, invariant, as_many):
    monkeypatch.setenv("FASTCONV_BATCH_INVARIANT", invariant)
    assert {nominal_batch(n) for n in batches} == {as_many}
