"""Normalization steps in a plan: statistics, fusion with activations, inference, gradients."""

import numpy as np
import pytest

from fastconv import reference
from fastconv.plan.graph import Graph
from fastconv.plan.losses.spec import LossSpec
from fastconv.plan.parameters import Parameter
from fastconv.plan.plan import Plan

CHANNELS = 6


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(1, 2, shape).astype(np.float32)


def param(*shape, seed=0, trainable=True):
    return Parameter("p", numbers(*shape, seed=seed), trainable)


def batch_norm(graph, x, **more):
    """The step, with its four parameters."""
    gamma, beta = param(CHANNELS, seed=1), param(CHANNELS, seed=2)
    mean = param(CHANNELS, seed=3, trainable=False)
    variance = Parameter("v", np.full(CHANNELS, 2), False)
    parameters = gamma, beta, mean, variance
    return graph.batch_norm(x, *parameters, **more), parameters


def close(actual, expected, scale=1):
    # sums of at most 100 terms of order `scale`, in float32
    np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=2e-5 * scale)


@pytest.mark.parametrize("kind", [None, "relu", "gelu", "silu", "leaky_relu", "softmax"])
@pytest.mark.parametrize("fuse", [True, False])
def test_batch_norm_with_what_follows(kind, fuse):
    graph = Graph()
    y, (gamma, beta, mean, variance) = batch_norm(graph, graph.input((4, 5, CHANNELS)))
    graph.output(y if kind is None else graph.activation(y, kind))
    x, dy = numbers(3, 4, 5, CHANNELS, seed=4), numbers(3, 4, 5, CHANNELS, seed=5)
    start = mean.value.copy(), variance.value.copy()
    m, v = reference.moments(x)
    z = reference.batch_norm(x, gamma.value, beta.value, m, v)
    y = z if kind is None else getattr(reference, kind)(z)
    dz = dy
    if kind is not None:
        read = z if kind in ("gelu", "silu") else y
        dz = getattr(reference, f"{kind}_backward")(dy, read)
    dx, dgamma, dbeta = reference.batch_norm_backward(dz, x, gamma.value)

    plan = Plan(graph, 3, training=True, input_gradient=True, fuse=fuse)
    alone = kind is None or (fuse and kind != "softmax")
    assert len(plan.steps) == (1 if alone else 2)
    close(plan.forward(x), y, 10)
    close(plan.backward(dy), dx, 10)
    close(gamma.grad, dgamma, 100)
    close(beta.grad, dbeta, 100)
    close(mean.value, 0.99 * start[0] + 0.01 * m)
    close(variance.value, 0.99 * start[1] + 0.01 * v)


def test_fused_and_unfused_give_the_same_bits():
    results = []
    for fuse in (True, False):
        graph = Graph()
        y, parameters = batch_norm(graph, graph.input((9, 7, CHANNELS)))
        graph.output(graph.activation(y, "gelu"))
        plan = Plan(graph, 5, training=True, input_gradient=True, fuse=fuse)
        y = plan.forward(numbers(5, 9, 7, CHANNELS, seed=4)).copy()
        dx = plan.backward(numbers(5, 9, 7, CHANNELS, seed=5)).copy()
        results.append((y, dx, parameters[0].grad.copy(), parameters[1].grad.copy()))
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", [None, "relu", "silu"])
@pytest.mark.parametrize("groups", [None, 2])
def test_a_gradient_is_added_to_that_of_other_readers(kind, groups):
    """The same bits as if it were computed alone and added."""

    def record(graph, x):
        if groups is None:
            y, _ = batch_norm(graph, x)
        else:
            y = graph.group_norm(x, param(CHANNELS, seed=1), param(CHANNELS, seed=2), groups)
        return y if kind is None else graph.activation(y, kind)

    x, dy = numbers(5, 3, 4, CHANNELS, seed=4), numbers(5, 3, 4, 3 * CHANNELS, seed=5)
    alone, block = Graph(), Graph()
    alone.output(record(alone, alone.input((3, 4, CHANNELS))))
    h = block.affine(block.input((3, 4, CHANNELS)), 1, 0)
    block.output(block.concat([h, record(block, h), h]))
    plan = Plan(alone, 5, training=True, input_gradient=True)
    plan.forward(x)
    expected = plan.backward(np.ascontiguousarray(dy[..., CHANNELS : 2 * CHANNELS]))
    expected = (dy[..., :CHANNELS] + dy[..., 2 * CHANNELS :]) + expected
    plan = Plan(block, 5, training=True, input_gradient=True)
    assert [executor.d_adds for executor in plan._executions.full.executors] == [False, True, False]
    plan.forward(x)
    np.testing.assert_array_equal(plan.backward(dy), expected)


