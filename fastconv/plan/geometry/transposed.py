"""Geometry of a transposed convolution: that of the convolution whose input gradient it is."""

from __future__ import annotations

from collections.abc import Sequence

from fastconv._arguments import LARGEST, as_pair
from fastconv.plan.geometry.padding import Padding, resolve_padding, transposed_size
from fastconv.plan.geometry.shapes import Conv2DShape


def conv2d_transpose_shape(
    x_shape: Sequence[int],
    w_shape: Sequence[int],
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    output_padding: int | Sequence[int] | None = None,
    *,
    where: str = "conv2d_transpose",
) -> Conv2DShape:
    """Geometry of the convolution from y back to x, for x (mb, ih, iw, ic) and w (kh, kw, oc, ic).

    Parameters
    ----------
    x_shape, w_shape : four integers each
    strides, dilation : int or pair
    padding : "same", "valid", int, pair, or ((top, bottom), (left, right))
        The border cropped from the result. "valid" crops nothing; "same" leaves size * stride.
    output_padding : int or pair, optional
        Rows and columns that are added below and to the right, fewer than the stride. With "same"
        the size is then (size - 1) * stride + f % 2 + output_padding, as in Keras, where
        f = (k - 1) * dilation + 1.

    Returns
    -------
    Conv2DShape
        Its x is the transposed convolution's output, its y the input.

    Raises
    ------
    TypeError, ValueError
        If something is not a whole number or is out of range, or the output would be empty.

    Examples
    --------
    >>> conv2d_transpose_shape((1, 8, 8, 16), (3, 3, 4, 16), 2, "same").x_shape
    (1, 16, 16, 4)
    >>> conv2d_transpose_shape((1, 8, 8, 16), (3, 3, 4, 16), 2).x_shape
    (1, 17, 17, 4)
    """
    mb, ih, iw, ic = x_shape
    kh, kw, oc, wc = w_shape
    if wc != ic:
        raise ValueError(
            f"{where}: x has {ic} channels, w expects {wc}; "
            f"received x {tuple(x_shape)}, w {tuple(w_shape)}"
        )
    stride = as_pair(strides, "strides", where=where)
    spread = as_pair(dilation, "dilation", where=where)
    more = None
    if output_padding is not None:
        more = as_pair(output_padding, "output_padding", where=where, minimum=0)
    (sh, sw), (dh, dw) = stride, spread
    rows, columns = (None, None) if more is None else more
    oh, pt, pb = _axis(ih, kh, sh, dh, padding, rows, 0, where)
    ow, pl, pr = _axis(iw, kw, sw, dw, padding, columns, 1, where)
    if max(oh, ow) > LARGEST:
        raise ValueError(
            f"{where}: the output must have at most {LARGEST} rows and columns; received strides "
            f"{stride}, dilation {spread} and sizes that give {oh} x {ow}"
        )
    return Conv2DShape(
        mb, oh, ow, oc, ic, kh, kw, sh, sw, dh, dw, pt, pb, pl, pr, ih, iw, 1
    )  # fmt: skip


def _axis(
    size: int, k: int, s: int, d: int, padding: Padding, extra: int | None, axis: int, where: str
) -> tuple[int, int, int]:
    """(size of the result, elements cropped before it, elements cropped after it)."""
    extent = (k - 1) * d + 1
    full = (size - 1) * s + extent
    if isinstance(padding, str):
        resolve_padding(padding, (1, 1), (1, 1), (1, 1), where=where)  # a known name
        if extra is not None:
            transposed_size(size, k, s, 0, 0, d, extra, where=where)  # within its range
        if padding == "valid":
            return full + (max(s - extent, 0) if extra is None else extra), 0, 0
        out = size * s if extra is None else (size - 1) * s + extent % 2 + extra
        total = max(full - out, 0)
        return out, total // 2, total - total // 2
    cut = resolve_padding(padding, (1, 1), (1, 1), (1, 1), where=where)[axis]
    return transposed_size(size, k, s, *cut, d, extra or 0, where=where), *cut
