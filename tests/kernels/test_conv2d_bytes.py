"""A convolution that scales bytes while it loads them gives the bits of one that gets floats."""

import numpy as np
import pytest

from fastconv.kernels import _isa
from fastconv.kernels.convolution.conv2d_bwd_weights import Conv2DBwdWeights
from fastconv.kernels.convolution.conv2d_fwd import Conv2DFwd

SCALE, OFFSET = 0.5, -3.0  # exact in float32, so that it does not matter who scales


@pytest.fixture(params=_isa.available())
def isa(request):
    before = _isa.active()
    _isa.use(request.param)
    yield request.param
    _isa.use(before)


GEOMETRIES = [
    {"ic": 3, "oc": 17, "kh": 3, "kw": 3, "pt": 1, "pl": 1, "oh": 9, "ow": 7},
    {"ic": 1, "oc": 5, "kh": 5, "kw": 4, "oh": 5, "ow": 4},
    {"ic": 4, "oc": 6, "kh": 2, "kw": 2, "sh": 2, "sw": 2, "oh": 4, "ow": 3, "groups": 2},
    {"ic": 3, "oc": 8, "kh": 3, "kw": 3, "dh": 2, "dw": 2, "pt": 2, "pl": 2, "oh": 9, "ow": 7},
]


@pytest.mark.parametrize("how", GEOMETRIES)
def test_forward_and_weights(isa, how):
    rng = np.random.default_rng(how["oc"])
    x = rng.integers(0, 256, (5, 9, 7, how["ic"]), dtype=np.uint8)
    floats = x.astype(np.float32) * np.float32(SCALE) + np.float32(OFFSET)
    w_shape = how["kh"], how["kw"], how["ic"] // how.get("groups", 1), how["oc"]
    w = rng.standard_normal(w_shape, dtype=np.float32)
    b = rng.standard_normal(how["oc"], dtype=np.float32)

    forward = Conv2DFwd(ih=9, iw=7, activation="relu", **how)
    expected, y = (np.full((5, how["oh"], how["ow"], how["oc"]), np.nan, np.float32) for _ in "ab")
    forward.run(floats, w, b, expected)
    forward.run_bytes(x, SCALE, OFFSET, w, b, y)
    np.testing.assert_array_equal(y, expected)

    backward = Conv2DBwdWeights(ih=9, iw=7, **how)
    dw, db, dw_bytes, db_bytes = (np.full_like(a, np.nan) for a in (w, b, w, b))
    backward.run(floats, y, dw, db)
    backward.run_bytes(x, SCALE, OFFSET, y, dw_bytes, db_bytes)
    np.testing.assert_array_equal(dw_bytes, dw)
    np.testing.assert_array_equal(db_bytes, db)


def test_only_the_direct_algorithm_reads_bytes():
    how = {"ih": 8, "iw": 8, "ic": 16, "oc": 4, "kh": 3, "kw": 3, "oh": 6, "ow": 6}
    x, w = np.zeros((1, 8, 8, 16), np.uint8), np.zeros((3, 3, 16, 4), np.float32)
    y = np.zeros((1, 6, 6, 4), np.float32)
    with pytest.raises(ValueError, match="bytes need algo 'direct'; received 'winograd'"):
        Conv2DFwd(**how, algo="winograd").run_bytes(x, 1, 0, w, None, y)
    with pytest.raises(ValueError, match="bytes need algo 'direct'; received 'winograd'"):
        Conv2DBwdWeights(**how, algo="winograd").run_bytes(x, 1, 0, y, w, None)
