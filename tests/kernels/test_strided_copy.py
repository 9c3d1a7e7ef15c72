"""Copies between views of any strides: bit for bit what NumPy copies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_checks import assert_same_bits, normal, on_every_isa

from fastconv.kernels.elementwise.strided_copy import strided_copy

# A view of a fresh array of numbers as the source, and one of an empty array as the target
VIEWS = {
    "whole": (lambda: normal((3, 70, 50), 1), lambda: blank(3, 70, 50)),
    "one number": (lambda: normal((), 1), lambda: blank()),
    "nothing": (lambda: normal((3, 0, 2), 1), lambda: blank(3, 0, 2)),
    "a slice of the target": (lambda: normal((4, 6, 5), 1), lambda: blank(4, 6, 9)[:, :, 2:7]),
    "a slice of both": (lambda: normal((4, 9, 3), 1)[:, ::2], lambda: blank(9, 5, 3)[1:9:2]),
    "turned round": (lambda: normal((5, 33), 1)[::-1, ::-1], lambda: blank(5, 33)),
    "transposed": (lambda: normal((33, 70), 1).T, lambda: blank(70, 33)),
    "channels first": (
        lambda: normal((2, 9, 7, 35), 1).transpose(0, 3, 1, 2),
        lambda: blank(2, 35, 9, 7),
    ),
    "channels last": (
        lambda: normal((2, 35, 9, 7), 1).transpose(0, 2, 3, 1),
        lambda: blank(2, 9, 7, 35),
    ),
    "a transposed target": (lambda: normal((33, 70), 1), lambda: blank(70, 33).T),
    "one row, again and again": (
        lambda: np.broadcast_to(normal(17, 1), (3, 4, 17)),
        lambda: blank(3, 4, 17),
    ),
    "one number, again and again": (
        lambda: np.broadcast_to(np.float32(7), (40, 40)),
        lambda: blank(40, 40),
    ),
    "long rows": (lambda: normal((2, 20001), 1), lambda: blank(2, 20003)[:, 1:-1]),
}


def blank(*shape):
    return np.full(shape, -1, np.float32)


@pytest.mark.parametrize("case", VIEWS)
def test_every_element_arrives_and_nothing_else_changes(case):
    source, target = VIEWS[case]

    def copied():
        view = target()
        strided_copy(source(), view)
        return view if view.base is None else view.base

    expected = target()
    expected[...] = source()
    whole = expected if expected.base is None else expected.base
    for _, result in on_every_isa(copied):
        assert_same_bits(result, whole)


@settings(max_examples=100)
@given(st.data())
def test_any_transposition_of_any_slice(data):
    sizes = data.draw(st.lists(st.sampled_from([1, 2, 3, 7, 17, 40]), min_size=1, max_size=4))
    order = data.draw(st.permutations(range(len(sizes))))
    cuts = tuple(
        slice(data.draw(st.integers(0, size - 1)), None, data.draw(st.sampled_from([1, 1, 2, -1])))
        for size in sizes
    )
    source = normal(tuple(sizes), 3)[cuts].transpose(order)
    target = blank(*source.shape)
    strided_copy(source, target)
    assert_same_bits(target, np.ascontiguousarray(source))
    wide = blank(*(2 * size for size in source.shape))
    view = wide[tuple(slice(1, None, 2) for _ in source.shape)]
    strided_copy(source, view)
    assert_same_bits(np.ascontiguousarray(view), np.ascontiguousarray(source))
    assert (wide == -1).sum() == wide.size - view.size


def test_nan_and_infinities_are_copied_as_they_are():
    bits = np.array([0x7FC00001, 0xFF800000, 0x80000000, 0x00000001], np.uint32)
    source = np.tile(bits.view(np.float32), 20)
    target = blank(80)
    strided_copy(source, target)
    assert_same_bits(target, source)


REFUSED = {
    "float32; received format b'd'": (np.zeros(3), blank(3)),
    r"the same; received \(3,\) and \(4,\)": (blank(3), blank(4)),
    r"the same; received \(3,\) and \(3, 1\)": (blank(3), blank(3, 1)),
    "those of the target not 0": (
        blank(3),
        np.lib.stride_tricks.as_strided(blank(1), (3,), (0,)),
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_copied_is_refused(message):
    with pytest.raises(ValueError, match=message):
        strided_copy(*REFUSED[message])


def test_a_read_only_target_is_refused():
    target = blank(3)
    target.flags.writeable = False
    with pytest.raises((BufferError, ValueError)):
        strided_copy(normal(3, 1), target)
