"""Sums of branches: normalization, sum and ReLU in one step, gradients passed on without copies."""

import numpy as np
import pytest
from every_team import assert_same_bits

from fastconv import reference
from fastconv.plan.graph import Graph
from fastconv.plan.parameters import Parameter
from fastconv.plan.plan import Plan

CHANNELS = 6


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(1, 2, shape).astype(np.float32)


def batch_norm(graph, x):
    """The step, with its four parameters."""
    gamma, beta = (Parameter("p", numbers(CHANNELS, seed=seed)) for seed in (1, 2))
    mean, variance = (Parameter("p", np.full(CHANNELS, 2), False) for _ in range(2))
    parameters = gamma, beta, mean, variance
    return graph.batch_norm(x, *parameters), parameters


def close(actual, expected, scale=1):
    # sums of at most 100 terms of order `scale`, in float32
    np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=2e-5 * scale)


def residual_network(extra_output):
    """h = relu(norm(x)); y = relu(norm(2h) + h); z = relu(norm(3y) + norm(y)); z2 = z + norm(z)."""
    graph = Graph()
    parameters = []

    def norm(x):
        y, some = batch_norm(graph, x)
        parameters.append(some)
        return y

    h = graph.activation(norm(graph.input((4, 5, CHANNELS))), "relu")
    y = graph.activation(graph.add(h, norm(graph.affine(h, 2, 0))), "relu")
    z = graph.activation(graph.add(norm(graph.affine(y, 3, 0)), norm(y)), "relu")
    graph.output(graph.add(norm(z), z))
    if extra_output:
        graph.output(y)
    return graph, parameters


def residual_reference(parameters, x, dys):
    """The same by definition: outputs, the gradient of x and those of every gamma and beta."""
    norms = [(gamma.value, beta.value) for gamma, beta, _, _ in parameters]
    found = {}

    def norm(k, x):
        return reference.batch_norm(x, *norms[k], *reference.moments(x))

    def norm_backward(k, dy, x):
        dx, *found[k] = reference.batch_norm_backward(dy, x, norms[k][0])
        return dx

    relu, relu_backward = reference.relu, reference.relu_backward
    h = relu(norm(0, x))
    y = relu(norm(1, 2 * h) + h)
    z = relu(norm(2, 3 * y) + norm(3, y))
    dz = relu_backward(dys[0] + norm_backward(4, dys[0], z), z)
    dy = 3 * norm_backward(2, dz, 3 * y) + norm_backward(3, dz, y)
    dy = relu_backward(dy + sum(dys[1:]), y)
    dh = relu_backward(2 * norm_backward(1, dy, 2 * h) + dy, h)
    dx = norm_backward(0, dh, x)
    return [norm(4, z) + z, y][: len(dys)], dx, [found[k] for k in range(5)]


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("extra_output", [False, True])
@pytest.mark.parametrize("input_gradient", [True, False])
def test_residual_blocks(fuse, extra_output, input_gradient):
    graph, parameters = residual_network(extra_output)
    plan = Plan(graph, 3, training=True, input_gradient=input_gradient, fuse=fuse)
    titles = [step.title for step in plan.steps]
    assert titles.count("batch norm + add + relu") == (2 if fuse else 0)
    assert titles.count("batch norm + add") == (1 if fuse else 0)
    for seed in (4, 5):  # nothing is left over from the step before
        x = numbers(3, 4, 5, CHANNELS, seed=seed)
        outputs = plan.forward(x)
        outputs = outputs if extra_output else [outputs]
        dys = [numbers(*y.shape, seed=6 + seed) for y in outputs]
        expected, dx, gradients = residual_reference(parameters, x.astype(np.float64), dys)
        for y, other in zip(outputs, expected, strict=True):
            close(y, other, 10)
        found = plan.backward(dys if extra_output else dys[0])
        if input_gradient:
            close(found, dx, 100)
        for (gamma, beta, _, _), (dgamma, dbeta) in zip(parameters, gradients, strict=True):
            close(gamma.grad, dgamma, 1000)
            close(beta.grad, dbeta, 1000)


def test_residual_blocks_give_the_same_bits_fused_unfused_and_for_any_team():
    assert_same_bits(lambda: run(True), lambda: run(False))


def run(fuse):
    """Copies of the outputs, the gradient of the input and those of the parameters."""
    graph, parameters = residual_network(True)
    plan = Plan(graph, 3, training=True, input_gradient=True, fuse=fuse)
    y = [array.copy() for array in plan.forward(numbers(3, 4, 5, CHANNELS, seed=4))]
    dx = plan.backward([np.cos(array) for array in y])
    return *y, dx.copy(), *(p.grad for some in parameters for p in some[:2])
