"""Parameters, and the flat array that a store packs them into."""

import copy

import numpy as np
import pytest

from fastconv import optimizers
from fastconv.plan.parameters import Parameter, ParameterStore


def numbered(name, shape, trainable=True):
    return Parameter(name, np.arange(np.prod(shape)).reshape(shape), trainable)


def test_a_parameter_owns_a_float32_copy():
    source = np.arange(6, dtype=np.float64).reshape(2, 3).T
    parameter = Parameter("w", source)
    source[...] = -1
    assert parameter.shape == (3, 2)
    assert parameter.value.dtype == np.float32
    assert parameter.value.flags.c_contiguous
    assert parameter.value[2, 1] == 5


def test_assigning_copies_into_the_same_array():
    parameter = numbered("w", (2, 3))
    array = parameter.value
    parameter.value = np.full((2, 3), 7)
    assert parameter.value is array
    assert (array == 7).all()


def test_a_new_value_of_another_shape_is_refused():
    parameter = numbered("w", (2, 3))
    with pytest.raises(ValueError, match=r"parameter w: .* \(2, 3\); received \(3, 2\)"):
        parameter.value = np.zeros((3, 2))
    assert parameter.value[1, 2] == 5


@pytest.mark.parametrize("value", [np.ones(2, complex), np.array(["a"]), np.array([None])])
def test_only_real_numbers(value):
    with pytest.raises(TypeError, match="parameter w: values are real numbers; received dtype"):
        Parameter("w", value)


def test_a_store_packs_the_trainable_ones_first_and_keeps_the_values():
    frozen, a, b = (
        numbered("frozen", (3,), trainable=False),
        numbered("a", (5, 7)),
        numbered("b", ()),
    )
    store = ParameterStore([frozen, a, b, a])
    assert store.parameters == [a, b, frozen]
    assert store.trainable_size == 48 + 16
    assert store.values.size == 48 + 16 + 16
    for parameter in store.parameters:
        assert np.shares_memory(parameter.value, store.values)
        assert parameter.value.ctypes.data % 64 == 0
    np.testing.assert_array_equal(a.value, np.arange(35).reshape(5, 7))
    assert store.values.sum() == a.value.sum() + b.value.sum() + frozen.value.sum()


def test_gradients_lie_where_their_values_lie():
    frozen, a, b = (
        numbered("frozen", (3,), trainable=False),
        numbered("a", (5,)),
        numbered("b", (2,)),
    )
    a.allocate_grad()[...] = 3
    store = ParameterStore([a, frozen, b])  # `a` had a gradient: the store keeps it
    assert store.grads is not None
    assert store.grads.size == store.trainable_size
    assert (a.grad == 3).all()
    assert frozen.grad is None
    b.grad[...] = 4
    np.testing.assert_array_equal(store.grads[16:18], [4, 4])
    assert store.grads.sum() == 15 + 8


def test_packing_again_moves_the_parameters():
    a, b = numbered("a", (5,)), numbered("b", (2,))
    ParameterStore([a])
    store = ParameterStore([b, a])
    a.value = np.full(a.shape, 9)
    assert (store.values[16:21] == 9).all()


def test_a_gradient_is_made_in_the_store_that_holds_the_parameter():
    a, b = numbered("a", (5,)), numbered("b", (2,))
    old = ParameterStore([a])
    store = ParameterStore([a, b])
    b.allocate_grad()[...] = 2
    assert store.grads.sum() == 4
    old.allocate_grads()
    assert np.shares_memory(a.grad, store.grads)


def test_keras_words_for_the_value():
    parameter = numbered("w", (2, 3))
    array = parameter.numpy()
    parameter.assign(np.zeros((2, 3)))
    assert array[1, 2] == 5
    assert parameter.dtype == np.float32
    np.testing.assert_array_equal(np.asarray(parameter), np.zeros((2, 3)))
    assert np.array(parameter, dtype=np.float64).dtype == np.float64


def test_values_are_changed_by_assignment_only():
    parameter = numbered("a", (5,))
    with pytest.raises(ValueError, match="read-only"):
        parameter.value[...] = 1
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(parameter)[...] = 1
    with parameter.changing() as array:
        array[2] = 7
    assert parameter.value[2] == 7


def test_every_change_has_a_version_of_its_own():
    a, b = numbered("a", (5,)), numbered("b", (2,))
    seen = {a.version, b.version}

    def is_new(parameter):
        known = parameter.version in seen
        seen.add(parameter.version)
        return not known

    a.value = np.zeros(5)
    assert is_new(a)
    assert not is_new(b)
    with a.changing():
        pass
    assert is_new(a)
    assert not is_new(b)
    store = ParameterStore([a, b])
    assert is_new(a)
    assert not is_new(a)
    b.assign(np.ones(2))
    assert is_new(b)
    assert not is_new(a)
    store.changed()
    assert is_new(a)
    assert not is_new(a)


def test_a_copy_shows_its_own_values():
    parameter = numbered("a", (5,))
    other = copy.deepcopy(parameter)
    other.value = np.zeros(5)
    assert not other.value.any()
    assert parameter.value.any()


@pytest.mark.parametrize("arguments", [{}, {"use_ema": True}])
def test_a_step_of_an_optimizer_changes_versions(arguments):
    parameter = numbered("a", (5,))
    optimizer = optimizers.SGD(0.1, **arguments)
    optimizer.build(ParameterStore([parameter]))
    parameter.allocate_grad()[...] = 1
    before = parameter.version
    optimizer.apply()
    stepped = parameter.version
    optimizer.finish()
    assert before < stepped
    assert (stepped < parameter.version) == bool(arguments)
