"""Recording a network: shapes come out right, and what cannot be is refused at once."""

import numpy as np
import pytest

from fastconv.plan.graph import Graph
from fastconv.plan.losses.spec import LossSpec
from fastconv.plan.parameters import Parameter


def param(*shape):
    return Parameter("p", np.zeros(shape))


def test_the_table_network_has_its_shapes():
    graph = Graph()
    x = graph.affine(graph.input((32, 32, 3), "uint8"), 1 / 255, 0)
    assert (x.shape, x.dtype) == ((32, 32, 3), "float32")
    x = graph.conv2d(x, param(3, 3, 3, 32), param(32), padding="same")
    x = graph.activation(x, "relu")
    x = graph.pool2d(x, "max", 2)
    assert x.shape == (16, 16, 32)
    x = graph.conv2d(x, param(2, 2, 32, 128), padding="same", strides=(2, 1))
    assert x.shape == (8, 16, 128)
    x = graph.reshape(graph.dropout(x, 0.25, seed=1), (-1,))
    x = graph.dense(x, param(16384, 10), param(10))
    x = graph.activation(x, "softmax")
    graph.output(x)
    assert x.shape == (10,)
    assert len(graph.parameters) == 5


def test_a_shared_parameter_is_listed_once():
    graph, w = Graph(), param(4, 4)
    x = graph.input((4,))
    graph.output(graph.dense(graph.dense(x, w), w))
    assert graph.parameters == [w]


def test_a_dropout_of_nothing_is_no_step():
    graph = Graph()
    x = graph.input((4,))
    assert graph.dropout(x, 0, seed=1) is x
    assert graph.nodes == []


def test_a_concat_of_one_value_is_no_step():
    graph = Graph()
    x = graph.input((4,))
    assert graph.concat([x]) is x
    assert graph.concat([x, x, x]).shape == (12,)


class Doubling:
    def forward(self, x, training):
        return 2 * x

    def backward(self, dy):
        return 2 * dy


