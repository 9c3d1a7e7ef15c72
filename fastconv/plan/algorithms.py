"""Which algorithm computes a convolution."""

from __future__ import annotations

from fastconv.plan.shapes import Conv2DShape


def conv2d_algorithm(s: Conv2DShape) -> str:
    """The fastest algorithm that can do the shape: "gemm" or "direct"."""
    if _is_pointwise(s):
        return "gemm"  # one matrix product over all pixels
    return "direct"


def _is_pointwise(s: Conv2DShape) -> bool:
    one = s.kh == s.kw == s.sh == s.sw == s.groups == 1
    return one and s.pt == s.pb == s.pl == s.pr == 0
