"""Which algorithm computes a convolution, and how.

Kernels reject shapes that an algorithm cannot handle (`kernels/convolution/_geometry.pyx`); the
choice of the fastest among the applicable algorithms is made here and nowhere else.
"""

from __future__ import annotations

import math
import os
from functools import lru_cache
from typing import Any, NamedTuple

from fastconv.kernels.convolution.conv2d_bwd_data import Conv2DBwdData
from fastconv.kernels.convolution.conv2d_bwd_weights import Conv2DBwdWeights
from fastconv.kernels.convolution.conv2d_fwd import Conv2DFwd
from fastconv.kernels.depthwise.depthwise_bwd_data import DepthwiseBwdData
from fastconv.kernels.depthwise.depthwise_bwd_weights import DepthwiseBwdWeights
from fastconv.kernels.depthwise.depthwise_fwd import DepthwiseFwd
from fastconv.kernels.winograd._parts import winograd_work
from fastconv.plan.geometry.shapes import Conv2DShape, Pool2DShape
from fastconv.plan.live_taps import LiveTaps, Pass, live_taps

# Winograd's method processes the map block by block as long as the data shared by all blocks stays
# in the L2 cache, and slice by slice otherwise. Thresholds of input times output channels: for y
# and dx, where the transformed filters are shared, and for dw, where the sums are.
MANY_FILTERS, MANY_FILTERS_OF_PARTS = 128 * 256, 6 * 128 * 256
MANY_SUMS, MANY_SUMS_OF_PARTS = 128 * 128, 192 * 128
# Slice by slice, a float of the transformed tiles passes through memory, which counts as PASS
# multiply-adds; but the filters are loaded once instead of by each of BLOCKS blocks, even of a few
# images.
PASS, BLOCKS = 16, 6
FULL = 16  # floats of the longest vectors
# Winograd's method is chosen where it is less work, by count and by at least this factor. (The
# direct gradient of the data is slower than the other two passes.) A float of the transformed
# filters counts as FILTER multiply-adds, or as FAR_FILTER if all take more than FAR floats, which
# no cache holds, or as LINE_FILTER in tiles of one row or column; once in a batch, and in the
# gradient of the weights for each of the partial sums. `bench_windows` in
# `benchmarks/bench_conv2d.py` measures both methods.
LEAST_GAIN: dict[Pass, float] = {"fwd": 1.15, "bwd_data": 1.0, "bwd_weights": 1.15}
FILTER, FAR_FILTER, LINE_FILTER = 16, 25, 8
FAR = 2**22
# Of filters that were transformed before, at most loading them counts: from memory, or from a cache
# that holds those of the whole network, which are about four times its weights.
LOADED_FILTER, CACHED_FILTER = 20, 6
MOST_CACHED = 3 * 2**19
PARTIAL_SUMS, PARTIAL_SUMS_OF_SLICES = 12, 1
# Most floats of transformed filters, which each caller's thread keeps, and of a transformed row of
# tiles, the least block that a thread may need: hundreds of parts would take far more memory than
# the map.
MOST_FILTERS, MOST_ROW_FLOATS = 2**26, 2**22

_DEPTHWISE: dict[Pass, Any] = {
    "fwd": DepthwiseFwd,
    "bwd_data": DepthwiseBwdData,
    "bwd_weights": DepthwiseBwdWeights,
}
_OTHERS: dict[Pass, Any] = {
    "fwd": Conv2DFwd,
    "bwd_data": Conv2DBwdData,
    "bwd_weights": Conv2DBwdWeights,
}


def make_conv2d_kernel(
    shape: Conv2DShape, direction: Pass, algo: str | None = None, *, pool: bool = False, **more: Any
) -> Any:
    """The kernel that computes one pass of a convolution, for any batch size.

    `algo` None selects the fastest. With `pool`, max pooling of y is fused: see `pools_inside`.
    `more`: further arguments of the kernel, such as the activation of a forward pass.
    """
    name = conv2d_algorithm(shape, direction) if algo is None else algo
    if name == "winograd":
        more.setdefault("by_slices", _by_slices(shape, direction))
    kind = (_DEPTHWISE if name == "depthwise" else _OTHERS)[direction]
    arguments = shape.kernel_arguments() | {"algo": name, "pool": pool} | more
    if name in ("direct", "depthwise"):
        rows = live_taps(shape.ih, shape.oh, shape.kh, shape.sh, shape.dh, shape.pt)
        columns = live_taps(shape.iw, shape.ow, shape.kw, shape.sw, shape.dw, shape.pl)
        if rows[1] - rows[0] < shape.kh or columns[1] - columns[0] < shape.kw:
            return LiveTaps(kind, arguments, direction, rows, columns)
    return kind(**arguments)


def keeps_weights(s: Conv2DShape) -> bool:
    """Whether a plan for inference keeps the weights as the forward kernel reads them.

    Few images do not make up for laying them out at each call; many need no further memory.
    """
    return nominal_batch(s.mb) <= 8


