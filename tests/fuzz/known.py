"""Defects that are known and not yet mended: a pattern of a finding's line, and the defect.

The driver counts what a pattern finds under the defect. Every entry has a small reproducer of the
same name in reproducers.py; test_known.py fails as soon as that passes: then the entry goes, and
the reproducer stays as an ordinary test.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Known(NamedTuple):
    """A defect: its name, what its findings look like, and a sentence."""

    name: str
    pattern: str
    defect: str


KNOWN: list[Known] = [
    Known(
        "depthwise_says_conv2d",
        r"^ops depthwise_conv2d(_backward)?: exception without the operation's name: "
        r"\w+: conv2d",
        "errors of depthwise_conv2d and its backward say conv2d",
    ),
    Known(
        "backward_says_conv2d",
        r"^ops conv2d_backward: exception without the operation's name: \w+: conv2d: algo",
        "conv2d_backward's error about algo says conv2d",
    ),
    Known(
        "batch_norm_says_moments",
        r"^ops batch_norm(_backward)?: exception without the operation's name: \w+: moments:",
        "batch_norm and its backward refuse an empty x in the name of moments",
    ),
    Known(
        "huge_number_overflows",
        r"^ops \w+: exception OverflowError: ",
        "10**400 (or a fraction of that size) as a number raises OverflowError",
    ),
    Known(
        "normalization_out_overlaps",
        r"^ops (batch|group|layer)_norm: wrong result: .*\[overlap (gamma|beta|mean|variance)\]",
        "out may overlap gamma, beta, mean and variance: the result is wrong",
    ),
    Known(
        "lp_pool2d_backward_nan",
        r"^ops lp_pool2d_backward: wrong result: .*float64\(nan\)",
        "lp_pool2d_backward gives NaN where the reference has a number",
    ),
    Known(
        "gemm_out_overlaps_itself",
        r"^ops gemm: wrong result: .*out=\S+ strides \(.*\[overlap",
        "gemm takes an out that overlaps itself: the result is wrong",
    ),
    Known(
        "affine_transform_says_resample_affine",
        r"^ops affine_transform(_backward)?: exception without .*: \w+: resample_affine",
        "affine_transform's error about far away places says resample_affine",
    ),
    Known(
        "max_pool2d_backward_refuses",
        r"^ops m\w\w_pool2d_backward: exception without .*: \w+: max_pool2d_fwd: ",
        "max_pool2d_backward refuses windows that its forward takes, in the kernel's name",
    ),
    Known(
        "array_as_word",
        r"^ops \w+: exception without .*The truth value of an array",
        "an array as a name or a number raises NumPy's own ValueError",
    ),
    Known(
        "conv2d_huge_dilation",
        r"^ops (depthwise_)?conv2d\w*: (crash|MemoryError|memory|hang).*"
        r"\[hostile [^\]]*dilation",
        "conv2d with a huge dilation crashes, or takes memory for nothing",
    ),
    Known(
        "result_beyond_memory",
        r"^ops \w+: (exception without .*array is too big|MemoryError: .Unable to allocate)",
        "a result that fits into no memory raises NumPy's own error, without the operation's name",
    ),
    Known(
        "layer_huge_number",
        r"^(layers|losses) \S+: exception OverflowError",
        "10**400, a fraction of that size or a huge range as an argument raises OverflowError",
    ),
]


def defect_of(line: str) -> str | None:
    """The sentence of the first entry whose pattern is found in a finding's line."""
    for known in KNOWN:
        if re.search(known.pattern, line, re.DOTALL):
            return f"{known.name}: {known.defect}"
    return None