def test_inference_uses_the_moving_statistics_and_leaves_them():
    graph = Graph()
    y, (gamma, beta, mean, variance) = batch_norm(graph, graph.input((CHANNELS,)))
    graph.output(y)
    x = numbers(7, CHANNELS, seed=4)
    expected = reference.batch_norm(x, gamma.value, beta.value, mean.value, variance.value)
    before = mean.value.copy()
    close(Plan(graph, 7, training=False).forward(x), expected, 10)
    close(Plan(graph, 7, training=True).forward(x, training=False), expected, 10)
    np.testing.assert_array_equal(mean.value, before)


def test_frozen_statistics_are_constants():
    graph = Graph()
    y, (gamma, beta, mean, variance) = batch_norm(
        graph, graph.input((CHANNELS,)), adapts=lambda: False
    )
    graph.output(y)
    x, dy = numbers(7, CHANNELS, seed=4), numbers(7, CHANNELS, seed=5)
    plan = Plan(graph, 7, training=True, input_gradient=True)
    inv = 1 / np.sqrt(variance.value.astype(float) + 1e-3)
    h = (x - mean.value.astype(float)) * inv
    close(plan.forward(x), h * gamma.value + beta.value, 10)
    close(plan.backward(dy), dy * gamma.value * inv, 10)
    close(gamma.grad, (dy * h).sum(axis=0), 100)
    assert (variance.value == 2).all()


@pytest.mark.parametrize("shape", [(CHANNELS,), (5, CHANNELS), (3, 4, CHANNELS)])
@pytest.mark.parametrize("groups", [1, 3, 6])
@pytest.mark.parametrize("kind", [None, "relu"])
def test_group_norm(shape, groups, kind):
    graph = Graph()
    gamma, beta = param(CHANNELS, seed=1), param(CHANNELS, seed=2)
    z = graph.group_norm(graph.input(shape), gamma, beta, groups)
    graph.output(z if kind is None else graph.activation(z, kind))
    x, dy = numbers(3, *shape, seed=4), numbers(3, *shape, seed=5)
    y = reference.group_norm(x, gamma.value, beta.value, groups)
    dz = dy
    if kind is not None:
        y = reference.relu(y)
        dz = reference.relu_backward(dy, y)
    dx, dgamma, dbeta = reference.group_norm_backward(dz, x, gamma.value, groups)
    plan = Plan(graph, 3, training=True, input_gradient=True)
    close(plan.forward(x), y, 10)
    close(plan.backward(dy), dx, 100)
    close(gamma.grad, dgamma, 100)
    close(beta.grad, dbeta, 100)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_layer_norm(axes):
    shape = (3, 4, 5)
    graph = Graph()
    gamma, beta = param(*shape[-axes:], seed=1), param(*shape[-axes:], seed=2)
    graph.output(graph.layer_norm(graph.input(shape), gamma, beta, axes=axes))
    x, dy = numbers(2, *shape, seed=4), numbers(2, *shape, seed=5)
    dx, dgamma, dbeta = reference.layer_norm_backward(dy, x, gamma.value)
    plan = Plan(graph, 2, training=True, input_gradient=True)
    close(plan.forward(x), reference.layer_norm(x, gamma.value, beta.value), 10)
    close(plan.backward(dy), dx, 100)
    close(gamma.grad, dgamma, 100)
    close(beta.grad, dbeta, 100)


