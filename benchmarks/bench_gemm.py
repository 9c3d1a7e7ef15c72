"""Matrix products beside NumPy's BLAS and PyTorch; warm data, results written into one array."""

from __future__ import annotations

import _peers
import numpy as np
import pytest
from _interleave import Contest, run
from _shapes import GEMMS, Gemm

import fastconv.reference as reference
from fastconv.kernels.gemm import gemm


def contest(case: Gemm) -> Contest:
    """c = a @ b, with a and b stored as the case says."""
    random = np.random.default_rng(21)
    a = random.normal(size=(case.k, case.m) if case.trans_a else (case.m, case.k))
    b = random.normal(size=(case.n, case.k) if case.trans_b else (case.k, case.n))
    a, b = (array.astype(np.float32) for array in (a, b))
    a, b = (a.T if case.trans_a else a), (b.T if case.trans_b else b)
    results = {name: np.zeros((case.m, case.n), np.float32) for name in ("ours", "numpy", "torch")}

    def ours() -> None:
        gemm(a, b, results["ours"], 1.0, 0.0)

    peers = {"NumPy": lambda: np.matmul(a, b, out=results["numpy"])}
    if _peers.torch is not None:
        ta, tb, tc = map(_peers.torch.from_numpy, (a, b, results["torch"]))
        peers["PyTorch"] = lambda: _peers.torch.mm(ta, tb, out=tc)

    def check() -> None:
        ours()
        size = np.abs(a.astype(np.float64)) @ np.abs(b.astype(np.float64))
        allowed = (case.k + 4) * np.finfo(np.float32).eps * size
        exact = reference.gemm(a, b)
        assert (np.abs(results["ours"] - exact) <= allowed).all()
        for name, peer in peers.items():
            peer()
            key = "numpy" if name == "NumPy" else "torch"
            assert (np.abs(results[key] - exact) <= allowed).all(), name

    return Contest(str(case), ours, check, case.flops, peers)


@pytest.mark.parametrize("case", GEMMS, ids=str)
def bench_gemm(benchmark, case):
    benchmark.group = "gemm"
    run(benchmark, contest(case))