def conv2d_algorithm(
    s: Conv2DShape, direction: Pass = "fwd", *, kept: bool = False, weights: int = 0
) -> str:
    """The fastest algorithm for a shape: "gemm", "depthwise", "winograd" or "direct".

    `kept`: the weights have been laid out before (`keeps_weights`), and `weights` numbers are in
    the whole network. ``FASTCONV_WINOGRAD=0`` turns Winograd's method off.
    """
    most_per_filter = math.inf
    if kept:
        most_per_filter = CACHED_FILTER if weights <= MOST_CACHED else LOADED_FILTER
    if _is_pointwise(s) or _is_whole_map(s):
        return "gemm"  # one matrix product over all pixels, or over all images
    if s.groups == s.ic == s.oc > 1:
        return "depthwise"  # one filter per channel: not expressible as a matrix product
    if _is_winograd(s, direction, most_per_filter) and os.environ.get("FASTCONV_WINOGRAD") != "0":
        return "winograd"  # a fraction of the multiplications
    return "direct"


def pools_inside(shape: Conv2DShape, pool: Pool2DShape) -> bool:
    """Whether the kernels of the convolution can max pool y, in all passes, tile by tile."""
    directions: tuple[Pass, ...] = ("fwd", "bwd_data", "bwd_weights")
    if not all(conv2d_algorithm(shape, each) == "winograd" for each in directions):
        return False
    return tiles_can_pool(shape, pool)


def tiles_can_pool(shape: Conv2DShape, pool: Pool2DShape) -> bool:
    """Whether Winograd's method can max pool y, tile by tile."""
    halves = pool.window == (2, 2, 2, 2, 0, 0) and pool.pb == pool.pr == 0
    return (
        halves
        and _winograd(shape, "fwd")[-2:] == ((6, 3), (6, 3))  # of four, which windows of two fill
        and _winograd(shape, "bwd_data").lead >= 0
    )


def _by_slices(s: Conv2DShape, direction: Pass) -> bool:
    found, values = _winograd(s, direction), nominal_batch(s.mb) * _winograd(s, direction).values
    channels: float = found.source_channels * found.target_channels
    parts = channels > s.ic * s.oc
    if found.is_line:  # so much smaller are its filters and sums
        channels *= found.rows[0] * found.columns[0] / 36
    if direction == "bwd_weights":
        loads = (PARTIAL_SUMS - PARTIAL_SUMS_OF_SLICES) * _filter(found)
        many = MANY_SUMS_OF_PARTS if parts else MANY_SUMS
    else:
        loads, many = BLOCKS, MANY_FILTERS_OF_PARTS if parts else MANY_FILTERS
    return channels >= many or loads * found.filters > PASS * values


def _is_pointwise(s: Conv2DShape) -> bool:
    one = s.kh == s.kw == s.sh == s.sw == s.groups == 1
    return one and s.pt == s.pb == s.pl == s.pr == 0


def _is_whole_map(s: Conv2DShape) -> bool:
    dense = (s.dh == 1 or s.kh == 1) and (s.dw == 1 or s.kw == 1)
    one = (s.kh, s.kw, s.oh, s.ow, s.groups) == (s.ih, s.iw, 1, 1, 1) and s.pt == s.pl == 0
    return one and dense


class _Winograd(NamedTuple):
    """What `winograd_work` says of a pass."""

    work: float
    values: float
    source_channels: int
    target_channels: int
    lead: int
    filters: float
    rows: tuple[int, int]
    columns: tuple[int, int]

    @property
    def is_line(self) -> bool:
        """Whether tiles have one row or column."""
        return 1 in (self.rows[0], self.columns[0])


def _filter(found: _Winograd) -> int:
    """What a float of the transformed filters counts as."""
    if found.is_line:
        return LINE_FILTER
    return FAR_FILTER if found.filters > FAR else FILTER


@lru_cache(maxsize=1024)
def _winograd(s: Conv2DShape, direction: Pass) -> _Winograd:
    return _Winograd(*winograd_work(turned=direction == "bwd_data", **s.kernel_arguments()))


def _is_winograd(s: Conv2DShape, direction: Pass, most_per_filter: float) -> bool:
    if not s.dh == s.dw == s.groups == 1 or s.kh < s.sh or s.kw < s.sw or s.kh == s.kw == 1:
        return False
    mb, found = nominal_batch(s.mb), _winograd(s, direction)
    sums = 1
    if direction == "bwd_weights":
        sums = PARTIAL_SUMS_OF_SLICES if _by_slices(s, direction) else PARTIAL_SUMS
    kc, nc = (s.oc, s.ic) if direction == "bwd_data" else (s.ic, s.oc)
    direct = s.oh * s.ow * s.kh * s.kw * kc * -(-nc // FULL) * FULL
    filter_cost = min(_filter(found), most_per_filter)
    work = mb * found.work + filter_cost * sums * found.filters
    columns = -(-s.iw // s.sw) + 1 if direction == "bwd_data" else s.ow
    (rows, _), (points, taps) = found.rows, found.columns
    row_floats = rows * points * -(-columns // (points - taps + 1)) * found.source_channels
    if found.filters > MOST_FILTERS or row_floats > MOST_ROW_FLOATS:
        return False
    return mb * direct >= LEAST_GAIN[direction] * work


def nominal_batch(mb: int) -> int:
    """The number of images for which the algorithms of batches of `mb` are chosen.

    With ``FASTCONV_BATCH_INVARIANT=1`` it is the same for all, so that an image's output has the
    same bits in a batch of any size.
    """
    if os.environ.get("FASTCONV_BATCH_INVARIANT") == "1":
        return 32
    return 1 if mb <= 4 else 8 if mb <= 16 else 64
