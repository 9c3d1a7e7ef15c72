"""Random networks with branches: the same fused, unfused and by definition; buffers stay apart."""

import itertools
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_graph import Reference, assert_close, roundings

from fastconv.plan import parts
from fastconv.plan.execution import make_executors
from fastconv.plan.flow import Flow
from fastconv.plan.fuse import fuse
from fastconv.plan.graph import Graph
from fastconv.plan.lifetimes import Lifetimes
from fastconv.plan.memory import Memory
from fastconv.plan.parameters import Parameter
from fastconv.plan.plan import Plan


def conv(g, x, draw, new):
    k, oc = draw(st.integers(1, 3)), draw(st.integers(1, 9))
    b = new(oc) if draw(st.booleans()) else None
    return g.conv2d(x, new(k, k, x.shape[2], oc), b, padding="same")


def padded_conv(g, x, draw, new):
    sides = st.tuples(st.integers(0, 2), st.integers(0, 2))
    return conv(g, g.pad(x, (draw(sides), draw(sides), (0, 0))), draw, new)


def dense(g, x, draw, new):
    oc = draw(st.integers(1, 9))
    return g.dense(x, new(x.shape[-1], oc), new(oc) if draw(st.booleans()) else None)


def pool(g, x, draw, new):
    kind, size = draw(st.sampled_from(["max", "avg"])), draw(st.integers(1, 3))
    return g.pool2d(x, kind, size, strides=draw(st.integers(1, 2)), padding="same")


MAP_STEPS = [
    conv,
    conv,
    padded_conv,
    lambda g, x, draw, new: g.activation(conv(g, x, draw, new), "relu"),
    lambda g, x, draw, new: g.pool2d(
        g.activation(conv(g, x, draw, new), "relu"), "max", 2, padding="same"
    ),
    pool,
]
STEPS = [
    dense,
    lambda g, x, draw, new: g.activation(dense(g, x, draw, new), "relu"),
    lambda g, x, draw, new: g.activation(x, "relu"),
    lambda g, x, draw, new: g.dropout(x, 0.5, draw(st.integers(0, 9))),
    lambda g, x, draw, new: g.affine(x, draw(st.sampled_from([-1.5, 0.5])), 0.25),
    lambda g, x, draw, new: g.reshape(x, draw(st.sampled_from([(-1,), (1, -1)]))),
    lambda g, x, draw, new: g.reshape(x, (1, 1, -1)),
    lambda g, x, draw, new: g.reshape(x, (-1, x.shape[-1])),
]


@st.composite
def graphs(draw):
    """A graph of up to twelve steps, each of which reads any value before it."""
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    shared = []

    def new(*shape):
        same = [parameter for parameter in shared if parameter.shape == shape]
        if same and draw(st.booleans()):
            return same[0]
        parameter = Parameter("p", rng.standard_normal(shape), draw(st.integers(0, 4)) > 0)
        shared.append(parameter)
        return parameter

    graph = Graph()
    values = [graph.input((draw(st.integers(1, 6)), draw(st.integers(1, 6)), 3))]
    if draw(st.booleans()):
        values.append(graph.input((4,)))
    for _ in range(draw(st.integers(1, 12))):
        recent = draw(st.integers(1, 3))
        x = draw(st.sampled_from(values[-recent:]))
        pairs = [p for p in itertools.combinations(values, 2) if p[0].shape == p[1].shape]
        if pairs and draw(st.integers(0, 2)) == 0:
            both = draw(st.sampled_from(pairs))
            merge = draw(st.sampled_from(["add", "add", "multiply", "subtract", "maximum"]))
            values.append(getattr(graph, merge)(*both))
            continue
        rest = [v for v in values if len(v.shape) == 3 and v.shape[:2] == x.shape[:2]]
        if len(x.shape) == 3 and x.size < 2000 and draw(st.integers(0, 5)) == 0:
            values.append(graph.concat([x, draw(st.sampled_from(rest))]))
            continue
        step = draw(st.sampled_from(STEPS + MAP_STEPS if len(x.shape) == 3 else STEPS))
        values.append(step(graph, x, draw, new))
    graph.output(values[-1])
    if draw(st.booleans()):
        graph.output(draw(st.sampled_from(values)))
    return graph


def inputs_for(graph, rows, seed=0):
    rng = np.random.default_rng(seed)
    xs = [rng.standard_normal((rows, *x.shape)).astype(np.float32) for x in graph.inputs]
    dys = [rng.standard_normal((rows, *y.shape)).astype(np.float32) for y in graph.outputs]
    return xs, dys


def run(plan, xs, dys, step=1):
    """Outputs, input gradients and parameter gradients as lists of copies."""
    one_in, one_out = len(xs) == 1, len(dys) == 1
    ys = plan.forward(xs[0] if one_in else xs, step)
    ys = [y.copy() for y in ([ys] if one_out else ys)]
    dxs = plan.backward(dys[0] if one_out else dys)
    dxs = [dx.copy() for dx in ([dxs] if one_in else dxs)]
    return ys, dxs, [p.grad.copy() for p in plan.graph.parameters if p.grad is not None]


def plan_parameters(graph):
    live = {p for step in fuse(graph) for part in step.primitives for p in part.parameters}
    return [p for p in graph.parameters if p in live and p.trainable]


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_a_plan_agrees_with_the_definition(graph):
    xs, dys = inputs_for(graph, rows=3)
    expected = Reference(graph)
    ys = expected.forward(xs, step=1)
    grads = expected.backward(dys)
    bound = Reference(graph, like=expected)
    y_bounds = bound.forward(xs, step=1)
    bounds = bound.backward(dys)
    plan = Plan(graph, 4, training=True, input_gradient=True)
    actual, dxs, _ = run(plan, xs, dys)
    count = 3 * roundings(graph)
    for y, right, limit in zip(actual, ys, y_bounds, strict=True):
        assert_close(y, right, limit, count, "y")
    for x, dx in zip(graph.inputs, dxs, strict=True):
        zero = np.zeros(dx.shape)
        assert_close(dx, grads.get(x, zero), bounds.get(x, zero), count, "dx")
    for parameter in plan_parameters(graph):
        assert_close(parameter.grad, grads[parameter], bounds[parameter], count, "dw")


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_fused_and_unfused_give_the_same_bits(graph):
    xs, dys = inputs_for(graph, rows=2)
    results = []
    for fused, part in ((True, parts.PART), (False, parts.PART), (True, 1), (False, 200)):
        with patch.object(parts, "PART", part):
            plan = Plan(graph, 2, training=True, input_gradient=True, fuse=fused)
        results.append(run(plan, xs, dys))
    for first, *others in zip(*(itertools.chain(*result) for result in results), strict=True):
        for other in others:
            np.testing.assert_array_equal(other, first)


@settings(max_examples=100, deadline=None)
@given(graphs(), st.booleans(), st.booleans(), st.booleans())
def test_buffers_that_live_together_never_overlap(graph, training, fused, in_parts):
    flow = Flow(graph, fuse(graph, fused), training=training, input_gradient=training)
    with patch.object(parts, "PART", 1 if in_parts else parts.PART):
        lifetimes = Lifetimes(flow, make_executors(flow, 3, 3), 3)
    requests = lifetimes.requests()
    memory = Memory(lifetimes)
    spans = {r.key: memory.array(r.key, (r.nbytes,), "uint8") for r in requests}
    for a, b in itertools.combinations(requests, 2):
        if a.first <= b.last and b.first <= a.last:
            assert not np.shares_memory(spans[a.key], spans[b.key])
