"""Steps that run on some images at a time: which ones, and that nothing else changes."""

import numpy as np
import pytest
from every_team import assert_same_bits

from fastconv.plan import parts
from fastconv.plan.fuse import fuse
from fastconv.plan.graph import Graph
from fastconv.plan.parameters import Parameter
from fastconv.plan.plan import Plan

ROWS = 7
EPS = np.finfo(np.float32).eps / 2


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(1, 2, shape).astype(np.float32)


def param(*shape, seed, trainable=True):
    return Parameter(f"p{seed}", numbers(*shape, seed=seed), trainable)


def normalized(g, x, seed, activation="relu", **more):
    c = x.shape[-1]
    mean, variance = param(c, seed=seed, trainable=False), Parameter("v", np.full(c, 2), False)
    gamma, beta = param(c, seed=seed + 1), param(c, seed=seed + 2)
    y = g.batch_norm(x, gamma, beta, mean, variance, momentum=0.5, **more)
    return g.activation(y, activation) if activation else y


def network(**more):
    """An inverted bottleneck with its shortcut, then half of another with padding and strides."""
    g = Graph()
    x = g.input((6, 5, 8))
    y = normalized(g, g.conv2d(x, param(1, 1, 8, 24, seed=10)), 20, **more)
    w = param(3, 3, 1, 24, seed=11)
    y = normalized(g, g.conv2d(y, w, groups=24, padding="same"), 30, **more)
    y = g.conv2d(y, param(1, 1, 24, 8, seed=12))
    x = g.concat([g.add(normalized(g, y, 40, None, **more), x), x])
    x = normalized(g, g.conv2d(x, param(1, 1, 16, 20, seed=14)), 50, "silu", **more)
    y = normalized(g, g.conv2d(x, param(1, 1, 20, 20, seed=16)), 70, **more)
    y = g.add(x, y)
    y = g.pad(y, ((0, 1), (0, 1), (0, 0)))
    y = normalized(g, g.conv2d(y, param(3, 3, 1, 20, seed=15), strides=2, groups=20), 60, **more)
    g.output(y)
    return g


def step(plan, graph, rows=ROWS):
    """Copies of all that a training step computes."""
    y = plan.forward(numbers(rows, 6, 5, 8, seed=1)).copy()
    dx = plan.backward(numbers(*y.shape, seed=2)).copy()
    learned = [p.grad.copy() if p.trainable else p.value.copy() for p in graph.parameters]
    return y, dx, *learned


def test_which_steps_and_who_watches(monkeypatch):
    monkeypatch.setattr(parts, "PART", 2 * 6 * 5 * 24)
    plan = Plan(network(), ROWS, training=True)
    titles = [step.title for step in plan.steps]
    assert titles == [
        "conv 1x1",
        "batch norm + relu",
        "conv 3x3 groups 24",
        "batch norm + relu",
        "conv 1x1",
        "batch norm + add",
        "concat",
        "conv 1x1",
        "batch norm + silu",
        "conv 1x1",
        "batch norm + relu",
        "add",
        "pad + conv 3x3/2 groups 20",
        "batch norm + relu",
    ]
    runs = plan._memory.lifetimes.runs
    assert [(run.first, run.last, run.watchers) for run in runs] == [
        (0, 0, (1,)),
        (1, 2, (3,)),
        (3, 4, (5,)),
        (5, 7, (8,)),
        (8, 9, (10,)),
        (10, 12, (13,)),
        (13, 13, ()),
    ]
    assert [run.images for run in runs] == [2, 2, 2, 2, 2, 2, ROWS]
    backward = plan._memory.lifetimes.backward_runs
    assert [(i, run.behind, run.conv, run.before) for i, run in backward.items()] == [
        (3, 3, 2, 1),
        (5, 5, 4, 3),
        (8, 8, 7, None),
        (10, 10, 9, None),
        (13, 13, 12, None),
    ]


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("images", [1, 2, 5])
def test_the_same_up_to_the_rounding_of_the_moments(monkeypatch, fused, images):
    graph = network()
    expected = step(Plan(graph, ROWS, training=True, input_gradient=True, fuse=fused), graph)
    graph = network()
    monkeypatch.setattr(parts, "PART", images * 6 * 5 * 24)
    plan = Plan(graph, ROWS, training=True, input_gradient=True, fuse=fused)
    allowed = ROWS * 30 * 24 * EPS  # the longest sums; some gradients are 0 but for their rounding
    largest = max(abs(each).max() for each in expected)
    for actual, other in zip(step(plan, graph), expected, strict=True):
        np.testing.assert_allclose(actual, other, allowed, allowed * largest)


