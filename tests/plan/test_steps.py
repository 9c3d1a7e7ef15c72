"""Every primitive step, forward and backward, through a plan, against the definition."""

import numpy as np
import pytest
from reference_graph import Reference, assert_close, roundings

from fastconv.plan.graph import Graph
from fastconv.plan.parameters import Parameter
from fastconv.plan.plan import Plan


def normal(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def param(rng, *shape):
    return Parameter("p", normal(rng, *shape))


def conv(*shape, bias=True, **arguments):
    """kh, kw, ic/groups, oc"""

    def record(g, x, rng):
        b = param(rng, shape[-1]) if bias else None
        return g.conv2d(x, param(rng, *shape), b, **arguments)

    return record


def pooled_conv(channels=20, **pooling):
    """Enough channels for tiles that the convolution pools itself if the windows fill the map."""

    def record(g, x, rng):
        y = conv(3, 3, channels, 17, padding="same")(g, x, rng)
        return g.pool2d(g.activation(y, "relu"), "max", 2, **pooling)

    return record


def pooled_valid_conv(g, x, rng):
    y = conv(3, 3, x.shape[2], 17)(g, x, rng)
    return g.pool2d(g.activation(y, "relu"), "max", 2)


def padded(rows, columns, record):
    return lambda g, x, rng: record(g, g.pad(x, (rows, columns, (0, 0))), rng)


CASES = {
    "conv 3x3 same": ((8, 8, 5), conv(3, 3, 5, 7, padding="same")),
    "conv 3x3 valid, no bias": ((6, 9, 4), conv(3, 3, 4, 16, bias=False)),
    "conv 3x3, many channels": ((9, 13, 33), conv(3, 3, 33, 18, padding="same")),
    "conv, pooled": ((8, 12, 20), pooled_conv()),
    "conv, pooled, for many images": ((8, 8, 64), pooled_conv(64)),
    "conv, pooled, odd sides": ((9, 13, 20), pooled_conv()),
    "conv, pooled, odd sides, same": ((9, 13, 20), pooled_conv(padding="same")),
    "conv, pooled, an odd side, same": ((8, 13, 20), pooled_conv(padding="same")),
    "conv, pooled, odd sides, ceil": ((13, 9, 20), pooled_conv(ceil_mode=True)),
    "conv, pooled, padded": ((8, 8, 20), pooled_conv(padding=1)),
    "conv 1x1": ((5, 7, 19), conv(1, 1, 19, 17)),
    "conv 2x2 same": ((8, 8, 16), conv(2, 2, 16, 33, padding="same")),
    "conv 5x3, strides 2x1": ((11, 8, 3), conv(5, 3, 3, 9, strides=(2, 1), padding="same")),
    "conv, asymmetric padding": ((6, 6, 2), conv(3, 2, 2, 3, padding=((2, 0), (1, 3)))),
    "conv, dilation": ((9, 9, 4), conv(3, 3, 4, 5, dilation=2)),
    "conv, groups": ((7, 6, 12), conv(3, 3, 4, 6, groups=3, padding=1)),
    "conv, one channel": ((7, 6, 1), conv(3, 3, 1, 1, padding=1)),
    "conv, zeros around": ((8, 9, 5), padded((1, 1), (1, 1), conv(3, 3, 5, 7))),
    "conv, stride 2, zeros around": (
        (16, 12, 19),
        padded((1, 1), (1, 1), conv(3, 3, 19, 33, strides=2)),
    ),
    "conv, zeros on one side": ((9, 8, 40), padded((0, 1), (2, 0), conv(3, 4, 40, 33))),
    "conv, zeros and padding": ((9, 8, 5), padded((1, 0), (0, 2), conv(3, 4, 5, 7, padding=1))),
    "conv, dilation, zeros around": (
        (6, 5, 4),
        padded((2, 2), (3, 1), conv(3, 3, 4, 5, dilation=2)),
    ),
    "conv, more zeros than taps": ((4, 4, 3), padded((3, 0), (0, 4), conv(3, 3, 3, 5))),
    "conv, depthwise, stride 2, zeros around": (
        (12, 9, 37),
        padded((0, 1), (0, 1), conv(3, 3, 1, 37, groups=37, strides=2, bias=False)),
    ),
    "conv, pooled, zeros around": ((8, 12, 20), padded((1, 1), (1, 1), pooled_valid_conv)),
    "dense": ((37,), lambda g, x, rng: g.dense(x, param(rng, 37, 19), param(rng, 19))),
    "dense, no bias": ((37,), lambda g, x, rng: g.dense(x, param(rng, 37, 1))),
    "dense, along the last of three axes": (
        (4, 5, 6),
        lambda g, x, rng: g.dense(x, param(rng, 6, 3), param(rng, 3)),
    ),
    "relu": ((5, 3), lambda g, x, rng: g.activation(x, "relu")),
    **{
        f"{kind} {attrs or ''}": (
            (5, 3),
            lambda g, x, rng, kind=kind, attrs=attrs: g.activation(x, kind, **attrs),
        )
        for kind, attrs in [
            ("leaky_relu", {}),
            ("clipped_relu", {"max_value": 0.5, "negative_slope": 0.25}),
            ("elu", {"alpha": 0.5}),
            ("selu", {}),
            ("gelu", {}),
            ("gelu", {"approximate": True}),
            ("silu", {}),
            ("hard_silu", {}),
            ("sigmoid", {}),
            ("hard_sigmoid", {}),
            ("tanh", {}),
            ("softplus", {}),
            ("softsign", {}),
            ("exponential", {}),
        ]
    },
    "prelu": ((4, 3), lambda g, x, rng: g.prelu(x, param(rng, 4, 3))),
    "prelu, one alpha per channel": ((4, 3, 5), lambda g, x, rng: g.prelu(x, param(rng, 1, 1, 5))),
    "prelu, shared along the last axis": ((4, 5), lambda g, x, rng: g.prelu(x, param(rng, 4, 1))),
    "prelu, one alpha": ((4, 5), lambda g, x, rng: g.prelu(x, param(rng, 1, 1))),
    "softmax": ((13,), lambda g, x, rng: g.activation(x, "softmax")),
    "softmax over channels": ((3, 4, 5), lambda g, x, rng: g.activation(x, "softmax")),
    "max pool": ((8, 6, 3), lambda g, x, rng: g.pool2d(x, "max", 2)),
    "max pool, overlapping": (
        (9, 9, 4),
        lambda g, x, rng: g.pool2d(x, "max", 3, strides=2, padding="same"),
    ),
    "max pool, all of a large map": (
        (20, 20, 3),
        lambda g, x, rng: g.pool2d(x, "max", 20),
    ),
    "max pool, ceil mode": (
        (7, 5, 3),
        lambda g, x, rng: g.pool2d(x, "max", 2, ceil_mode=True),
    ),
    "average pool": ((8, 6, 3), lambda g, x, rng: g.pool2d(x, "avg", (2, 3))),
    "average pool, same": (
        (7, 7, 5),
        lambda g, x, rng: g.pool2d(x, "avg", 3, strides=2, padding="same"),
    ),
    "average pool, padding counted": (
        (7, 7, 5),
        lambda g, x, rng: g.pool2d(x, "avg", 3, padding=1, count_include_pad=True),
    ),
    "dropout": ((11, 13), lambda g, x, rng: g.dropout(x, 0.3, seed=5)),
    "affine": ((4, 3), lambda g, x, rng: g.affine(x, -0.7, 0.2)),
    "reshape": ((4, 3, 2), lambda g, x, rng: g.reshape(x, (2, -1))),
    "add": ((4, 3), lambda g, x, rng: g.add(x, x)),
    "multiply": ((4, 3), lambda g, x, rng: g.multiply(x, g.affine(x, 0.5, 1))),
    "multiply by itself": ((4, 3), lambda g, x, rng: g.multiply(x, x)),
    "multiply, a factor for each channel": (
        (4, 3, 37),
        lambda g, x, rng: g.multiply(g.pool2d(x, "avg", (4, 3)), x),
    ),
    "multiply, a factor for each pixel": (
        (4, 3, 37),
        lambda g, x, rng: g.multiply(x, g.dense(x, param(rng, 37, 1), param(rng, 1))),
    ),
    "multiply, a single number": (
        (4, 3),
        lambda g, x, rng: g.multiply(
            x, g.reshape(g.dense(g.reshape(x, (12,)), param(rng, 12, 1)), (1, 1))
        ),
    ),
    "subtract": ((4, 3), lambda g, x, rng: g.subtract(x, g.affine(x, 0.5, 1))),
    "maximum": ((5, 7), lambda g, x, rng: g.maximum(x, g.affine(x, -0.5, 0.1))),
    "minimum": ((5, 7), lambda g, x, rng: g.minimum(x, g.affine(x, -0.5, 0.1))),
    "maximum of equals": ((5, 7), lambda g, x, rng: g.maximum(x, x)),
    "concat channels": (
        (4, 3, 5),
        lambda g, x, rng: g.concat([x, conv(1, 1, 5, 33)(g, x, rng), x]),
    ),
    "concat rows": ((4, 3, 5), lambda g, x, rng: g.concat([x, g.affine(x, 2, 1)], 0)),
    "concat columns": ((4, 3, 5), lambda g, x, rng: g.concat([x, g.affine(x, 2, 1)], axis=-2)),
    "conv, depthwise": ((7, 9, 37), conv(3, 3, 1, 37, groups=37, padding="same")),
    "conv, depthwise, strides": (
        (9, 8, 5),
        conv(5, 2, 1, 5, groups=5, strides=(2, 3), dilation=(1, 2), padding="same"),
    ),
    "conv, depthwise, several filters": ((6, 6, 3), conv(3, 3, 1, 6, groups=3)),
    "conv, weights of other axes": (
        (6, 6, 4),
        lambda g, x, rng: g.conv2d(x, param(rng, 3, 3, 4, 2), groups=4, w_shape=(3, 3, 1, 8)),
    ),
    "transposed conv": (
        (5, 6, 7),
        lambda g, x, rng: g.conv2d_transpose(
            x, param(rng, 3, 3, 4, 7), param(rng, 4), strides=2, padding="same"
        ),
    ),
    "transposed conv, valid": (
        (5, 4, 17),
        lambda g, x, rng: g.conv2d_transpose(
            x, param(rng, 2, 3, 18, 17), strides=(3, 2), dilation=(1, 2)
        ),
    ),
    "transposed conv, output padding": (
        (5, 4, 3),
        lambda g, x, rng: g.conv2d_transpose(
            x, param(rng, 3, 4, 2, 3), strides=2, padding="same", output_padding=1
        ),
    ),
    "transposed conv, 3x3": (
        (8, 8, 16),
        lambda g, x, rng: g.conv2d_transpose(
            x, param(rng, 3, 3, 16, 16), param(rng, 16), padding="same"
        ),
    ),
    "min pool": ((7, 6, 5), lambda g, x, rng: g.pool2d(x, "min", 3, 2, padding="same")),
    "l2 pool": ((7, 6, 5), lambda g, x, rng: g.pool2d(x, "lp", 3, 2, padding="same")),
    "l1 pool": ((7, 6, 5), lambda g, x, rng: g.pool2d(x, "lp", 2, p=1)),
    "l3 pool": ((7, 6, 5), lambda g, x, rng: g.pool2d(x, "lp", (2, 3), p=3)),
    "l2.5 pool": ((7, 6, 5), lambda g, x, rng: g.pool2d(x, "lp", 2, p=2.5)),
    "average pool, all of a map": ((9, 8, 5), lambda g, x, rng: g.pool2d(x, "avg", (9, 8))),
    "pad": ((3, 4, 2), lambda g, x, rng: g.pad(x, ((1, 2), (0, 3), (1, 0)))),
    "pad a sequence": ((3, 4), lambda g, x, rng: g.pad(x, ((2, 0), (0, 0)))),
    "crop": ((5, 4, 6), lambda g, x, rng: g.crop(x, ((1, 2), (0, 3), (1, 0)))),
    "transpose": ((5, 4, 6), lambda g, x, rng: g.transpose(x, (2, 0, 1))),
    "upsample": ((3, 4, 5), lambda g, x, rng: g.upsample(x, (2, 3))),
    "spatial dropout": ((3, 4, 19), lambda g, x, rng: g.spatial_dropout(x, 0.4, seed=5)),
    "nothing": ((4, 3), lambda g, x, rng: x),
}


LINEAR = ("relu", "max", "avg")  # piecewise: their bounds are those of their magnitudes


def built(case, batch_size, **arguments):
    shape, record = CASES[case]
    graph = Graph()
    graph.output(record(graph, graph.input(shape), np.random.default_rng(3)))
    return graph, Plan(graph, batch_size, training=True, input_gradient=True, **arguments)


def check(graph, plan, rows, rng, step=0):
    """One forward and backward pass against the definition."""
    (value,), (output,) = graph.inputs, graph.outputs
    x, dy = normal(rng, rows, *value.shape), normal(rng, rows, *output.shape)
    expected = Reference(graph)
    (y,) = expected.forward([x], step=step)
    grads = expected.backward([dy])
    actual = plan.forward(x, step).copy()
    dx = plan.backward(dy)
    count = roundings(graph) * rows
    if any(getattr(node.primitive, "kind", "relu") not in LINEAR for node in graph.nodes):
        largest = np.abs(dy).max() * max(1, np.abs(y).max())  # of all products
        assert_close(actual, y, max(1, np.abs(y).max()), count)
        assert_close(dx, grads[value], largest, count)
        return
    bound = Reference(graph, like=expected)
    (y_bound,) = bound.forward([x], step=step)
    bounds = bound.backward([dy])
    assert_close(actual, y, y_bound, count, "y")
    assert_close(dx, grads[value], bounds[value], count, "dx")
    for parameter in graph.parameters:
        assert_close(parameter.grad, grads[parameter], bounds[parameter], count, parameter.name)


@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize("case", CASES)
def test_step_agrees_with_its_definition(case, rows):
    graph, plan = built(case, rows)
    check(graph, plan, rows, np.random.default_rng(rows))


@pytest.mark.parametrize("case", CASES)
def test_smaller_batches_share_the_memory(case):
    graph, plan = built(case, 6)
    nbytes = plan.nbytes
    rng = np.random.default_rng(1)
    for step, rows in enumerate([6, 2, 6, 1, 3, 4, 5, 2, 6]):
        check(graph, plan, rows, rng, step)
    assert plan.nbytes == nbytes


def test_algorithms_are_those_for_the_largest_batch():
    """In batches of 33 this convolution pools inside, in batches of 3 it would not."""
    graph, plan = built("conv, pooled, for many images", 33)
    nbytes = plan.nbytes
    rng = np.random.default_rng(1)
    for step, rows in enumerate([33, 3, 33, 10]):
        check(graph, plan, rows, rng, step)
    assert plan.nbytes == nbytes
    assert "unpooled" not in plan.report()
    small = built("conv, pooled, for many images", 3)[1]
    assert "unpooled" in small.report()


@pytest.mark.parametrize("case", ["dropout", "spatial dropout", "conv 3x3 same", "relu"])
def test_inference_drops_nothing(case):
    graph, plan = built(case, 4)
    x = normal(np.random.default_rng(1), 4, *graph.inputs[0].shape)
    (y,) = Reference(graph).forward([x], training=False)
    count = roundings(graph)
    (bound,) = Reference(graph, like=Reference(graph)).forward([x], training=False)
    inference = Plan(graph, 4, training=False)
    assert_close(inference.forward(x), y, bound, count)
    assert_close(plan.forward(x, training=False), y, bound, count)


def test_an_output_that_is_the_input_is_a_copy():
    _, plan = built("nothing", 2)
    x = np.ones((2, 4, 3), np.float32)
    y = plan.forward(x)
    y[...] = 5
    assert (x == 1).all()


def test_bytes_go_through_a_scaling():
    rng = np.random.default_rng(0)
    graph = Graph()
    x = graph.affine(graph.input((6, 6, 3), "uint8"), 1 / 255, -0.5)
    graph.output(graph.conv2d(x, param(rng, 3, 3, 3, 4), param(rng, 4), padding="same"))
    pixels = rng.integers(0, 256, (3, 6, 6, 3), dtype=np.uint8)
    dy = normal(rng, 3, 6, 6, 4)
    expected = Reference(graph)
    (y,) = expected.forward([pixels])
    grads = expected.backward([dy])
    bound = Reference(graph, like=expected)
    (y_bound,) = bound.forward([pixels])
    bounds = bound.backward([dy])
    for fuse in (True, False):
        plan = Plan(graph, 3, training=True, input_gradient=True, fuse=fuse)
        count = roundings(graph)
        assert_close(plan.forward(pixels), y, y_bound, count)
        assert_close(plan.backward(dy), grads[graph.inputs[0]], bounds[graph.inputs[0]], count)
        for parameter in graph.parameters:
            bound_ = bounds[parameter]
            assert_close(parameter.grad, grads[parameter], bound_, 3 * count)


def test_frozen_parameters_get_no_gradient():
    rng = np.random.default_rng(0)
    w, b = param(rng, 3, 3, 2, 4), param(rng, 4)
    w.trainable = False
    v, c = param(rng, 4, 3), param(rng, 3)
    c.trainable = False
    graph = Graph()
    x = graph.conv2d(graph.input((3, 3, 2)), w, b)
    graph.output(graph.dense(graph.reshape(x, (-1,)), v, c))
    plan = Plan(graph, 2, training=True)
    plan.forward(np.ones((2, 3, 3, 2), np.float32))
    assert plan.backward(np.ones((2, 3), np.float32)) is None
    assert w.grad is None
    assert c.grad is None
    np.testing.assert_allclose(b.grad, 2 * v.value.sum(axis=1), rtol=1e-6)
    assert v.grad.shape == (4, 3)