CASES = {
    "channels": (
        lambda g, x: g.conv2d(x, param(3, 3, 4, 8)),
        ValueError,
        r"conv2d: x has 3 input channels, w expects 4; received x \(1, 8, 8, 3\)",
    ),
    "rank": (
        lambda g, x: g.conv2d(g.reshape(x, (-1,)), param(3, 3, 3, 8)),
        ValueError,
        r"conv2d: x must have 4 axes, the batch included; received \(None, 192\)",
    ),
    "bias": (
        lambda g, x: g.conv2d(x, param(3, 3, 3, 8), param(3)),
        ValueError,
        r"conv2d: b must have one element for each of the 8 outputs of w; received b \(3,\)",
    ),
    "window": (
        lambda g, x: g.conv2d(x, param(9, 9, 3, 8)),
        ValueError,
        "conv2d: the window must fit into the padded input",
    ),
    "features": (
        lambda g, x: g.dense(x, param(4, 2)),
        ValueError,
        r"dense: x has 3 features, w expects 4; received x \(None, 8, 8, 3\), w \(4, 2\)",
    ),
    "dense weights": (
        lambda g, x: g.dense(x, param(3, 3, 3)),
        ValueError,
        r"dense: w must have two axes \(ic, oc\); received \(3, 3, 3\)",
    ),
    "unknown activation": (
        lambda g, x: g.activation(x, "rleu"),
        ValueError,
        r"activation: kind must be one of .*received 'rleu' \(did you mean 'relu'\?\)",
    ),
    "activation's arguments": (
        lambda g, x: g.activation(x, "relu", slope=1),
        TypeError,
        "activation: relu takes no further arguments; received {'slope': 1}",
    ),
    "pooling kind": (
        lambda g, x: g.pool2d(x, "mean", 2),
        ValueError,
        "pool2d: kind must be one of 'max', 'min', 'avg', 'lp'; received 'mean'",
    ),
    "pooling window": (
        lambda g, x: g.pool2d(x, "max", 9),
        ValueError,
        "pool2d: the window must fit",
    ),
    "crop": (
        lambda g, x: g.crop(x, ((4, 4), (0, 0), (0, 0))),
        ValueError,
        r"crop: something of x must be left; received x \(None, 8, 8, 3\)",
    ),
    "sides": (
        lambda g, x: g.pad(x, ((1, 1), (0, 0))),
        ValueError,
        r"pad: sides must be \(before, after\) for each of the 3 axes of a sample; received",
    ),
    "axes": (
        lambda g, x: g.transpose(x, (0, 1, 1)),
        ValueError,
        r"transpose: axes must name each of the 3 axes of a sample, .*; received \(0, 1, 1\)",
    ),
    "power": (
        lambda g, x: g.pool2d(x, "lp", 2, p=0.5),
        ValueError,
        "pool2d: p must be at least 1; received 0.5",
    ),
    "transposed channels": (
        lambda g, x: g.conv2d_transpose(x, param(3, 3, 4, 5)),
        ValueError,
        r"conv2d_transpose: x has 3 channels, w expects 5; received x \(1, 8, 8, 3\)",
    ),
    "output padding": (
        lambda g, x: g.conv2d_transpose(x, param(3, 3, 4, 3), strides=2, output_padding=2),
        ValueError,
        "conv2d_transpose: output_padding must be at least 0 and smaller than the stride",
    ),
    "concat, another size": (
        lambda g, x: g.concat([x, g.pool2d(x, "max", 2)]),
        ValueError,
        r"concat: all values must agree in every axis but axis 2 .*; "
        r"received \(None, 8, 8, 3\), \(None, 4, 4, 3\)",
    ),
    "concat, the axis": (
        lambda g, x: g.concat([x, x], 3),
        ValueError,
        r"concat: axis must be from -3 to 2, .*; received 3, x \(None, 8, 8, 3\)",
    ),
    "concat of nothing": (lambda g, x: g.concat([]), ValueError, "concat: .*; received none"),
    "multiply": (
        lambda g, x: g.multiply(x, g.pool2d(x, "max", 2)),
        ValueError,
        r"multiply: both must have one shape, .*; received \(None, 8, 8, 3\) and \(None, 4, 4, 3\)",
    ),
    "maximum": (
        lambda g, x: g.maximum(x, g.reshape(x, (-1,))),
        ValueError,
        r"maximum: both must have one shape; received \(None, 8, 8, 3\) and \(None, 192\)",
    ),
    "rate": (
        lambda g, x: g.dropout(x, 1.0, 0),
        ValueError,
        "dropout: rate must be at least 0 and below 1; received 1.0",
    ),
    "rate's type": (
        lambda g, x: g.dropout(x, "half", 0),
        TypeError,
        "dropout: rate must be a number; received 'half'",
    ),
    "seed": (lambda g, x: g.dropout(x, 0.5, -1), ValueError, "seed must be between 0 and"),
    "seed's type": (lambda g, x: g.dropout(x, 0.5, 1.5), TypeError, "seed must be a whole number"),
    "affine": (
        lambda g, x: g.affine(x, float("nan"), 0),
        ValueError,
        "affine: scale must be finite; received nan",
    ),
    "reshape": (
        lambda g, x: g.reshape(x, (7, -1)),
        ValueError,
        r"reshape: the number of elements must stay 192; received x \(None, 8, 8, 3\), shape \(7",
    ),
    "two open sizes": (lambda g, x: g.reshape(x, (-1, -1)), ValueError, "must stay 192"),
    "add": (
        lambda g, x: g.add(x, g.reshape(x, (-1,))),
        ValueError,
        r"add: both must have one shape; received \(None, 8, 8, 3\) and \(None, 192\)",
    ),
    "opaque": (
        lambda g, x: g.opaque(x, object()),
        TypeError,
        "opaque: a layer needs a method forward; received <object",
    ),
    "no value": (
        lambda g, x: g.activation(np.zeros(3), "relu"),
        TypeError,
        "activation: x must be a Value of this graph; received array",
    ),
    "another graph's value": (
        lambda g, x: g.activation(Graph().input((3,)), "relu"),
        ValueError,
        "must be a Value of this graph; received another graph's",
    ),
    "uint8": (
        lambda g, x: g.activation(g.input((3,), "uint8"), "relu"),
        ValueError,
        "activation: x must be float32, an affine step makes it so; received uint8",
    ),
    "input dtype": (
        lambda g, x: g.input((3,), "float64"),
        ValueError,
        "input: dtype must be one of 'float32', 'uint8'; received 'float64'",
    ),
    "input size": (lambda g, x: g.input((3, 0)), ValueError, "every size must be at least 1"),
    "input without axes": (lambda g, x: g.input(3), TypeError, "input: shape must be a sequence"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_is_refused_while_recording(case):
    record, error, message = CASES[case]
    graph = Graph()
    x = graph.input((8, 8, 3))
    with pytest.raises(error, match=message):
        record(graph, x)


def test_an_error_names_the_layer():
    graph = Graph()
    x = graph.input((8, 8, 3))
    with graph.layer("conv2d_7"), pytest.raises(ValueError, match=r"^conv2d \(conv2d_7\): x has 3"):
        graph.conv2d(x, param(3, 3, 4, 8))
    with pytest.raises(ValueError, match=r"^conv2d: x has 3"):
        graph.conv2d(x, param(3, 3, 4, 8))


def test_an_opaque_layer_may_say_its_shape():
    class Sum(Doubling):
        def compute_output_shape(self, shapes):
            assert shapes == [(3, 4), (5,)]
            return (1,)

    graph = Graph()
    a, b = graph.input((3, 4)), graph.input((5,))
    assert graph.opaque([a, b], Sum()).shape == (1,)
    assert graph.opaque(a, Doubling()).shape == (3, 4)


def test_losses_by_name():
    assert LossSpec("categorical_crossentropy", from_logits=True).is_crossentropy
    assert LossSpec("sparse_categorical_crossentropy").is_sparse
    with pytest.raises(ValueError, match=r"kind must be one of .*mean 'mean_squared_error'"):
        LossSpec("mean_squared_eror")
    with pytest.raises(ValueError, match="from_logits belongs to a cross-entropy"):
        LossSpec("mean_squared_error", from_logits=True)
    with pytest.raises(TypeError, match="from_logits must be True or False; received 1"):
        LossSpec("categorical_crossentropy", from_logits=1)
