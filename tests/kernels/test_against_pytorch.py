"""Convolutions agree with PyTorch, an implementation that shares nothing with the reference."""

import numpy as np
import pytest

from fastconv import ops

pytestmark = pytest.mark.peers


@pytest.mark.parametrize("algo", ["direct", "winograd"])
def test_conv2d_and_its_gradients(algo):
    torch = pytest.importorskip("torch", reason="needs the extra [peers]")
    rng = np.random.default_rng(3)
    x = rng.standard_normal((4, 13, 10, 17), dtype=np.float32)
    w = rng.standard_normal((3, 3, 17, 33), dtype=np.float32)
    dy = rng.standard_normal((4, 13, 10, 33), dtype=np.float32)
    tx = torch.tensor(x, dtype=torch.float64).permute(0, 3, 1, 2).requires_grad_()
    tw = torch.tensor(w, dtype=torch.float64).permute(3, 2, 0, 1).requires_grad_()
    ty = torch.nn.functional.conv2d(tx, tw, padding=1)
    ty.backward(torch.tensor(dy, dtype=torch.float64).permute(0, 3, 1, 2))

    y = ops.conv2d(x, w, padding="same", algo=algo)
    dx, dw, db = ops.conv2d_backward(dy, x, w, padding="same", algo=algo)
    for ours, theirs in (
        (y, ty.detach().permute(0, 2, 3, 1)),
        (dx, tx.grad.permute(0, 2, 3, 1)),
        (dw, tw.grad.permute(2, 3, 1, 0)),
        (db, dy.sum(axis=(0, 1, 2), dtype=np.float64)),
    ):
        theirs = np.asarray(theirs)
        assert np.linalg.norm(ours - theirs) < 5e-6 * np.linalg.norm(theirs)
