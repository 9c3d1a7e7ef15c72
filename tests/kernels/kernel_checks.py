"""What the kernel tests share: every ISA and team size, sizes at the tiles' edges, tolerances.

A tolerance is never tuned. A float32 sum of `length` terms, in any order and with or without fused
multiply-adds, lies within length * eps / (1 - length * eps) times the sum of the terms' magnitudes
of the exact one; `bound` says so, with one eps for each further rounding.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

import fastconv
from fastconv.kernels import _isa, _threads

EPS, TINY = float(np.finfo(np.float32).eps), float(np.finfo(np.float32).tiny)
TEAMS = (1, 2, 3)
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


def on_every_isa(call):
    """Yield (level, call()) for each level that this machine runs.

    The same bits must come out for every team: call() gives an array or a tuple of arrays.
    """
    before, threads = _isa.active(), _threads.get_num_threads()
    work = _threads.set_work_per_thread(1.0)  # share even the smallest arrays
    try:
        for level in _isa.available():
            _isa.use(level)
            results = []
            for team in TEAMS:
                _threads.set_num_threads(team)
                results.append(call())
            for other in results[1:]:
                assert_same_bits(other, results[0])
            yield level, results[0]
    finally:
        _isa.use(before)
        _threads.set_num_threads(threads)
        _threads.set_work_per_thread(work)


def assert_same_bits(actual, expected):
    """Equal bit for bit, NaN, zero signs and all."""
    for a, b in zip(as_tuple(actual), as_tuple(expected), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def as_tuple(result):
    return result if isinstance(result, tuple) else (result,)


def tile_edges():
    """Sizes 1, tile - 1, tile, tile + 1 for every tile of every level, and some primes."""
    before, sizes = _isa.active(), set(PRIMES) | {1}
    for level in _isa.available():
        _isa.use(level)
        for tile in _isa.tile_sizes().values():
            sizes |= {tile - 1, tile, tile + 1, 2 * tile + 1}
    _isa.use(before)
    return sorted(sizes)


EDGES = tile_edges()


def edge_sizes(largest):
    """Sizes up to `largest`, most of them at a tile's edge."""
    return st.sampled_from([size for size in EDGES if size <= largest])


def counting(shape, period, dtype=np.float32):
    """Small integers that repeat with a prime period: sums of products of them are exact.

    Two arrays with different periods show every swapped block.
    """
    size = int(np.prod(shape))
    return (np.arange(size) % period - period // 2).reshape(shape).astype(dtype)


def normal(shape, seed):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def bound(magnitude, length, roundings=4):
    """How far from the exact sum of `length` terms, of this total magnitude, a float32 one may lie.

    Each term may also have lost what is smaller than the smallest normal number.
    """
    error = (length + roundings) * EPS
    return error / (1 - error) * np.asarray(magnitude) + (length + roundings) * TINY


def assert_within(actual, expected, allowed):
    """abs(actual - expected) <= allowed, elementwise; says where it is worst."""
    assert actual.dtype == np.float32
    assert actual.shape == np.shape(expected)
    excess = np.abs(actual.astype(np.float64) - expected) - allowed
    if not (excess <= 0).all():
        worst = np.unravel_index(
            np.argmax(np.where(np.isnan(excess), np.inf, excess)), excess.shape
        )
        raise AssertionError(
            f"{(~(excess <= 0)).sum()} of {excess.size} elements are too far off; at {worst} "
            f"{actual[worst]!r} instead of {np.asarray(expected)[worst]!r}, "
            f"allowed {np.broadcast_to(allowed, excess.shape)[worst]!r}"
        )


def run_python(*arguments, **environment):
    """Run another Python that imports this very fastconv, and not a folder it happens to be in."""
    places = [str(Path(fastconv.__file__).parents[1]), str(Path(__file__).parent)]
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(places)} | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def misaligned(array, by=1):
    """The same numbers, `by` bytes off every alignment.

    Four for a kernel, which needs the alignment of a float but of no vector; public operations copy
    what lies worse.
    """
    memory = np.empty(array.nbytes + by, np.uint8)[by:]
    view = memory.view(array.dtype).reshape(array.shape)
    view[...] = array
    return view
