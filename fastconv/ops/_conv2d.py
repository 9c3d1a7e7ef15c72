"""What both directions of a convolution do before their kernels run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastconv._arguments import check_choice
from fastconv.ops._checks import Array, float32
from fastconv.ops._layout import as_received, image
from fastconv.plan.algorithms import Pass, conv2d_algorithm
from fastconv.plan.geometry.padding import Padding
from fastconv.plan.geometry.shapes import Conv2DShape, conv2d_shape

ALGORITHMS = ("auto", "direct", "winograd", "gemm", "depthwise")


def operands(
    x: Any,
    w: Any,
    strides: int | Sequence[int],
    padding: Padding,
    dilation: int | Sequence[int],
    groups: int,
    first: bool,
    where: str,
) -> tuple[Array, Array, Conv2DShape]:
    """x as NHWC, w as HWIO, and the geometry of their convolution."""
    inputs = image(x, "x", where, first)
    filters = float32(w, "w", where, "(kh, kw, ic/groups, oc)")
    with as_received(x, first):
        shape = conv2d_shape(
            inputs.shape, filters.shape, strides, padding, dilation, groups, where=where
        )
    return inputs, filters, shape


def algorithm(algo: Any, s: Conv2DShape, where: str, direction: Pass = "fwd") -> str:
    """`algo` if it is a name, "auto" replaced; whether it can do this shape, its kernel says."""
    name = check_choice(algo, ALGORITHMS, where=where, what="algo")
    return conv2d_algorithm(s, direction) if name == "auto" else name
