"""Matrix products beside NumPy's BLAS, PyTorch and TensorFlow; warm data. All but TensorFlow write
into an existing array."""

from __future__ import annotations

import _peers
import numpy as np
import pytest
from _interleave import Contest, run
from _shapes import GEMMS, Gemm

import fastconv.reference as reference
from fastconv.kernels.matmul.gemm import gemm


def contest(case: Gemm) -> Contest:
    """c = a @ b, with a and b stored as the case says."""
    random = np.random.default_rng(21)
    a = random.normal(size=(case.k, case.m) if case.trans_a else (case.m, case.k))
    b = random.normal(size=(case.n, case.k) if case.trans_b else (case.k, case.n))
    a, b = stored = tuple(array.astype(np.float32) for array in (a, b))
    a, b = (a.T if case.trans_a else a), (b.T if case.trans_b else b)
    c, c_numpy, c_torch = (np.zeros((case.m, case.n), np.float32) for _ in range(3))
    peers = {_peers.NUMPY: lambda: np.matmul(a, b, out=c_numpy)}
    if _peers.torch is not None:
        ta, tb, tc = map(_peers.torch.from_numpy, (a, b, c_torch))
        peers[_peers.TORCH] = lambda: _peers.torch.mm(ta, tb, out=tc).numpy()
    if _peers.tensorflow() is not None:
        tf = _peers.tensorflow()
        fa, fb = map(tf.constant, stored)
        peers[_peers.TENSORFLOW] = lambda: tf.matmul(fa, fb, case.trans_a, case.trans_b)

    def ours() -> None:
        gemm(a, b, c, 1.0, 0.0)

    def check() -> None:
        ours()
        size = np.abs(a.astype(np.float64)) @ np.abs(b.astype(np.float64))
        allowed = (case.k + 4) * np.finfo(np.float32).eps * size
        exact = reference.gemm(a, b)
        assert (np.abs(c - exact) <= allowed).all()
        for name, peer in peers.items():
            assert (np.abs(np.asarray(peer()) - exact) <= allowed).all(), name

    return Contest(str(case), ours, check, case.flops, peers)


@pytest.mark.parametrize("case", GEMMS, ids=str)
def bench_gemm(benchmark, case):
    benchmark.group = "gemm"
    run(benchmark, contest(case))
