"""The elementwise entries themselves: vector edges, the floating-point state, bad arguments."""

import numpy as np
import pytest
from kernel_checks import EDGES, assert_within, bound, counting, normal, on_every_isa

from fastconv.kernels.elementwise import arithmetic

SIZES = [1, *EDGES, 8191, 8193, 40_003]
DENORMAL = np.float32(1e-40)


def filled(call, *shape):
    """What call(out) writes into an array of NaN."""
    out = np.full(shape, np.nan, np.float32)
    call(out)
    return out


@pytest.mark.parametrize("n", SIZES)
def test_flat_operations(n):
    x, y = counting(n, 13), counting(n, 7)
    bytes_ = (np.arange(n) % 251).astype(np.uint8)
    cases = {
        "relu_fwd": (lambda out: arithmetic.relu_fwd(x, out), np.maximum(x, 0)),
        "relu_bwd": (lambda out: arithmetic.relu_bwd(x, y, out), np.where(y > 0, x, 0)),
        "add": (lambda out: arithmetic.add(x, y, out), x + y),
        "affine": (lambda out: arithmetic.affine(x, out, 2, -3), 2 * x - 3),
        "affine_u8": (lambda out: arithmetic.affine_u8(bytes_, out, 2, -3), 2.0 * bytes_ - 3),
    }
    for name, (call, expected) in cases.items():
        for level, out in on_every_isa(lambda call=call: filled(call, n)):
            np.testing.assert_array_equal(out, expected, f"{name}, {level}")


@pytest.mark.parametrize("rows", [1, 2, 31, 3000])
@pytest.mark.parametrize("n", EDGES)
def test_bias(rows, n):
    x, b = counting((rows, n), 13), counting(n, 7)
    for level, y in on_every_isa(
        lambda: filled(lambda out: arithmetic.bias_add(x, b, out), rows, n)
    ):
        np.testing.assert_array_equal(y, x + b, level)
    for level, db in on_every_isa(lambda: filled(lambda out: arithmetic.bias_grad(x, out), n)):
        np.testing.assert_array_equal(db, x.sum(axis=0), level)


def test_bias_gradient_rounds_like_its_blocks_not_like_all_rows():
    dy = normal((100_000, 5), 1)
    for _, db in on_every_isa(lambda: filled(lambda out: arithmetic.bias_grad(dy, out), 5)):
        # a block has 32768 // 5 rows, every other one in its own sum
        assert_within(db, dy.sum(axis=0, dtype=np.float64), bound(abs(dy).sum(axis=0), 3300))


def test_relu_gradient_goes_on_where_y_is_nan():
    y = np.tile(np.array([np.nan, -1, 0, -0.0, 1, np.inf, -np.inf], np.float32), 9)
    dy = np.ones_like(y)
    for _, dx in on_every_isa(lambda: filled(lambda out: arithmetic.relu_bwd(dy, y, out), y.size)):
        np.testing.assert_array_equal(dx, np.tile([1, 0, 0, 0, 1, 1, 0], 9))


def test_denormals_are_flushed_inside_and_the_state_restored():
    x, zero = np.full(20_000, DENORMAL), np.zeros(20_000, np.float32)
    for _, y in on_every_isa(lambda: filled(lambda out: arithmetic.add(x, zero, out), x.size)):
        assert (y == 0).all()
        assert (x / np.float32(1) == DENORMAL).all()


def test_read_only_inputs_and_empty_arrays():
    x = counting(19, 5)
    x.flags.writeable = False
    np.testing.assert_array_equal(
        filled(lambda out: arithmetic.relu_fwd(x, out), 19), np.maximum(x, 0)
    )
    nothing = np.zeros(0, np.float32)
    arithmetic.relu_fwd(nothing, nothing)
    arithmetic.bias_grad(np.zeros((0, 3), np.float32), db := np.ones(3, np.float32))
    assert (db == 0).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda a, b: arithmetic.relu_fwd(a, b),
        lambda a, b: arithmetic.relu_bwd(a, b, b),
        lambda a, b: arithmetic.relu_bwd(a, a, b),
        lambda a, b: arithmetic.add(a, a, b),
        lambda a, b: arithmetic.affine(a, b, 1, 0),
        lambda a, b: arithmetic.bias_add(a[None], b, a[None]),
        lambda a, b: arithmetic.bias_grad(a[None], b),
        lambda a, b: arithmetic.relu_fwd(a[::2], b[:2]),
        lambda a, b: arithmetic.relu_fwd(a.astype(np.float64), a.copy()),
        lambda a, b: arithmetic.relu_fwd(a, a.astype(">f4")),
    ],
)
def test_refused_before_anything_is_written(call):
    a, b = np.full(4, 5, np.float32), np.full(3, 5, np.float32)
    with pytest.raises(ValueError):
        call(a, b)
    assert (a == 5).all()
    assert (b == 5).all()
