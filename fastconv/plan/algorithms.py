"""Which algorithm computes a convolution."""

from __future__ import annotations

import os
from typing import Any, Literal, NamedTuple

from fastconv.kernels.convolution.conv2d_bwd_data import Conv2DBwdData
from fastconv.kernels.convolution.conv2d_bwd_weights import Conv2DBwdWeights
from fastconv.kernels.convolution.conv2d_fwd import Conv2DFwd
from fastconv.kernels.depthwise.depthwise_bwd_data import DepthwiseBwdData
from fastconv.kernels.depthwise.depthwise_bwd_weights import DepthwiseBwdWeights
from fastconv.kernels.depthwise.depthwise_fwd import DepthwiseFwd
from fastconv.plan.geometry.shapes import Conv2DShape

Pass = Literal["fwd", "bwd_data", "bwd_weights"]

# Below this many channels on either side the transforms of Winograd's method cost more than the
# multiplications they save. `benchmarks/bench_conv2d.py` measures both sides of the line.
FEWEST_CHANNELS = 16
# Share of a map's 4x4 tiles that must hold real pixels; from so many channels on, less will do.
LEAST_COVER, LEAST_COVER_OF_MANY, MANY_CHANNELS = 0.6, 0.55, 64


class Kernels(NamedTuple):
    """The classes that compute a convolution's three passes."""

    fwd: Any
    bwd_data: Any
    bwd_weights: Any


_DEPTHWISE = Kernels(DepthwiseFwd, DepthwiseBwdData, DepthwiseBwdWeights)
_OTHERS = Kernels(Conv2DFwd, Conv2DBwdData, Conv2DBwdWeights)


def conv2d_kernels(algo: str) -> Kernels:
    """The kernels behind the name of an algorithm."""
    return _DEPTHWISE if algo == "depthwise" else _OTHERS


def conv2d_algorithm(s: Conv2DShape, direction: Pass = "fwd") -> str:
    """The fastest that can do the shape: "gemm", "depthwise", "winograd" or "direct".

    ``FASTCONV_WINOGRAD=0`` turns Winograd's method off.
    """
    if _is_pointwise(s) or _is_whole_map(s):
        return "gemm"  # one matrix product over all pixels, or over all images
    if s.groups == s.ic == s.oc > 1:
        return "depthwise"  # one filter for each channel: no products of matrices to be had
    if _is_winograd(s, direction) and os.environ.get("FASTCONV_WINOGRAD") != "0":
        return "winograd"  # a quarter of the multiplications
    return "direct"


def _is_pointwise(s: Conv2DShape) -> bool:
    one = s.kh == s.kw == s.sh == s.sw == s.groups == 1
    return one and s.pt == s.pb == s.pl == s.pr == 0


def _is_whole_map(s: Conv2DShape) -> bool:
    return (s.kh, s.kw, s.oh, s.ow, s.groups) == (s.ih, s.iw, 1, 1, 1) and s.pt == s.pl == 0


def _is_winograd(s: Conv2DShape, direction: Pass) -> bool:
    if not (s.kh == s.kw == 3 and s.sh == s.sw == s.dh == s.dw == s.groups == 1):
        return False
    if min(s.ic, s.oc) < FEWEST_CHANNELS:
        return False
    h, w = (s.ih, s.iw) if direction == "bwd_data" else (s.oh, s.ow)
    least = LEAST_COVER if min(s.ic, s.oc) < MANY_CHANNELS else LEAST_COVER_OF_MANY
    return h * w >= least * _tiles(h) * _tiles(w) * 16


def _tiles(size: int) -> int:
    return -(-size // 4)
