"""Plans for inference: convolutions with all that follows, and weights laid out once."""

import numpy as np
import pytest

from fastconv.kernels import _isa
from fastconv.plan.fuse import fuse
from fastconv.plan.graph import Graph
from fastconv.plan.operations.inference import ConvInferenceExecutor
from fastconv.plan.parameters import Parameter
from fastconv.plan.plan import Plan

RNG = np.random.default_rng(5)
START = RNG.bit_generator.state


@pytest.fixture(autouse=True)
def same_numbers_in_any_order():
    RNG.bit_generator.state = START


def param(*shape, near=0.0):
    return Parameter("p", near + 0.3 * RNG.standard_normal(shape))


def convolution(g, x, kernel=(3, 3, 4), bias=True, **how):
    h, w, channels = kernel
    weights = param(h, w, x.shape[2] // how.get("groups", 1), channels)
    return g.conv2d(x, weights, param(channels) if bias else None, padding="same", **how)


def normalized(g, x, scale=True):
    c = x.shape[-1]
    variance = Parameter("variance", RNG.uniform(0.5, 2, c))
    gamma, beta = (param(c, near=1), param(c)) if scale else (None, None)
    return g.batch_norm(x, gamma, beta, param(c), variance)


CONVOLUTIONS = {
    "direct": {"kernel": (3, 3, 5)},
    "1x1": {"kernel": (1, 1, 24)},
    "winograd": {"kernel": (3, 3, 64)},
    "strided": {"kernel": (3, 3, 40), "strides": 2},
    "groups": {"kernel": (3, 3, 6), "groups": 2},
    "depthwise": {"kernel": (3, 3, 16), "groups": 16},
    "without bias": {"kernel": (5, 5, 40), "bias": False},
    "dilated": {"kernel": (3, 3, 7), "dilation": 3},
}


def block(what, after, dtype="float32"):
    g = Graph()
    x = g.input((12, 14, 3 if dtype == "uint8" else 16), dtype)
    if dtype == "uint8":
        x = g.affine(x, 1 / 128, -1)
    y = convolution(g, x, **CONVOLUTIONS[what])
    for step in after:
        if step == "norm":
            y = normalized(g, y)
        elif step == "plain norm":
            y = normalized(g, y, scale=False)
        elif step == "add":
            y = g.add(y, g.input(y.shape))
        elif step == "pool":
            y = g.pool2d(y, "max", 2)
        elif step == "reshape":
            y = g.reshape(y, (-1, y.shape[-1]))
        elif step == "dropout":
            y = g.dropout(y, 0.5, 1)
        else:
            y = g.activation(y, step)
    g.output(y)
    return g


AFTER = [
    (),
    ("norm", "relu"),
    ("norm", "silu"),
    ("plain norm", "elu"),
    ("norm", "clipped_relu"),
    ("clipped_relu", "pool"),
    ("norm", "add", "relu"),
    ("add", "silu"),
    ("norm", "add"),
    ("relu", "pool", "dropout"),
    ("norm", "tanh", "pool"),
    ("norm", "pool"),
    ("reshape", "norm", "reshape", "silu"),
    ("reshape", "norm", "add", "relu"),
]


def assert_same(y, wanted, what):
    """Rounding in sums of products of about 0.3, three times as large after normalization, or more
    if the outputs are larger, with the factor of ten that Winograd's transforms may add."""
    h, w, _ = CONVOLUTIONS[what]["kernel"]
    products = h * w * 16 // CONVOLUTIONS[what].get("groups", 1)
    size = 0.3 * max(3, np.abs(wanted).max() / 4)
    np.testing.assert_allclose(y, wanted, rtol=1e-6, atol=10 * 2**-24 * products * size)


def samples(g, rows):
    arrays = []
    for x in g.inputs:
        shape = (rows, *x.shape)
        pixels = RNG.integers(0, 256, shape).astype(np.uint8)
        arrays.append(
            pixels if x.dtype == "uint8" else RNG.standard_normal(shape).astype(np.float32)
        )
    return arrays[0] if len(arrays) == 1 else arrays


def both(g, rows):
    """The outputs of the fused plan, and those of one in which every step runs alone."""
    xs = samples(g, rows)
    plans = [Plan(g, rows, training=False, fuse=fused) for fused in (True, False)]
    return plans, [np.array(plan.forward(xs)) for plan in plans]


@pytest.mark.parametrize("rows", [1, 40])
@pytest.mark.parametrize("after", AFTER, ids="+".join)
@pytest.mark.parametrize("what", CONVOLUTIONS)
def test_it_is_the_steps_one_by_one(what, after, rows):
    g = block(what, after)
    (plan, _), (fused, alone) = both(g, rows)
    assert [step.executor for step in plan.steps] == [ConvInferenceExecutor]
    assert_same(fused, alone, what)


@pytest.mark.parametrize("after", [(), ("norm", "relu", "pool"), ("norm", "silu")], ids="+".join)
@pytest.mark.parametrize("what", ["direct", "1x1", "winograd"])
def test_of_bytes(what, after):
    (plan, _), (fused, alone) = both(block(what, after, "uint8"), 2)
    assert len(plan.steps) == 1
    assert_same(fused, alone, what)


@pytest.mark.parametrize("rows", [1, 40])
@pytest.mark.parametrize("what", ["direct", "winograd", "1x1", "depthwise"])
def test_a_change_of_any_parameter_counts_at_once(what, rows):
    g = block(what, ("norm", "relu"))
    x = samples(g, rows)
    plan = Plan(g, rows, training=False, fuse=True)
    alone = Plan(g, rows, training=False, fuse=False)
    plan.forward(x)
    for parameter in g.parameters:
        before = np.array(plan.forward(x))
        parameter.value = 1.5 * parameter.value + 0.25
        now = np.array(plan.forward(x))
        assert not np.array_equal(now, before), parameter.shape
        wanted = alone.forward(x)
        assert_same(now, wanted, what)


@pytest.mark.parametrize("what", ["direct", "winograd"])
def test_kept_weights_belong_to_an_instruction_set(what):
    g = block(what, ("norm",))
    x = samples(g, 1)
    plan = Plan(g, 1, training=False, fuse=True)
    first, level = np.array(plan.forward(x)), _isa.active()
    try:
        for name in _isa.available():
            _isa.use(name)
            y = plan.forward(x)
            assert_same(y, first, what)
    finally:
        _isa.use(level)


def test_a_plan_for_training_keeps_the_steps():
    g = block("direct", ("norm", "relu"))
    assert len(fuse(g)) == 2
    assert len(fuse(g, training=False)) == 1
    assert len(fuse(g, enabled=False, training=False)) == 3


def test_a_value_that_is_read_twice_is_not_fused_away():
    g = Graph()
    y = convolution(g, g.input((8, 8, 16)))
    g.output(g.add(normalized(g, y), y))
    (plan, _), (fused, alone) = both(g, 2)
    assert len(plan.steps) == 2
    assert_same(fused, alone, "direct")
