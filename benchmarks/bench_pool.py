"""Pooling beside PyTorch in both layouts and TensorFlow, warm data, forward (as in training) and
backward.

Max pooling keeps the index of each maximum: one byte per element here, eight in PyTorch; TensorFlow
searches again. `work` is the bytes of x and y, the least that a pass has to move.
"""

from __future__ import annotations

import _peers
import numpy as np
import pytest
from _interleave import Contest, run
from _shapes import POOLINGS, Pool

import fastconv.reference as reference
from fastconv.kernels.pooling.pool2d_bwd import avg_pool2d_bwd, max_pool2d_bwd
from fastconv.kernels.pooling.pool2d_fwd import avg_pool2d_fwd, max_pool2d_fwd

PASSES = ("fwd", "bwd_data")


def arrays_of(case: Pool):
    s, random = case.shape, np.random.default_rng(21)
    x, dy = (random.standard_normal(size=n, dtype=np.float32) for n in (s.x_shape, s.y_shape))
    return x, dy, np.zeros_like(dy), np.zeros_like(x), np.zeros(dy.shape, np.uint8)


def contest(case: Pool, which: str) -> Contest:
    """One pass of one pooling."""
    s = case.shape
    x, dy, y, dx, argmax = arrays_of(case)
    window = (s.kh, s.kw, s.sh, s.sw, s.pt, s.pl)

    def forward() -> None:
        if case.kind == "max":
            max_pool2d_fwd(x, y, argmax, *window)
        else:
            avg_pool2d_fwd(x, y, *window, False)

    def backward() -> None:
        if case.kind == "max":
            max_pool2d_bwd(dy, argmax, dx, *window)
        else:
            avg_pool2d_bwd(dy, dx, *window, False)

    ours = forward if which == "fwd" else backward
    peers = _peers.in_layouts(lambda layout: torch_call(case, which, x, dy, layout))
    if _peers.tensorflow() is not None:
        peers[_peers.TENSORFLOW] = tensorflow_call(case, which, x, dy)

    def check() -> None:
        forward()
        backward()
        result = y if which == "fwd" else dx
        np.testing.assert_allclose(result, defined(case, which, x, dy), rtol=1e-5, atol=1e-5)
        for name, call in peers.items():
            theirs = call()
            theirs = theirs[0] if isinstance(theirs, tuple) else theirs
            theirs = theirs.numpy() if name == _peers.TENSORFLOW else _peers.numpy_image(theirs)
            np.testing.assert_allclose(theirs, result, rtol=1e-5, atol=1e-5, err_msg=name)

    return Contest(f"{case}-{which}", ours, check, x.nbytes + y.nbytes, peers)


def torch_call(case: Pool, which: str, x, dy, layout: str):
    """PyTorch's call of a pass; average pooling does not count padding, as ours."""
    torch, aten = _peers.torch, _peers.torch.ops.aten
    tx, tdy = (_peers.torch_image(array, layout) for array in (x, dy))
    how = ((case.k, case.k), (case.stride, case.stride), (case.shape.pt, case.shape.pl))
    if case.kind == "avg":
        if which == "fwd":
            return lambda: aten.avg_pool2d(tx, *how, False, False)
        return lambda: aten.avg_pool2d_backward(tdy, tx, *how, False, False, None)
    if which == "fwd":
        return lambda: aten.max_pool2d_with_indices(tx, *how)
    _, at = aten.max_pool2d_with_indices(tx, *how)
    return lambda: torch.ops.aten.max_pool2d_with_indices_backward(tdy, tx, *how, (1, 1), False, at)


def tensorflow_call(case: Pool, which: str, x, dy):
    """TensorFlow's call of a pass; its average pooling pads as "same" or not at all."""
    tf, s = _peers.tensorflow(), case.shape
    ops, tx, tdy = tf.raw_ops, tf.constant(x), tf.constant(dy)
    how: dict = {"ksize": [1, s.kh, s.kw, 1], "strides": [1, s.sh, s.sw, 1], "padding": "VALID"}
    if case.kind == "avg":
        how["padding"] = "SAME" if s.pt else "VALID"
        if which == "fwd":
            return lambda: ops.AvgPool(value=tx, **how)
        return lambda: ops.AvgPoolGrad(orig_input_shape=x.shape, grad=tdy, **how)
    if s.pt:
        how["padding"] = "EXPLICIT"
        how["explicit_paddings"] = [0, 0, s.pt, s.pb, s.pl, s.pr, 0, 0]
    if which == "fwd":
        return lambda: ops.MaxPool(input=tx, **how)
    y = ops.MaxPool(input=tx, **how)
    return lambda: ops.MaxPoolGrad(orig_input=tx, orig_output=y, grad=tdy, **how)


def defined(case: Pool, which: str, x, dy):
    """The result by the reference."""
    how = (case.k, case.stride, case.padding)
    if case.kind == "max":
        forward, backward = reference.max_pool2d, reference.max_pool2d_backward
        return forward(x, *how) if which == "fwd" else backward(dy, x, *how)
    if which == "fwd":
        return reference.avg_pool2d(x, *how)
    return reference.avg_pool2d_backward(dy, x.shape, *how)


@pytest.mark.parametrize("which", PASSES)
@pytest.mark.parametrize("case", POOLINGS, ids=str)
def bench_pool(benchmark, case, which):
    benchmark.group = f"{case.kind} pooling {which}"
    run(benchmark, contest(case, which))
