"""Kernels bound by memory, beside PyTorch and TensorFlow, in the sizes of the table's network at
batches of 128.

`work` is the bytes that have to be read and written, so rates compare with the memory's bandwidth.
"""

from __future__ import annotations

import _peers
import numpy as np
import pytest
from _interleave import Call, Contest, run

import fastconv.reference as reference
from fastconv.kernels.elementwise import arithmetic
from fastconv.kernels.elementwise.dropout import dropout_fwd
from fastconv.kernels.losses.softmax_cross_entropy import softmax_cross_entropy
from fastconv.kernels.optimizers.optimizer_step import Common, adam_step, sgd_step

torch = _peers.torch

ROWS, CHANNELS = 128 * 32 * 32, 32  # the output of the first convolution
PARAMETERS = 3_247_422


def _normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(21).standard_normal(size=shape, dtype=np.float32)


def _contest(name, ours, result, expected, nbytes, peers, values=None, scale=1.0) -> Contest:
    """`ours` writes `result`, which must be `expected()`, of magnitude `scale`.

    The peers' calls return theirs, or `values` has functions that do afterwards; None if random.
    """
    near = {"rtol": 1e-5, "atol": 1e-5 * scale}

    def check() -> None:
        wanted = expected()
        ours()
        np.testing.assert_allclose(result, wanted, **near)
        for peer, call in peers.items():
            given = call()
            if values is not None:
                given = values[peer]()
            if given is not None:
                np.testing.assert_allclose(np.asarray(given), wanted, **near, err_msg=peer)

    return Contest(name, ours, check, nbytes, peers)


def _peer_calls(torch_call, tensorflow_call=None) -> dict[str, Call]:
    """Calls of the installed peers; each argument makes one from the peer's module."""
    calls = {}
    if torch is not None:
        calls[_peers.TORCH] = torch_call(torch.from_numpy)
    if tensorflow_call is not None and _peers.tensorflow() is not None:
        calls[_peers.TENSORFLOW] = tensorflow_call(_peers.tensorflow())
    return calls


def relu_fwd() -> Contest:
    x = _normal(ROWS * CHANNELS)
    y = np.zeros_like(x)

    def in_torch(tensor):
        tx, ty = tensor(x), torch.zeros(x.shape)
        return lambda: torch.clamp_min(tx, 0, out=ty)

    def in_tensorflow(tf):
        fx = tf.constant(x)
        return lambda: tf.nn.relu(fx)

    return _contest(
        "relu_fwd", lambda: arithmetic.relu_fwd(x, y), y, lambda: reference.relu(x),
        x.nbytes + y.nbytes, _peer_calls(in_torch, in_tensorflow),
    )  # fmt: skip


def relu_bwd() -> Contest:
    dy, y = _normal(ROWS * CHANNELS), np.maximum(_normal(ROWS * CHANNELS), 0)
    dy = np.roll(dy, 7)
    dx = np.zeros_like(y)

    def in_torch(tensor):
        tdy, ty = tensor(dy), tensor(y)
        return lambda: torch.ops.aten.threshold_backward(tdy, ty, 0)

    def in_tensorflow(tf):
        fdy, fy = tf.constant(dy), tf.constant(y)
        return lambda: tf.raw_ops.ReluGrad(gradients=fdy, features=fy)

    return _contest(
        "relu_bwd", lambda: arithmetic.relu_bwd(dy, y, dx), dx,
        lambda: reference.relu_backward(dy, y), 3 * y.nbytes, _peer_calls(in_torch, in_tensorflow),
    )  # fmt: skip


def bias_grad() -> Contest:
    dy, db = _normal(ROWS, CHANNELS), np.zeros(CHANNELS, np.float32)

    def in_torch(tensor):
        tdy = tensor(dy)
        return lambda: tdy.sum(0)

    def in_tensorflow(tf):
        fdy = tf.constant(dy)
        return lambda: tf.raw_ops.BiasAddGrad(out_backprop=fdy)

    return _contest(
        "bias_grad", lambda: arithmetic.bias_grad(dy, db), db, lambda: reference.bias_grad(dy),
        dy.nbytes, _peer_calls(in_torch, in_tensorflow), scale=np.abs(dy).sum(axis=0).max(),
    )  # fmt: skip


