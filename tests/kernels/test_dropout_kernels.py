"""The dropout entries themselves: the definition in integers, vector edges, aliasing, bad rates."""

import numpy as np
import pytest
from kernel_checks import EDGES, counting, on_every_isa

from fastconv import reference as ref
from fastconv.kernels.elementwise.dropout import dropout_bwd, dropout_fwd

SIZES = [1, 2, *EDGES, 63, 64, 65, 8191, 8193, 20_001]


def applied(call, x, *how):
    out = np.full(x.shape, np.nan, np.float32)
    call(x, out, *how)
    return out


@pytest.mark.parametrize("n", SIZES)
def test_every_element_follows_the_definition(n):
    x = counting(n, 5) + np.float32(3)  # 1 ... 5
    how = 0.5, 0x0123456789ABCDEF, 0xFEDCBA9876543210
    expected = np.where(ref.dropout_mask((n,), *how), 2 * x, 0)
    for call in (dropout_fwd, dropout_bwd):
        for level, y in on_every_isa(lambda call=call: applied(call, x, *how)):
            np.testing.assert_array_equal(y, expected, level)


def test_seed_and_step_both_count_in_all_their_bits():
    x = np.ones(256, np.float32)
    seen = set()
    for bit in range(64):
        for how in ((1 << bit, 0), (0, 1 << bit)):
            seen.add(applied(dropout_fwd, x, 0.5, *how).tobytes())
    assert len(seen) == 128


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.75, 1 - 2**-40])
def test_share_of_dropped_elements(rate):
    n = 1 << 20
    y = applied(dropout_fwd, np.ones(n, np.float32), rate, 1, 2)
    dropped = (y == 0).sum()
    assert abs(dropped - rate * n) <= 5 * np.sqrt(n * rate * (1 - rate)) + 1
    assert (y[y != 0] == np.float32(1 / (1 - rate))).all()


def test_dropped_nan_becomes_zero_and_the_output_may_be_the_input():
    x = np.full(1001, np.nan, np.float32)
    kept = ref.dropout_mask((1001,), 0.5, 3, 4)
    dropout_fwd(x, x, 0.5, 3, 4)
    np.testing.assert_array_equal(np.isnan(x), kept)
    assert (x[~kept] == 0).all()


@pytest.mark.parametrize("rate", [-0.1, 1.0, 2.0, np.nan])
def test_bad_rates_are_refused(rate):
    x = np.ones(4, np.float32)
    with pytest.raises(ValueError, match=r"rate must be in \[0, 1\)"):
        dropout_fwd(x, x, rate, 1, 1)
    with pytest.raises(ValueError, match="received 4, 3"):
        dropout_bwd(x, np.ones(3, np.float32), 0.5, 1, 1)
    assert (x == 1).all()
