"""Geometry of convolution and pooling: every size that a kernel needs, computed and checked."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from fastconv._arguments import LARGEST, as_int, as_pair, is_whole, items_of
from fastconv.plan.geometry.padding import (
    Padding,
    Pair,
    ceil_padding,
    output_size,
    resolve_padding,
)


@dataclass(frozen=True, slots=True)
class Conv2DShape:
    """One convolution's geometry.

    x is (mb, ih, iw, ic), w is (kh, kw, ic/groups, oc) and y is (mb, oh, ow, oc);
    `sh sw` are strides, `dh dw` dilations, `pt pb pl pr` the padding at top, bottom, left, right.
    """

    mb: int
    ih: int
    iw: int
    ic: int
    oc: int
    kh: int
    kw: int
    sh: int
    sw: int
    dh: int
    dw: int
    pt: int
    pb: int
    pl: int
    pr: int
    oh: int
    ow: int
    groups: int

    @property
    def x_shape(self) -> tuple[int, int, int, int]:
        return self.mb, self.ih, self.iw, self.ic

    @property
    def w_shape(self) -> tuple[int, int, int, int]:
        return self.kh, self.kw, self.ic // self.groups, self.oc

    @property
    def y_shape(self) -> tuple[int, int, int, int]:
        return self.mb, self.oh, self.ow, self.oc

    def kernel_arguments(self) -> dict[str, int]:
        """Constructor arguments of a kernel: all but the batch size, `pb` and `pr`."""
        names = (field.name for field in fields(self))
        return {name: getattr(self, name) for name in names if name not in ("mb", "pb", "pr")}

    @property
    def flops(self) -> int:
        """Floating-point operations of one pass: two for each multiply-add of the direct method."""
        taps = self.kh * self.kw * (self.ic // self.groups)
        return 2 * self.mb * self.oh * self.ow * self.oc * taps

    def of_inner_map(self, rows: Pair, columns: Pair) -> Conv2DShape:
        """The same convolution of x without its outermost (before, after) rows and columns, all
        zeros, which become padding.
        """
        return replace(
            self,
            ih=self.ih - sum(rows),
            iw=self.iw - sum(columns),
            pt=self.pt + rows[0],
            pb=self.pb + rows[1],
            pl=self.pl + columns[0],
            pr=self.pr + columns[1],
        )


@dataclass(frozen=True, slots=True)
class Pool2DShape:
    """One pooling's geometry: x (mb, ih, iw, ic), y (mb, oh, ow, ic), windows of kh by kw.

    Every window holds at least one element of x. `pb` and `pr` include what ceil mode adds.
    """

    mb: int
    ih: int
    iw: int
    ic: int
    kh: int
    kw: int
    sh: int
    sw: int
    pt: int
    pb: int
    pl: int
    pr: int
    oh: int
    ow: int

    @property
    def x_shape(self) -> tuple[int, int, int, int]:
        return self.mb, self.ih, self.iw, self.ic

    @property
    def window(self) -> tuple[int, int, int, int, int, int]:
        """The window arguments of the pooling kernels: kh, kw, sh, sw, pt, pl."""
        return self.kh, self.kw, self.sh, self.sw, self.pt, self.pl

    @property
    def trimmed_window(self) -> tuple[int, int, int, int, int, int]:
        """`window` without the rows and columns at its ends that meet x at no place."""
        kh, pt = _trimmed(self.ih, self.oh, self.kh, self.sh, self.pt)
        kw, pl = _trimmed(self.iw, self.ow, self.kw, self.sw, self.pl)
        return kh, kw, self.sh, self.sw, pt, pl

    @property
    def uncovered(self) -> tuple[list[int], list[int]]:
        """The rows and the columns of x that lie in no window."""
        return (
            _between_windows(self.ih, self.oh, self.kh, self.sh, self.pt),
            _between_windows(self.iw, self.ow, self.kw, self.sw, self.pl),
        )

    @property
    def y_shape(self) -> tuple[int, int, int, int]:
        return self.mb, self.oh, self.ow, self.ic


def conv2d_shape(
    x_shape: Sequence[int],
    w_shape: Sequence[int],
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    *,
    where: str = "conv2d",
) -> Conv2DShape:
    """Geometry of a convolution of x (mb, ih, iw, ic) with w (kh, kw, ic/groups, oc).

    Parameters
    ----------
    x_shape, w_shape : four integers each
        `mb` may be 0, everything else is at least 1.
    strides, dilation : int or pair
        One value for both axes, or (rows, columns).
    padding : "same", "valid", int, pair, or ((top, bottom), (left, right))
        An int pads all four sides; a pair is (rows, columns), the same on both sides.
    groups : int
        Divides both ic and oc.
    where : str
        The prefix of error messages.

    Raises
    ------
    TypeError
        If something is not a whole number (booleans are not).
    ValueError
        If a rule above is violated, or the window does not fit into the padded input.

    Examples
    --------
    >>> shape = conv2d_shape((128, 32, 32, 3), (3, 3, 3, 10))
    >>> shape.y_shape
    (128, 30, 30, 10)
    >>> shape = conv2d_shape((1, 8, 8, 128), (2, 2, 128, 128), padding="same")
    >>> (shape.pt, shape.pb, shape.pl, shape.pr), shape.y_shape
    ((0, 1, 0, 1), (1, 8, 8, 128))
    """
    mb, ih, iw, ic = _sizes(x_shape, "x", where)
    kh, kw, gc, oc = _sizes(w_shape, "w", where, batch=False)
    sh, sw = as_pair(strides, "strides", where=where)
    dh, dw = as_pair(dilation, "dilation", where=where)
    groups = as_int(groups, "groups", where=where)
    received = f"received x {(mb, ih, iw, ic)}, w {(kh, kw, gc, oc)}"
    if ic % groups or oc % groups:
        raise ValueError(
            f"{where}: groups must divide the channels of x and the filters of w; "
            f"{received}, groups {groups}"
        )
    if ic != gc * groups:
        per_group = f" in each of {groups} groups" if groups > 1 else ""
        raise ValueError(
            f"{where}: x has {ic // groups} input channels{per_group}, w expects {gc}; {received}"
        )
    (pt, pb), (pl, pr) = resolve_padding(
        padding, (ih, iw), (kh, kw), (sh, sw), (dh, dw), where=where
    )
    oh = output_size(ih, kh, sh, pt, pb, dh, where=where, axis="height")
    ow = output_size(iw, kw, sw, pl, pr, dw, where=where, axis="width")
    return Conv2DShape(
        mb, ih, iw, ic, oc, kh, kw, sh, sw, dh, dw, pt, pb, pl, pr, oh, ow, groups
    )  # fmt: skip


def pool2d_shape(
    x_shape: Sequence[int],
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
    *,
    ceil_mode: bool = False,
    where: str = "pool2d",
) -> Pool2DShape:
    """Geometry of a pooling of x (mb, ih, iw, ic); `strides` defaults to `pool_size`.

    With `ceil_mode` a last window that extends beyond the edge counts too, as long as it starts
    inside x or its top and left padding. Padding must be smaller than the window, so that no window
    consists of padding only.

    Raises
    ------
    TypeError, ValueError
        As `conv2d_shape`.

    Examples
    --------
    >>> pool2d_shape((1, 7, 7, 1), 2, padding="same").y_shape
    (1, 4, 4, 1)
    >>> pool2d_shape((1, 7, 7, 1), 2).y_shape
    (1, 3, 3, 1)
    >>> pool2d_shape((1, 7, 7, 1), 2, ceil_mode=True).y_shape
    (1, 4, 4, 1)
    """
    mb, ih, iw, ic = _sizes(x_shape, "x", where)
    kh, kw = as_pair(pool_size, "pool_size", where=where)
    sh, sw = (kh, kw) if strides is None else as_pair(strides, "strides", where=where)
    if not isinstance(ceil_mode, bool):
        raise TypeError(f"{where}: ceil_mode must be True or False; received {ceil_mode!r}")
    (pt, pb), (pl, pr) = resolve_padding(padding, (ih, iw), (kh, kw), (sh, sw), where=where)
    if max(pt, pb) >= kh or max(pl, pr) >= kw:
        raise ValueError(
            f"{where}: padding must be smaller than the window; "
            f"received padding {((pt, pb), (pl, pr))}, pool_size {(kh, kw)}"
        )
    if ceil_mode:
        pb = ceil_padding(ih, kh, sh, pt, pb)
        pr = ceil_padding(iw, kw, sw, pl, pr)
    oh = output_size(ih, kh, sh, pt, pb, where=where, axis="height")
    ow = output_size(iw, kw, sw, pl, pr, where=where, axis="width")
    return Pool2DShape(mb, ih, iw, ic, kh, kw, sh, sw, pt, pb, pl, pr, oh, ow)


def _trimmed(size: int, places: int, k: int, s: int, before: int) -> tuple[int, int]:
    """How many taps of a window's axis meet x somewhere, and the padding before the first."""
    first, last = max(before - (places - 1) * s, 0), min(k, before + size)
    return last - first, before - first


def _between_windows(size: int, places: int, k: int, s: int, before: int) -> list[int]:
    if s <= k and (places - 1) * s + k >= size + before:
        return []
    at = range(before, size + before)
    return [i - before for i in at if i - min(i // s, places - 1) * s >= k]


def _sizes(shape: Sequence[int], what: str, where: str, *, batch: bool = True) -> list[int]:
    """Four sizes as integers; only the batch axis may be 0."""
    sizes = items_of(shape)
    axes = "(mb, ih, iw, ic)" if batch else "(kh, kw, ic/groups, oc)"
    if sizes is None or len(sizes) != 4:
        raise ValueError(f"{where}: {what} must have four axes {axes}; received shape {shape!r}")
    if not all(is_whole(size) for size in sizes):
        raise TypeError(f"{where}: the sizes of {what} must be whole numbers; received {shape!r}")
    numbers = [operator.index(size) for size in sizes]
    if numbers[0] < (not batch) or min(numbers[1:]) < 1 or max(numbers) > LARGEST:
        empty = " (only the batch may be 0)" if batch else ""
        raise ValueError(
            f"{where}: the sizes {axes} of {what} must be at least 1{empty} and at most {LARGEST}; "
            f"received {tuple(numbers)}"
        )
    return numbers