def affine_u8() -> Contest:
    x = np.random.default_rng(21).integers(0, 256, 128 * 32 * 32 * 3).astype(np.uint8)
    y = np.zeros(x.shape, np.float32)

    def in_torch(tensor):
        tx, ty = tensor(x), torch.zeros(x.shape)
        return lambda: torch.mul(tx, 1 / 255, out=ty)

    return _contest(
        "affine_u8", lambda: arithmetic.affine_u8(x, y, 1 / 255, 0.0), y,
        lambda: reference.affine(x, 1 / 255), x.nbytes + y.nbytes, _peer_calls(in_torch),
    )  # fmt: skip


def dropout() -> Contest:
    x = _normal(128 * 16 * 16 * 64)
    y = np.zeros_like(x)

    def in_torch(tensor):
        tx = tensor(x)
        return lambda: torch.nn.functional.dropout(tx, 0.25)

    return _contest(
        "dropout", lambda: dropout_fwd(x, y, 0.25, 21, 0), y,
        lambda: reference.dropout(x, 0.25, 21), x.nbytes + y.nbytes, _peer_calls(in_torch),
        {_peers.TORCH: lambda: None},
    )  # fmt: skip


def cross_entropy() -> Contest:
    rows, classes = 128, 1000
    z, dz = _normal(rows, classes), np.zeros((rows, classes), np.float32)
    labels = np.random.default_rng(7).integers(0, classes, rows)
    weights = np.full(rows, 1 / rows, np.float32)
    tz = None if torch is None else torch.from_numpy(z).clone().requires_grad_()

    def in_torch(tensor):
        tl = tensor(labels)

        def call() -> None:
            tz.grad = None
            torch.nn.functional.cross_entropy(tz, tl).backward()

        return call

    return _contest(
        "softmax_cross_entropy",
        lambda: softmax_cross_entropy(z, labels, weights, None, dz), dz,
        lambda: reference.softmax_cross_entropy(z, labels)[1], 2 * z.nbytes,
        _peer_calls(in_torch), {_peers.TORCH: lambda: tz.grad},
    )  # fmt: skip


def sgd() -> Contest:
    w, g, velocity = _normal(PARAMETERS), _normal(PARAMETERS) * 1e-3, np.zeros(PARAMETERS, "f4")
    start = w.copy()
    tw = None if torch is None else torch.from_numpy(w.copy()).requires_grad_()

    def in_torch(tensor):
        tw.grad = tensor(g)
        return torch.optim.SGD([tw], 0.01, momentum=0.9, fused=True).step

    return _contest(
        "sgd_step", lambda: sgd_step(w, g, velocity, Common(0.01), 0.9), w,
        lambda: reference.sgd_step(start, g, None, 0.01, 0.9)[0], 5 * w.nbytes,
        _peer_calls(in_torch), {_peers.TORCH: lambda: tw.detach()},
    )  # fmt: skip


def adam() -> Contest:
    # No gradient is as small as epsilon, whose position in the formula differs between libraries.
    w, g = _normal(PARAMETERS), np.copysign(0.1, _normal(PARAMETERS)).astype(np.float32)
    m, v, start = np.zeros_like(w), np.zeros_like(w), w.copy()
    rate = 1e-3 * (1 - 0.999) ** 0.5 / (1 - 0.9)  # of the first step
    tw = None if torch is None else torch.from_numpy(w.copy()).requires_grad_()

    def in_torch(tensor):
        tw.grad = tensor(g)
        return torch.optim.Adam([tw], 1e-3, eps=1e-8, fused=True).step

    return _contest(
        "adam_step", lambda: adam_step(w, g, m, v, Common(rate), 0.9, 0.999, 1e-8), w,
        lambda: reference.adam_step(start, g, 0 * g, 0 * g, 1, epsilon=1e-8)[0], 7 * w.nbytes,
        _peer_calls(in_torch), {_peers.TORCH: lambda: tw.detach()},
    )  # fmt: skip


CONTESTS = (relu_fwd, relu_bwd, bias_grad, affine_u8, dropout, cross_entropy, sgd, adam)


@pytest.mark.parametrize("make", CONTESTS, ids=lambda make: make.__name__)
def bench_elementwise(benchmark, make):
    benchmark.group = "elementwise"
    run(benchmark, make())
