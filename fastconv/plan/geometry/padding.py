"""Padding and output sizes of a window along one axis. This arithmetic is nowhere else.

Along one axis, a window of `k` taps with dilation `d` has the extent ``f = (k - 1) * d + 1``. Moved
with stride `s` over `size` elements with `before` + `after` elements of padding, it has

    floor((size - f + before + after) / s) + 1

positions. "valid" means no padding. "same" pads such that there are ``ceil(size / s)`` positions;
when the padding is odd, the extra row and column go to the bottom and the right, as in TensorFlow.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, TypeAlias

from fastconv._arguments import LARGEST, check_choice, is_whole, items_of, shown

Pair: TypeAlias = tuple[int, int]
Padding: TypeAlias = str | int | Sequence[int] | Sequence[Sequence[int]]


def output_size(
    size: int,
    kernel: int,
    stride: int = 1,
    before: int = 0,
    after: int = 0,
    dilation: int = 1,
    *,
    where: str = "conv2d",
    axis: str = "size",
) -> int:
    """Number of window positions along one axis: floor((size - f + padding) / stride) + 1.

    Raises
    ------
    ValueError
        If the window is larger than the padded input, so that the output would be empty.

    Examples
    --------
    >>> output_size(32, kernel=5), output_size(32, kernel=3, before=1, after=1)
    (28, 32)
    """
    extent = (kernel - 1) * dilation + 1
    padded = size + before + after
    if extent > padded:
        spread = f" ({kernel} taps, dilation {dilation})" if dilation > 1 else ""
        raise ValueError(
            f"{where}: the window must fit into the padded input; "
            f"received window {axis} {extent}{spread}, input {axis} {size} with padding "
            f"{before} + {after}"
        )
    places = (padded - extent) // stride + 1
    if places > LARGEST:
        raise ValueError(
            f"{where}: the output must have at most {LARGEST} rows and columns; received input "
            f"{axis} {size} with padding {before} + {after}"
        )
    return places


def same_padding(size: int, kernel: int, stride: int = 1, dilation: int = 1) -> Pair:
    """Padding (before, after) that gives ceil(size / stride) outputs; an odd element goes after.

    Examples
    --------
    >>> same_padding(8, kernel=2), same_padding(8, kernel=3), same_padding(8, kernel=3, stride=2)
    ((0, 1), (1, 1), (0, 1))
    """
    extent = (kernel - 1) * dilation + 1
    total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return total // 2, total - total // 2


def resolve_padding(
    padding: Padding,
    sizes: Pair,
    kernel: Pair,
    strides: Pair,
    dilation: Pair = (1, 1),
    *,
    where: str = "conv2d",
) -> tuple[Pair, Pair]:
    """Convert any form of the argument to ((top, bottom), (left, right)).

    Examples
    --------
    >>> resolve_padding("same", (32, 32), (5, 2), (1, 1))
    ((2, 2), (0, 1))
    >>> resolve_padding((1, 2), (32, 32), (3, 3), (1, 1))
    ((1, 1), (2, 2))
    """
    if isinstance(padding, str):
        if check_choice(padding, ("same", "valid"), where=where, what="padding") == "valid":
            return (0, 0), (0, 0)
        rows, columns = (
            same_padding(sizes[i], kernel[i], strides[i], dilation[i]) for i in range(2)
        )
        return rows, columns
    sides = [padding, padding] if is_whole(padding) else items_of(padding)
    if sides is None or len(sides) != 2:
        raise _padding_error(padding, where)
    return _both_sides(sides[0], padding, where), _both_sides(sides[1], padding, where)


def check_padding(padding: Any, *, where: str) -> str | tuple[Pair, Pair]:
    """The names "valid" and "same" in lower case, numbers as ((top, bottom), (left, right))."""
    if isinstance(padding, str):
        resolve_padding(padding.lower(), (1, 1), (1, 1), (1, 1), where=where)
        return padding.lower()
    return resolve_padding(padding, (1, 1), (1, 1), (1, 1), where=where)


def transposed_size(
    size: int,
    kernel: int,
    stride: int = 1,
    before: int = 0,
    after: int = 0,
    dilation: int = 1,
    output_padding: int = 0,
    *,
    where: str = "conv2d_transpose",
) -> int:
    """Output size of a transposed convolution: (size - 1) * stride + f - padding + output_padding.

    It is the input size of a convolution with the same window whose output size is `size`;
    `output_padding`, smaller than the stride, selects one of the input sizes that qualify.

    Raises
    ------
    ValueError
        If the output would be empty, or `output_padding` is outside 0 ... stride - 1.

    Examples
    --------
    >>> transposed_size(16, kernel=3, stride=2, before=0, after=1)
    32
    """
    if not 0 <= output_padding < stride:
        raise ValueError(
            f"{where}: output_padding must be at least 0 and smaller than the stride; "
            f"received {output_padding}, stride {stride}"
        )
    out = (size - 1) * stride + (kernel - 1) * dilation + 1 - before - after + output_padding
    if out < 1:
        raise ValueError(
            f"{where}: the padding must leave something of the output; received size {size}, "
            f"kernel {kernel}, stride {stride}, dilation {dilation}, padding {before} + {after}"
        )
    return out


def ceil_padding(size: int, kernel: int, stride: int, before: int, after: int) -> int:
    """Padding after the end that includes the last, partial window."""
    positions = -(-(size + before + after - kernel) // stride) + 1
    if (positions - 1) * stride >= size + before:  # it would start in the padding behind x
        positions -= 1
    return max((positions - 1) * stride + kernel - size - before, after)


def _both_sides(side: Any, padding: Padding, where: str) -> Pair:
    """(before, after) of one axis, from a number or a pair."""
    items = [side, side] if is_whole(side) else items_of(side)
    if items is None or len(items) != 2 or not all(is_whole(item) for item in items):
        raise _padding_error(padding, where)
    before, after = (operator.index(item) for item in items)
    if min(before, after) < 0 or max(before, after) > LARGEST:
        raise ValueError(
            f"{where}: padding must be between 0 and {LARGEST}; received {shown(padding)}"
        )
    return before, after


def _padding_error(padding: object, where: str) -> TypeError:
    return TypeError(
        f"{where}: padding must be 'same', 'valid', a whole number, (rows, columns) or "
        f"((top, bottom), (left, right)); received {shown(padding)}"
    )
