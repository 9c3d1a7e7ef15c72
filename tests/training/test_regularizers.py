"""Regularizers: in the loss, in the gradients, in files."""

import numpy as np
import pytest

from fastconv import regularizers
from fastconv.layers import Conv2D, Dense, DepthwiseConv2D, Flatten, Input, SeparableConv2D
from fastconv.models import Sequential, load_model
from fastconv.regularizers import L1, L1L2, L2

RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 4, 4, 1)).astype(np.float32)
Y = RNG.standard_normal((6, 3)).astype(np.float32)


def network(**how):
    model = Sequential(
        [
            Input((4, 4, 1)),
            Conv2D(2, 3, bias_initializer="ones", **how),
            Flatten(),
            Dense(3, kernel_regularizer=how.get("kernel_regularizer")),
        ],
        seed=1,
    )
    model.compile("sgd", "mse")
    return model


def test_loss_and_gradients():
    how = {"kernel_regularizer": L1L2(0.1, 0.2), "bias_regularizer": "l2"}
    model, plain = network(**how), network()
    kernel, bias, last, _ = (w.astype(float) for w in plain.get_weights())
    penalty = sum(0.1 * np.abs(w).sum() + 0.2 * (w**2).sum() for w in (kernel, last))
    penalty += 0.01 * (bias**2).sum()
    loss = plain.test_on_batch(X, Y)
    assert model.test_on_batch(X, Y) == pytest.approx(loss + penalty, rel=1e-6)
    assert model.train_on_batch(X, Y) == pytest.approx(loss + penalty, rel=1e-6)
    plain.train_on_batch(X, Y)
    for p, q, extra in zip(
        model.parameters,
        plain.parameters,
        [*(0.1 * np.sign(w) + 0.4 * w for w in (kernel,)), 0.02 * bias,
         0.1 * np.sign(last) + 0.4 * last, 0],
        strict=True,
    ):  # fmt: skip
        np.testing.assert_allclose(p.grad, q.grad + extra, atol=1e-5)


def test_frozen_layers_cost_nothing_and_files_keep_regularizers(tmp_path):
    model = network(kernel_regularizer=L1(0.5))
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    assert again.layers[0].get_config() == model.layers[0].get_config()
    for layer in model.layers:
        layer.trainable = False
    assert model.evaluate(X, Y, verbose=0) == network().evaluate(X, Y, verbose=0)


def test_each_kernel_has_its_own():
    model = Sequential(
        [
            Input((4, 4, 1)),
            SeparableConv2D(3, 2, depthwise_regularizer=L2(0.5), pointwise_regularizer=L1(2.0)),
            DepthwiseConv2D(2, depthwise_regularizer=L2(0.25), bias_regularizer=L2(1.0)),
        ],
        seed=1,
    )
    model.compile("sgd", "mse")
    plain = Sequential([Input((4, 4, 1)), SeparableConv2D(3, 2), DepthwiseConv2D(2)], seed=1)
    plain.compile("sgd", "mse")
    y = model.predict(X)
    wide, point, _, deep, bias = (w.astype(float) for w in model.get_weights())
    penalty = 0.5 * (wide**2).sum() + 2 * abs(point).sum() + 0.25 * (deep**2).sum()
    penalty += (bias**2).sum()
    loss = plain.test_on_batch(X, y)
    assert model.test_on_batch(X, y) == pytest.approx(loss + penalty, rel=1e-6)
    for layer in model.layers:
        assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


@pytest.mark.parametrize("made", [lambda **how: SeparableConv2D(3, **how), DepthwiseConv2D])
def test_there_is_no_kernel_to_regularize(made):
    with pytest.raises(TypeError, match=r"received 'kernel_regularizer' .did you mean '"):
        made(kernel_size=3, kernel_regularizer="l2")


def test_names_and_errors():
    assert regularizers.get(None) is None
    assert regularizers.get("l1_l2").get_config() == {"l1": 0.0, "l2": 0.0}
    assert L2(0.25)([2.0]) == 1
    with pytest.raises(ValueError, match="did you mean 'l2'"):
        Dense(3, kernel_regularizer="l22")
    with pytest.raises(ValueError, match="L2: l2 must be at least 0; received -1"):
        L2(-1)
    with pytest.raises(TypeError, match="did you mean 'kernel_regularizer'"):
        Dense(3, kernel_regulariser="l2")
