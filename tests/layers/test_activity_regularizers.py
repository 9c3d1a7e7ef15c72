"""Penalties on outputs: in the loss, in the gradients, and nowhere else."""

import numpy as np
import pytest

from fastconv import Input, Model, Sequential, layers
from fastconv.layers import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    SeparableConv2D,
)
from fastconv.models.plans import model_graph
from fastconv.plan.losses.spec import LossSpec
from fastconv.plan.plan import Plan
from fastconv.regularizers import L1, L1L2, L2

COST = L1L2(0.3, 0.2)
EPS = np.finfo(np.float32).eps
LAYERS = {
    "Conv1D": (lambda **how: Conv1D(3, 2, **how), (6, 2)),
    "Conv1D, steps last": (
        lambda **how: Conv1D(3, 2, data_format="channels_first", **how),
        (2, 6),
    ),
    "Conv1DTranspose": (lambda **how: Conv1DTranspose(3, 2, strides=2, **how), (4, 2)),
    "Conv2D": (lambda **how: Conv2D(3, 2, activation="relu", **how), (5, 4, 2)),
    "Conv2D, channels first, softmax": (
        lambda **how: Conv2D(3, 2, data_format="channels_first", activation="softmax", **how),
        (2, 5, 4),
    ),
    "Conv2DTranspose": (lambda **how: Conv2DTranspose(3, 2, activation="tanh", **how), (4, 3, 2)),
    "Dense": (lambda **how: Dense(5, **how), (7,)),
    "Dense, softmax": (lambda **how: Dense(5, activation="softmax", **how), (7,)),
    "DepthwiseConv2D": (lambda **how: DepthwiseConv2D(2, **how), (4, 4, 3)),
    "SeparableConv2D": (lambda **how: SeparableConv2D(3, 2, **how), (4, 4, 2)),
}


def cost(y, how=COST):
    y = y.astype(np.float64)
    return (how.l1 * np.abs(y).sum() + how.l2 * (y**2).sum()) / len(y)


def cost_gradient(y, how=COST):
    y = y.astype(np.float64)
    return (how.l1 * np.sign(y) + 2 * how.l2 * y) / len(y)


@pytest.mark.parametrize("name", LAYERS)
def test_loss_and_gradients(name):
    """As a layer's own backward pass gives for the sum of the two gradients in its output."""
    make, shape = LAYERS[name]
    rng = np.random.default_rng(5)
    x = rng.standard_normal((4, *shape)).astype(np.float32)
    plain, layer = make(bias_initializer="ones"), make(activity_regularizer=COST)
    y = plain(x)
    targets = rng.standard_normal(y.shape).astype(np.float32)
    model = Sequential([Input(shape), layer])
    layer.set_weights(plain.get_weights())
    model.compile("sgd", "mse")

    loss = ((y.astype(np.float64) - targets) ** 2).mean() + cost(y)
    assert model.test_on_batch(x, targets) == pytest.approx(loss, rel=1e-5)
    plain.backward(2 * (y - targets) / y.size + cost_gradient(y))
    assert model.train_on_batch(x, targets) == pytest.approx(loss, rel=1e-5)
    # Sums of at most 4 * 9 * 10 terms; one rounding more in every gradient of the output. Where
    # they cancel out, as those of a bias before a softmax, the others say how large they were.
    bound = 400 * EPS * max(np.abs(wanted.grad).max() for wanted in plain.parameters)
    for ours, wanted in zip(layer.parameters, plain.parameters, strict=True):
        np.testing.assert_allclose(ours.grad, wanted.grad, rtol=0, atol=bound, err_msg=ours.name)


def hidden(cost_of_first, cost_of_second=None):
    model = Sequential(
        [
            Input((4, 4, 2)),
            Conv2D(3, 3, activation="relu", activity_regularizer=cost_of_first),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            Dense(4, activation="tanh", activity_regularizer=cost_of_second),
            Dense(2),
        ],
        seed=3,
    )
    model.compile("sgd", "mse")
    return model


def test_the_slope_of_the_loss_is_the_gradient():
    rng = np.random.default_rng(6)
    x = rng.standard_normal((5, 4, 4, 2)).astype(np.float32)
    y = rng.standard_normal((5, 2)).astype(np.float32)
    model = hidden(L2(0.5), L1(0.25))
    weights = model.get_weights()
    model.train_on_batch(x, y)
    gradients = [p.grad.copy() for p in model.parameters]
    ways = [rng.standard_normal(w.shape) for w in weights]
    wanted = sum((g * way).sum() for g, way in zip(gradients, ways, strict=True))
    losses = []
    for step in (1e-3, -1e-3):
        model.set_weights([w + step * way for w, way in zip(weights, ways, strict=True)])
        losses.append(model.test_on_batch(x, y))
    # The error of a central difference is of the order of the step's square, and of eps / step.
    assert (losses[0] - losses[1]) / 2e-3 == pytest.approx(wanted, rel=2e-3)


@pytest.mark.parametrize("fuse", [True, False])
def test_what_is_fused_and_what_is_reused_changes_nothing(fuse):
    """Also for batches with fewer samples than the plan has room for."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal((5, 4, 4, 2)).astype(np.float32)
    y = rng.standard_normal((5, 2)).astype(np.float32)
    model = hidden(COST, L2(0.1))
    first, second = model.layers[0], model.layers[3]
    graph = model_graph(model, (((4, 4, 2), "float32"),))
    plan = Plan(graph, 5, training=True, loss=LossSpec("mean_squared_error"), fuse=fuse)
    for rows in (5, 3, 5):
        a = Model(model.input, first.output).predict(x[:rows], verbose=0)
        b = Model(model.input, second.output).predict(x[:rows], verbose=0)
        outputs = model.predict(x[:rows], verbose=0)
        wanted = ((outputs - y[:rows]) ** 2).mean() + cost(a) + cost(b, L2(0.1))
        assert plan.loss_and_output(x[:rows], y[:rows])[0] == pytest.approx(wanted, rel=1e-5)
        assert plan.train_step(x[:rows], y[:rows])[0] == pytest.approx(wanted, rel=1e-5)


def test_without_a_loss_nothing_is_added():
    rng = np.random.default_rng(8)
    x, dy = rng.standard_normal((2, 3, 4)).astype(np.float32)
    plain, layer = Dense(4), Dense(4, activity_regularizer="l2")
    for each in (plain, layer):
        each(x)
    layer.set_weights(plain.get_weights())
    np.testing.assert_array_equal(layer(x), plain(x))
    np.testing.assert_array_equal(layer.backward(dy), plain.backward(dy))
    for ours, wanted in zip(layer.parameters, plain.parameters, strict=True):
        np.testing.assert_array_equal(ours.grad, wanted.grad)


def test_a_shared_layer_costs_at_every_call_and_a_frozen_one_too():
    x = np.random.default_rng(9).standard_normal((3, 4)).astype(np.float32)
    start, layer = Input((4,)), Dense(4, activity_regularizer=COST)
    once = layer(start)
    model = Model(start, layer(once))
    layer.trainable = False
    model.compile("sgd", "mse")
    between, y = layer(x), layer(layer(x))
    assert model.test_on_batch(x, y) == pytest.approx(cost(between) + cost(y), rel=1e-5)


def test_it_hides_no_missing_activation():
    model = Sequential([Input((4,)), Dense(3, activity_regularizer="l2")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="needs probabilities: end the model with a"):
        model.train_on_batch(np.zeros((2, 4)), [0, 1])