def test_moments_of_a_large_mean(monkeypatch):
    """The parts' squares are around their own means."""
    graph = Graph()
    x = graph.input((4, 4, 3))
    y = graph.concat([x, x])
    mean, variance = Parameter("m", np.zeros(6), False), Parameter("v", np.ones(6), False)
    graph.output(graph.batch_norm(y, None, None, mean, variance, momentum=0))
    x = numbers(9, 4, 4, 3) + 1000
    monkeypatch.setattr(parts, "PART", 2 * 96)
    plan = Plan(graph, 9, training=True)
    assert plan._memory.lifetimes.runs[0].watchers == (1,)
    plan.forward(x)
    expected = x.astype(np.float64).var(axis=(0, 1, 2))
    off = (9 * 16 * EPS * 1000) ** 2  # the mean of squares minus the squared mean: EPS * 1000**2
    np.testing.assert_allclose(variance.value, np.tile(expected, 2), 9 * 16 * EPS, off)
    np.testing.assert_allclose(mean.value, np.tile(x.mean(axis=(0, 1, 2)), 2), 16 * EPS)


def test_no_map_of_a_run_takes_the_place_of_another(monkeypatch):
    """A part of the last may be written before the rest of the first."""
    graph = Graph()
    y = graph.input((4, 4, 3))
    for seed, channels in enumerate((8, 16, 24, 8, 32, 16, 8, 24)):
        y = graph.conv2d(y, param(1, 1, y.shape[-1], channels, seed=seed))
    graph.output(y)
    x = numbers(ROWS, 4, 4, 3)
    wanted = Plan(graph, ROWS, training=False).forward(x).copy()
    monkeypatch.setattr(parts, "PART", 2 * 4 * 4 * 32)
    plan = Plan(graph, ROWS, training=False)
    assert plan._memory.lifetimes.runs == [parts.Run(0, 3, 2), parts.Run(4, 7, 2)]
    np.testing.assert_array_equal(plan.forward(x), wanted)


@pytest.mark.parametrize("adapts", [True, False])
def test_smaller_batches_inference_and_frozen_statistics(monkeypatch, adapts):
    graph = network(adapts=lambda: adapts)
    plain = Plan(graph, ROWS, training=True)
    wanted = plain.forward(numbers(ROWS, 6, 5, 8), training=False).copy()
    monkeypatch.setattr(parts, "PART", 2 * 6 * 5 * 24)
    plan = Plan(graph, ROWS, training=True)
    inference = Plan(graph, ROWS, training=False)
    x = numbers(ROWS, 6, 5, 8)
    if not adapts:
        np.testing.assert_array_equal(plan.forward(x), wanted)
    folded = inference.forward(x).copy()
    allowed = 30 * 24 * EPS  # the normalizations are parts of the weights
    np.testing.assert_allclose(folded, wanted, allowed, allowed * abs(wanted).max())
    for rows in (ROWS, 1, 2, 3, ROWS):
        np.testing.assert_array_equal(plan.forward(x[:rows], training=False), wanted[:rows])
        np.testing.assert_array_equal(inference.forward(x[:rows]), folded[:rows])


def test_the_same_bits_for_any_team(monkeypatch):
    monkeypatch.setattr(parts, "PART", 2 * 6 * 5 * 24)

    def compute():
        graph = network()
        return step(Plan(graph, ROWS, training=True, input_gradient=True), graph)

    assert_same_bits(compute)


def test_the_profile_counts_every_step_once(monkeypatch):
    monkeypatch.setattr(parts, "PART", 2 * 6 * 5 * 24)
    graph = network()
    plan = Plan(graph, ROWS, training=True)
    plan.profile = True
    plan.forward(numbers(ROWS, 6, 5, 8))
    forward = [cost for cost in plan.costs() if cost.direction == "forward"]
    assert len(forward) == len(fuse(graph))
    assert all(cost.seconds > 0 for cost in forward)
