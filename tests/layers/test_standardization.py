"""Normalization by numbers that are given or found by adapt."""

import numpy as np
import pytest
from closeness import EPSILON

from fastconv.layers import Dense, Flatten, Input, Normalization
from fastconv.models import Sequential, load_model
from fastconv.testing import check_gradients

X = np.random.default_rng(3).normal(5, [1, 2, 10], (600, 4, 5, 3)).astype(np.float32)


def expected(x, rest, invert=False):
    x = x.astype(np.float64)
    mean, root = x.mean(axis=rest, keepdims=True), x.std(axis=rest, keepdims=True)
    return x * root + mean if invert else (x - mean) / root


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize(
    ("axis", "rest"),
    [(-1, (0, 1, 2)), (None, (0, 1, 2, 3)), ((1, 3), (0, 2)), ((1, 2, 3), 0), (2, (0, 1, 3))],
)
def test_adapt(axis, rest, invert):
    layer = Normalization(axis, invert=invert)
    layer.adapt(X)
    wanted = expected(X, rest, invert)
    # x and the mean are rounded before the division by the deviation.
    bound = 8 * EPSILON * abs(X).max() * (X.std() if invert else 1 / X[..., 0].std())
    np.testing.assert_allclose(layer(X), wanted, rtol=0, atol=bound)
    kept = [n for k, n in enumerate(X.shape) if k not in np.atleast_1d(rest)]
    assert [w.shape for w in layer.get_weights()] == [tuple(kept)] * 2
    assert not any(p.trainable for p in layer.parameters)


def test_adapt_to_batches_is_adapt_to_all():
    whole = Normalization()
    whole.adapt(X)
    for batches in ([X[:100], X[100:]], ((X[i : i + 7], 0) for i in range(0, 600, 7))):
        layer = Normalization()
        layer.adapt(batches)
        for a, b in zip(layer.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=2 * EPSILON)


def test_bytes_and_small_variances():
    pixels = np.random.default_rng(0).integers(0, 256, (9, 4, 4, 3), np.uint8)
    pixels[..., 2] = 7
    layer = Normalization()
    layer.adapt(pixels)
    y = layer(pixels)
    np.testing.assert_array_equal(y, layer(pixels.astype(np.float32)))
    np.testing.assert_array_equal(y[..., 2], 0)  # not divided by zero


def test_given_numbers():
    x = np.array([[1.0, 2], [3, 7]])
    np.testing.assert_array_equal(Normalization(mean=3, variance=4)(x), (x - 3) / 2)
    y = Normalization(mean=[1, 3], variance=[4, 16])(x)
    np.testing.assert_array_equal(y, (x - [1, 3]) / [2, 4])
    assert Normalization(axis=(1, 2), mean=[1, 3], variance=[4, 16])(X[:, :, :2, 0]).shape == (
        600, 4, 2,
    )  # fmt: skip


def test_gradients():
    layer = Normalization(axis=(1, 3))
    layer.adapt(X)
    check_gradients(layer, X[:3])


def test_a_model_adapted_after_it_was_used(tmp_path):
    model = Sequential([Input((4, 5, 3)), Normalization(), Flatten(), Dense(2)], seed=1)
    model.compile("sgd", "mse")
    before = model.predict(X)
    model.layers[0].adapt(X)
    after = model.predict(X)
    assert not np.allclose(before, after)
    model.fit(X, np.zeros((600, 2)), verbose=0)
    np.testing.assert_allclose(model.layers[0].get_weights()[0], X.mean(axis=(0, 1, 2)), rtol=1e-5)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


WRONG = [
    (lambda: Normalization(axis=0), ValueError, "axis must not be 0"),
    (lambda: Normalization(axis="all"), TypeError, "axis must be a whole number"),
    (lambda: Normalization(mean=1), ValueError, "must be given together"),
    (lambda: Normalization(mean=1, variance=[1, 2]), ValueError, "must have one shape"),
    (lambda: Normalization(mean=[1, 2], variance=[1, 2])(X), ValueError, r"spread over \(3,\)"),
    (lambda: Normalization(mean=1, variance=1).adapt(X), ValueError, "received them already"),
    (lambda: Normalization().adapt([]), ValueError, "adapt needs samples"),
    (lambda: Normalization().adapt(["a"]), TypeError, "real numbers|float32"),
    (lambda: Normalization(axis=7)(X), ValueError, "axis must be one of x"),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_adapt_to_other_shapes():
    layer = Normalization()
    layer.adapt(X)
    with pytest.raises(ValueError, match=r"built for \(3,\) along its axes; received \(2,\)"):
        layer.adapt(X[..., :2])
