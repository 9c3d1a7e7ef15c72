"""Buffers placed by lifetime: never two at one place and time, aligned, no larger than needed."""

import mmap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastconv.plan.arena import ALIGNMENT, Request, aligned_zeros, place


@st.composite
def requests(draw):
    count = draw(st.integers(0, 30))
    made = []
    for key in range(count):
        first = draw(st.integers(0, 20))
        last = first + draw(st.integers(0, 20))
        made.append(Request(key, draw(st.integers(0, 5000)), first, last))
    return made


@given(requests())
def test_buffers_that_live_together_never_overlap(made):
    offsets, total = place(made)
    assert set(offsets) == {request.key for request in made}
    for request in made:
        assert offsets[request.key] % ALIGNMENT == 0
        assert offsets[request.key] + request.nbytes <= total
    for i, a in enumerate(made):
        for b in made[:i]:
            if a.first <= b.last and b.first <= a.last:
                a0, b0 = offsets[a.key], offsets[b.key]
                assert a0 + a.nbytes <= b0 or b0 + b.nbytes <= a0


@given(requests())
def test_total_lies_between_the_fullest_moment_and_the_sum(made):
    _, total = place(made)
    rounded = {request.key: -(-request.nbytes // ALIGNMENT) * ALIGNMENT for request in made}
    at_once = max(
        (sum(rounded[r.key] for r in made if r.first <= t <= r.last) for t in range(41)), default=0
    )
    assert at_once <= total <= sum(rounded.values())


def test_buffers_that_never_meet_share_their_place():
    offsets, total = place([Request("a", 640, 0, 1), Request("b", 640, 2, 3)])
    assert offsets == {"a": 0, "b": 0}
    assert total == 640


def test_a_chain_of_equal_buffers_needs_two():
    _, total = place([Request(i, 1000, i, i + 1) for i in range(10)])
    assert total == 2 * 1024


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7, 3), (1 << 19,), (3, 700_001)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_aligned_zeros(shape, dtype):
    array = aligned_zeros(shape, dtype)
    assert array.shape == shape
    assert array.dtype == dtype
    assert array.size == 0 or array.ctypes.data % ALIGNMENT == 0
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert not array.any()


def test_large_blocks_start_on_a_huge_page():
    assert aligned_zeros((1 << 20,), np.float32).ctypes.data % (2 << 20) == 0


def test_a_system_without_huge_pages_gives_small_ones(monkeypatch):
    monkeypatch.delattr(mmap, "MADV_HUGEPAGE", raising=False)
    array = aligned_zeros((1 << 20,), np.float32)
    array[...] = 1
    assert array.sum() == 1 << 20


@pytest.mark.parametrize("length", [2**55, 2**62])
def test_memory_that_is_not_there_is_a_memory_error(length):
    with pytest.raises(MemoryError, match="Unable to allocate"):
        aligned_zeros((length,), np.float32)
