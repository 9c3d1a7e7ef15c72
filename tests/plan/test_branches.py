"""Values read twice, shared parameters, several inputs and outputs, layers written in NumPy."""

import numpy as np
import pytest

from fastconv.plan.graph import Graph
from fastconv.plan.losses.spec import LossSpec
from fastconv.plan.parameters import Parameter
from fastconv.plan.plan import Plan

INTEGERS = np.arange(-6, 6, dtype=np.float32).reshape(3, 4)


class Product:
    """y = a * b, in NumPy."""

    def forward(self, x, training):
        self.a, self.b = x
        return self.a * self.b

    def backward(self, dy):
        return [dy * self.b, dy * self.a]


class Scale:
    """y = p * x with a parameter of its own; keeps what it was given."""

    def __init__(self):
        self.parameters = [Parameter("p", [1.0, 2.0, 3.0, 4.0])]

    def forward(self, x, training):
        self.x = x
        return self.parameters[0].value * x

    def backward(self, dy):
        self.parameters[0].grad[...] = (dy * self.x).sum(axis=0)
        return dy * self.parameters[0].value


def test_two_readers_add_their_gradients():
    g = Graph()
    x = g.input((4,))
    y = g.affine(x, 2, 0)
    g.output(g.add(g.add(g.affine(y, 3, 0), g.affine(y, 5, 1)), y))
    plan = Plan(g, 3, training=True, input_gradient=True)
    np.testing.assert_array_equal(plan.forward(INTEGERS), 18 * INTEGERS + 1)
    np.testing.assert_array_equal(plan.backward(INTEGERS), 18 * INTEGERS)


def test_a_layer_that_is_used_twice_adds_its_gradients():
    g = Graph()
    w, b = Parameter("w", np.eye(4) * 2), Parameter("b", np.ones(4))
    x = g.input((4,))
    g.output(g.dense(g.dense(x, w, b), w, b))
    plan = Plan(g, 3, training=True)
    for _ in range(2):  # nothing is left over from the step before
        np.testing.assert_array_equal(plan.forward(INTEGERS), 4 * INTEGERS + 3)
        assert plan.backward(np.ones((3, 4))) is None
        np.testing.assert_array_equal(b.grad, np.full(4, 3 + 6))
        inner = 2 * INTEGERS.sum(axis=0) + (2 * INTEGERS + 1).sum(axis=0)
        np.testing.assert_array_equal(w.grad, np.repeat(inner[:, None], 4, axis=1))


def test_several_inputs_and_outputs():
    g = Graph()
    a, b = g.input((4,)), g.input((2, 2))
    y = g.add(g.affine(a, 3, 0), g.reshape(b, (4,)))
    g.output(y)
    g.output(g.reshape(g.affine(y, 2, 0), (2, 2)))
    plan = Plan(g, 3, training=True, input_gradient=True)
    other = INTEGERS[::-1].reshape(3, 2, 2)
    y, z = plan.forward([INTEGERS, other])
    np.testing.assert_array_equal(y, 3 * INTEGERS + other.reshape(3, 4))
    np.testing.assert_array_equal(z, 2 * y.reshape(3, 2, 2))
    da, db = plan.backward([INTEGERS, None])
    np.testing.assert_array_equal(da, 3 * INTEGERS)
    np.testing.assert_array_equal(db, INTEGERS.reshape(3, 2, 2))
    plan.forward([INTEGERS, other])
    da, db = plan.backward([INTEGERS, other])
    np.testing.assert_array_equal(da, 3 * (INTEGERS + 2 * other.reshape(3, 4)))


def test_one_value_as_two_outputs():
    g = Graph()
    y = g.affine(g.input((4,)), 2, 0)
    g.output(y)
    g.output(g.reshape(y, (2, 2)))
    plan = Plan(g, 3, training=True, input_gradient=True)
    plan.forward(INTEGERS)
    dx = plan.backward([INTEGERS, np.ones((3, 2, 2))])
    np.testing.assert_array_equal(dx, 2 * (INTEGERS + 1))


def test_an_input_that_nothing_reads_has_no_gradient():
    g = Graph()
    a, _ = g.input((4,)), g.input((2,))
    g.output(g.affine(a, 2, 0))
    plan = Plan(g, 3, training=True, input_gradient=True)
    plan.forward([INTEGERS, np.ones((3, 2))])
    da, db = plan.backward(INTEGERS)
    np.testing.assert_array_equal(da, 2 * INTEGERS)
    np.testing.assert_array_equal(db, np.zeros((3, 2)))


def test_a_loss_for_each_output():
    g = Graph()
    w = Parameter("w", np.ones((4, 2)))
    x = g.input((4,))
    y = g.dense(x, w)
    for _ in range(3):
        g.output(g.affine(y, 1, 0))
    mse = LossSpec("mean_squared_error")
    plan = Plan(g, 3, training=True, loss=[mse, None, mse])
    targets = [np.zeros((3, 2)), np.ones((3, 2))]
    loss, (y, _, _) = plan.train_step(INTEGERS, targets)
    np.testing.assert_allclose(loss, (y**2).mean() + ((y - 1) ** 2).mean(), rtol=1e-6)
    np.testing.assert_allclose(w.grad, INTEGERS.T @ (2 * y - 1) * 2 / 6, rtol=1e-6)


def test_layers_in_numpy_with_two_inputs():
    g = Graph()
    x = g.input((4,))
    y = g.affine(x, 2, 0)
    g.output(g.opaque([y, x], Product()))
    plan = Plan(g, 3, training=True, input_gradient=True)
    np.testing.assert_array_equal(plan.forward(INTEGERS), 2 * INTEGERS**2)
    np.testing.assert_array_equal(plan.backward(np.ones((3, 4))), 4 * INTEGERS)


def test_layers_in_numpy_with_parameters():
    g = Graph()
    layer = Scale()
    x = g.activation(g.affine(g.input((4,)), 1, 1), "relu")
    g.output(g.activation(g.opaque(x, layer), "relu"))
    plan = Plan(g, 3, training=True, input_gradient=True)
    assert g.parameters == layer.parameters
    before = np.maximum(INTEGERS + 1, 0)
    np.testing.assert_array_equal(plan.forward(INTEGERS), before * [1, 2, 3, 4])
    dx = plan.backward(np.ones((3, 4)))
    np.testing.assert_array_equal(layer.parameters[0].grad, before.sum(axis=0))
    np.testing.assert_array_equal(dx, (before > 0) * np.array([1, 2, 3, 4]))


def test_what_a_numpy_layer_returns_is_checked():
    class Wrong(Scale):
        def forward(self, x, training):
            return x[:, :2]

    g = Graph()
    g.output(g.opaque(g.input((4,)), Wrong()))
    message = r"Wrong.forward: the result must have the shape \(3, 4\); received \(3, 2\)"
    with pytest.raises(ValueError, match=message):
        Plan(g, 3, training=False).forward(INTEGERS)