def test_without_gamma_and_beta():
    x, dy = numbers(4, 5, CHANNELS, seed=4), numbers(4, 5, CHANNELS, seed=5)
    ones, zeros = np.ones(CHANNELS), np.zeros(CHANNELS)
    for record, forward, backward in (
        (
            lambda g, x: g.layer_norm(x, None, None),
            lambda x: reference.layer_norm(x, ones, zeros),
            lambda dy, x: reference.layer_norm_backward(dy, x, ones),
        ),
        (
            lambda g, x: g.group_norm(x, None, None, 2),
            lambda x: reference.group_norm(x, ones, zeros, 2),
            lambda dy, x: reference.group_norm_backward(dy, x, ones, 2),
        ),
    ):
        graph = Graph()
        graph.output(record(graph, graph.input((5, CHANNELS))))
        plan = Plan(graph, 4, training=True, input_gradient=True)
        close(plan.forward(x), forward(x))
        close(plan.backward(dy), backward(dy, x)[0], 10)


def test_smaller_batches_share_the_memory():
    graph = Graph()
    y, (gamma, beta, *_) = batch_norm(graph, graph.input((3, CHANNELS)))
    graph.output(graph.activation(graph.group_norm(y, None, None, 2), "relu"))
    plan = Plan(graph, 6, training=True, input_gradient=True)
    nbytes = plan.nbytes
    ones, zeros = np.ones(CHANNELS), np.zeros(CHANNELS)
    for rows in (6, 2, 5, 6, 1, 3):
        x = numbers(rows, 3, CHANNELS, seed=rows)
        z = reference.batch_norm(x, gamma.value, beta.value, *reference.moments(x))
        expected = reference.relu(reference.group_norm(z, ones, zeros, 2))
        close(plan.forward(x), expected, 10)
        plan.backward(np.ones(expected.shape, np.float32))
    assert plan.nbytes == nbytes


REFUSED = {
    "batch_norm: gamma must have shape (6,); received gamma (5,), x (None, 3, 6)":
        lambda g, x: g.batch_norm(x, param(5), None, param(6), param(6)),
    "batch_norm: momentum must be from 0 to 1; received 1.5":
        lambda g, x: g.batch_norm(x, None, None, param(6), param(6), momentum=1.5),
    "batch_norm: epsilon must be at least 0; received -1":
        lambda g, x: g.batch_norm(x, None, None, param(6), param(6), epsilon=-1),
    "group_norm: groups must divide the channels of x; received groups 4, x (None, 3, 6)":
        lambda g, x: g.group_norm(x, None, None, 4),
    "layer_norm: axes must be at most those of a sample; received axes 3, x (None, 3, 6)":
        lambda g, x: g.layer_norm(x, None, None, axes=3),
    "layer_norm: beta must have shape (3, 6); received beta (6,), x (None, 3, 6)":
        lambda g, x: g.layer_norm(x, None, param(6), axes=2),
    "prelu: alpha must have the axes of x, each of its size or 1; received x (None, 3, 6), "
    "alpha (6,)":
        lambda g, x: g.prelu(x, param(6)),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_errors(message):
    graph = Graph()
    x = graph.input((3, CHANNELS))
    with pytest.raises(ValueError) as caught:
        REFUSED[message](graph, x)
    assert str(caught.value).startswith(message)


def test_a_step_without_a_finite_loss_moves_nothing():
    graph = Graph()
    y, (_, _, mean, variance) = batch_norm(graph, graph.input((CHANNELS,)))
    graph.output(y)
    plan = Plan(graph, 4, training=True, loss=LossSpec("mean_squared_error"))
    before = mean.value.copy(), variance.value.copy()
    x, targets = numbers(4, CHANNELS, seed=4), numbers(4, CHANNELS, seed=5)
    for wrong in (np.nan, np.inf):
        bad = x.copy()
        bad[1, 2] = wrong
        assert not np.isfinite(plan.train_step(bad, targets)[0])
        np.testing.assert_array_equal(mean.value, before[0])
        np.testing.assert_array_equal(variance.value, before[1])
    plan.train_step(x, targets)
    m, v = reference.moments(x)
    close(mean.value, 0.99 * before[0] + 0.01 * m)
    close(variance.value, 0.99 * before[1] + 0.01 * v)
