"""Convolutions beside PyTorch in both layouts and TensorFlow: each pass by itself, warm data, bias
included. Ours write into existing arrays, as in a plan; the peers return new ones.

`bench_windows` has Winograd's method beside our direct one, for windows and strides other than 3x3
and 1: what `LEAST_GAIN` in `fastconv/plan/algorithms.py` rests on.
"""

from __future__ import annotations

import _peers
import numpy as np
import pytest
from _conv2d_peers import tensorflow_call, torch_call
from _interleave import Contest, run
from _shapes import CONVOLUTIONS, WINDOWS, Conv

import fastconv.reference as reference
from fastconv.plan.algorithms import conv2d_algorithm, make_conv2d_kernel

PASSES = ("fwd", "bwd_data", "bwd_weights")

# Largest relative L2 error against float64 that any algorithm may have, for 3x3 up to 256 channels;
# beyond, the rounding of the sums themselves grows with the root of their length.
TOLERANCE = {"fwd": 2e-6, "bwd_data": 2e-6, "bwd_weights": 5e-6}
CHECKED_FLOPS = 1e9  # float64 NumPy is slow: a batch of more work is checked on fewer images


class Arrays:
    """x, w, b, dy and the results y, dx, dw, db of one convolution."""

    def __init__(self, case: Conv, mb: int | None = None) -> None:
        s, random = case.shape, np.random.default_rng(21)
        mb = s.mb if mb is None else mb
        self.x, self.w, self.b, self.dy = (
            random.standard_normal(size=shape, dtype=np.float32)
            for shape in ((mb, *s.x_shape[1:]), s.w_shape, (s.oc,), (mb, *s.y_shape[1:]))
        )
        self.y, self.dx, self.dw, self.db = map(np.zeros_like, (self.dy, self.x, self.w, self.b))


def call_of(case: Conv, which: str, arrays: Arrays, algo: str):
    """Our call of a pass, and the array that it writes to."""
    kernel = make_conv2d_kernel(case.shape, which, algo)
    if which == "fwd":
        return lambda: kernel.run(arrays.x, arrays.w, arrays.b, arrays.y), arrays.y
    if which == "bwd_data":
        return lambda: kernel.run(arrays.dy, arrays.w, arrays.dx), arrays.dx
    return lambda: kernel.run(arrays.x, arrays.dy, arrays.dw, arrays.db), arrays.dw


def algorithm(case: Conv, which: str) -> str:
    """The algorithm that a plan chooses."""
    return conv2d_algorithm(case.shape, which)


def contest(case: Conv, which: str, algo: str = "auto", peers: bool = True) -> Contest:
    """One pass of one convolution."""
    s, arrays = case.shape, Arrays(case)
    algo = algorithm(case, which) if algo == "auto" else algo
    ours, result = call_of(case, which, arrays, algo)
    theirs = peer_calls(case, which, arrays) if peers else {}

    def check() -> None:
        few = Arrays(case, max(1, min(s.mb, int(CHECKED_FLOPS * s.mb // s.flops))))
        call, written = call_of(case, which, few, algo)
        call()
        longer = max(1.0, (max(s.ic, s.oc) * s.kh * s.kw / (9 * 256)) ** 0.5)
        assert distance(written, defined(case, which, few)) <= TOLERANCE[which] * longer
        ours()
        for name, (_, value) in theirs.items():
            assert distance(value(), result) <= 2 * TOLERANCE[which], name

    calls = {name: call for name, (call, _) in theirs.items()}
    return Contest(f"{case}-{which}", ours, check, s.flops, calls)


def peer_calls(case: Conv, which: str, arrays: Arrays) -> dict[str, tuple]:
    """By name: a peer's call, and one that returns its result in our layout."""
    calls = _peers.in_layouts(lambda layout: torch_call(case, which, arrays, layout))
    if _peers.tensorflow() is not None:
        calls[_peers.TENSORFLOW] = tensorflow_call(case, which, arrays)
    return {name: call for name, call in calls.items() if call is not None}


def defined(case: Conv, which: str, arrays: Arrays):
    """The result by the reference."""
    how = (case.stride, case.padding, 1, case.groups)
    if which == "fwd":
        return reference.conv2d(arrays.x, arrays.w, arrays.b, *how)
    return reference.conv2d_backward(arrays.dy, arrays.x, arrays.w, *how)[which == "bwd_weights"]


def distance(a, b) -> float:
    """Relative L2 distance of a from b."""
    return float(np.linalg.norm(np.ravel(a - b)) / np.linalg.norm(np.ravel(b)))


@pytest.mark.parametrize("which", PASSES)
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def bench_conv2d(benchmark, case, which):
    benchmark.group = f"conv2d {case.network} {which}"
    run(benchmark, contest(case, which))


def methods(case: Conv, which: str) -> Contest:
    """Winograd's method as ours, and the direct one, which must give the same."""
    winograd, arrays = contest(case, which, "winograd", peers=False), Arrays(case)
    direct, written = call_of(case, which, arrays, "direct")
    other, result = call_of(case, which, arrays, "winograd")

    def check() -> None:
        winograd.check()
        direct()
        expected = written.copy()
        other()
        assert distance(result, expected) <= 2 * TOLERANCE[which]

    return Contest(f"{case}-{which}", winograd.ours, check, winograd.work, {"direct": direct})


@pytest.mark.parametrize("which", PASSES)
@pytest.mark.parametrize("case", WINDOWS, ids=str)
def bench_windows(benchmark, case, which):
    benchmark.group = f"winograd and direct {case.network} {which}"
    benchmark.extra_info["chosen"] = algorithm(case, which)
    run(benchmark, methods(case, which))
