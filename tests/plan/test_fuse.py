"""Which steps are fused: by the table, and only if no other step reads the values between."""

import numpy as np
import pytest

from fastconv.plan.fuse import fuse
from fastconv.plan.graph import Graph
from fastconv.plan.parameters import Parameter
from fastconv.plan.plan import Plan


def param(*shape):
    return Parameter("p", np.zeros(shape))


def conv(g, x, channels=4):
    w, b = param(3, 3, x.shape[2], channels), param(channels)
    return g.conv2d(x, w, b, padding="same")


def titles(graph, enabled=True):
    return [step.title for step in fuse(graph, enabled)]


def network():
    g = Graph()
    x = g.affine(g.input((8, 8, 3), "uint8"), 0.5, 0)
    x = g.pool2d(g.activation(conv(g, x), "relu"), "max", 2)
    x = g.dropout(g.pool2d(conv(g, x), "max", 2), 0.25, 1)
    x = g.activation(conv(g, x), "relu")
    x = g.pool2d(x, "avg", 2)
    x = g.activation(g.dense(g.reshape(x, (-1,)), param(4, 5), param(5)), "relu")
    x = g.dense(g.dropout(x, 0.5, 2), param(5, 3))
    g.output(g.activation(x, "softmax"))
    return g


def test_the_table():
    assert titles(network()) == [
        "affine 0.5, 0 + conv 3x3 + bias + relu + max pool 2x2/2",
        "conv 3x3 + bias + max pool 2x2/2 + dropout 0.25",
        "conv 3x3 + bias + relu",
        "avg pool 2x2/2",
        "dense + bias + relu + dropout 0.5",
        "dense",
        "softmax",
    ]


def test_unfused_every_step_stays_alone():
    alone = titles(network(), enabled=False)
    assert len(alone) == 15
    assert alone[:4] == ["affine 0.5, 0", "conv 3x3 + bias", "relu", "max pool 2x2/2"]


def test_the_environment_turns_fusion_off(monkeypatch):
    monkeypatch.setenv("FASTCONV_FUSE", "0")
    assert len(Plan(network(), 1, training=False).steps) == 15
    assert len(Plan(network(), 1, training=False, fuse=True).steps) == 7
    monkeypatch.setenv("FASTCONV_FUSE", "no")
    with pytest.raises(ValueError, match="FASTCONV_FUSE: must be 0 or 1; received 'no'"):
        Plan(network(), 1, training=False)


def test_a_value_with_two_readers_is_kept():
    g = Graph()
    y = conv(g, g.input((8, 8, 3)))
    g.output(g.add(g.activation(y, "relu"), y))
    assert titles(g) == ["conv 3x3 + bias", "relu", "add"]


def test_an_output_is_kept():
    g = Graph()
    y = conv(g, g.input((8, 8, 3)))
    g.output(y)
    g.output(g.activation(y, "relu"))
    assert titles(g) == ["conv 3x3 + bias", "relu"]


def test_other_windows_and_scalings_stay_apart():
    g = Graph()
    x = g.affine(g.input((8, 8, 3)), 0.5, 0)  # float32: nothing would be gained
    x = g.pool2d(g.activation(conv(g, x), "relu"), "max", 3, 2)
    g.output(g.pool2d(conv(g, x), "avg", 2))
    assert titles(g) == [
        "affine 0.5, 0",
        "conv 3x3 + bias + relu",
        "max pool 3x3/2",
        "conv 3x3 + bias",
        "avg pool 2x2/2",
    ]


def test_zeros_around_a_map_are_padding_of_the_convolution():
    g = Graph()
    x = g.affine(g.input((8, 8, 3), "uint8"), 0.5, 0)
    x = g.activation(conv(g, g.pad(x, ((1, 0), (0, 1), (0, 0)))), "relu")
    g.output(conv(g, g.pad(x, ((0, 1), (0, 1), (0, 0)))))
    (first, second) = fuse(g)
    assert first.title == "affine 0.5, 0 + pad + conv 3x3 + bias + relu"
    assert second.title == "pad + conv 3x3 + bias"


@pytest.mark.parametrize(
    ("sides", "taps"),
    [
        (((3, 0), (0, 0), (0, 0)), 3),  # a window would lie in the zeros
        (((1, 1), (1, 1), (0, 1)), 3),  # channels
        (((1, 0), (0, 0), (0, 0)), 1),  # a product of matrices otherwise
        (((1, 0), (0, 0), (0, 0)), 33),
    ],
)
def test_other_zeros_stay_apart(sides, taps):
    g = Graph()
    x = g.pad(g.input((40, 40, 3)), sides)
    g.output(g.conv2d(x, param(taps, taps, x.shape[2], 4)))
    assert titles(g) == ["pad", f"conv {taps}x{taps}"]


def test_what_reaches_no_output_is_left_out():
    g = Graph()
    x = g.input((8, 8, 3))
    g.activation(conv(g, x), "relu")
    g.output(g.affine(x, 2, 0))
    assert titles(g) == ["affine 2, 0"]


def test_a_fused_step_runs_after_all_that_it_reads():
    """The chain begins before the other branch is recorded, and ends after it."""
    g = Graph()
    x = g.input((8, 8, 3))
    y = conv(g, x)
    z = g.affine(x, 2, 0)
    y = g.activation(y, "relu")
    g.output(g.add(g.pool2d(y, "max", 2), g.pool2d(conv(g, z), "max", 2)))
    steps = fuse(g)
    written = set(g.inputs)
    for step in steps:
        assert set(step.inputs) <= written
        written.add(step.output)
    assert len(steps) == 4


def test_a_layers_name_is_kept():
    g = Graph()
    with g.layer("first"):
        y = conv(g, g.input((8, 8, 3)))
    with g.layer("second"):
        g.output(g.activation(y, "relu"))
    assert [step.label for step in fuse(g)] == ["first"]


def row_network(between=(10, 4)):
    """A convolution along one axis, as layers of sequences record it."""
    g = Graph()
    y = conv(g, g.reshape(g.input((10, 3)), (1, 10, 3)))
    y = g.activation(g.reshape(y, between), "relu")
    g.output(g.dropout(y, 0.25, 1))
    return g


def test_a_reshape_may_stand_before_what_treats_all_pixels_alike():
    assert titles(row_network()) == ["conv 3x3 + bias + relu + dropout 0.25"]
    assert len(titles(row_network(), enabled=False)) == 3


def test_a_reshape_of_the_channels_may_not():
    assert titles(row_network((40,))) == ["conv 3x3 + bias", "relu", "dropout 0.25"]


def test_a_reshape_before_a_pooling_may_not():
    g = Graph()
    y = g.reshape(conv(g, g.input((4, 6, 3))), (6, 4, 4))
    g.output(g.pool2d(y, "max", 2))
    assert titles(g) == ["conv 3x3 + bias", "max pool 2x2/2"]


def test_a_reshape_that_is_an_output_may_not():
    g = Graph()
    y = g.reshape(conv(g, g.input((1, 6, 3))), (6, 4))
    g.output(y)
    g.output(g.activation(y, "relu"))
    assert titles(g) == ["conv 3x3 + bias", "relu"]
