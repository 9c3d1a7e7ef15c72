"""What a plan says its steps cost, worked out by hand for a small network."""

import numpy as np
import pytest

from fastconv.plan.graph import Graph
from fastconv.plan.losses.spec import LossSpec
from fastconv.plan.parameters import Parameter
from fastconv.plan.plan import Plan

ROWS = 4


@pytest.fixture
def graph():
    """8x8x3 bytes -> 3x3 convolution to 8 channels -> dense 5 -> softmax."""
    graph = Graph()
    x = graph.affine(graph.input((8, 8, 3), "uint8"), 1 / 255, 0)
    w, b = Parameter("w", np.ones((3, 3, 3, 8))), Parameter("b", np.zeros(8))
    y = graph.activation(graph.conv2d(x, w, b, padding="same"), "relu")
    dense = graph.dense(graph.reshape(y, (-1,)), Parameter("v", np.ones((512, 5))), None)
    graph.output(graph.activation(dense, "softmax"))
    return graph


def plan_of(graph, training):
    return Plan(graph, ROWS, training=training, loss=LossSpec("sparse_categorical_crossentropy"))


def test_operations_and_bytes(graph):
    found = plan_of(graph, training=True).costs()
    names = [(cost.computes, cost.direction) for cost in found]
    conv, dense = "affine 0.003922, 0 + conv 3x3 + bias + relu", "dense"
    loss = "softmax + sparse_categorical_crossentropy"
    assert names == [
        (conv, "forward"),
        (dense, "forward"),
        (loss, "forward"),
        (dense, "backward"),
        (conv, "backward"),
    ]
    pixels, weights = ROWS * 64, 4 * (27 * 8 + 8)
    x, y, v = pixels * 3, 4 * pixels * 8, 4 * 512 * 5
    z = 4 * ROWS * 5
    assert [cost.flops for cost in found] == [
        2 * pixels * 27 * 8,
        2 * ROWS * 512 * 5,
        0,
        2 * 2 * ROWS * 512 * 5,  # for the weights and for what came before
        2 * pixels * 27 * 8,  # for the weights: the gradient of the image is not needed
    ]
    assert [cost.nbytes for cost in found] == [
        x + y + weights,  # scaled block by block
        y + z + v,
        3 * z,
        y + z + y + 2 * v,  # x, dy, dx; w and dw
        x + y + y + weights,  # y for the ReLU, dy; dw and db
    ]
    assert all(cost.seconds is None for cost in found)


def test_times_are_medians_of_full_batches(graph):
    plan = plan_of(graph, training=True)
    x, y = np.zeros((ROWS, 8, 8, 3), np.uint8), np.zeros(ROWS, int)
    plan.profile = True
    plan.train_step(x[:1], y[:1])
    assert all(cost.seconds is None for cost in plan.costs())
    plan.train_step(x, y)
    assert all(cost.seconds > 0 for cost in plan.costs())


def test_inference_has_no_way_back(graph):
    plan = plan_of(graph, training=False)
    assert [cost.computes.split()[0] for cost in plan.costs()] == ["affine", "dense", "softmax"]
    assert {cost.direction for cost in plan.costs()} == {"forward"}
