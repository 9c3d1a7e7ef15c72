"""Depthwise convolution over images, and its gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastconv.ops._checks import Array, float32, real_array
from fastconv.ops.conv2d import conv2d
from fastconv.ops.conv2d_backward import conv2d_backward
from fastconv.plan.geometry.padding import Padding


def depthwise_conv2d(
    x: Any,
    w: Any,
    b: Any = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    data_format: str = "channels_last",
    activation: str | None = None,
    *,
    out: Array | None = None,
) -> Array:
    """Convolve every channel with filters of its own: `conv2d` with a group for each channel.

    Parameters
    ----------
    x : array_like (mb, ih, iw, ic), or (mb, ic, ih, iw) with "channels_first"
    w : array_like (kh, kw, ic, multiplier), in either layout
        Output c * multiplier + m is channel c under filter m.
    b : array_like (ic * multiplier,), optional
    strides, padding, dilation, data_format, activation, out
        As for `conv2d`.

    Returns
    -------
    float32 array (mb, oh, ow, ic * multiplier), or with the channels first: `out` if given.

    Raises
    ------
    TypeError, ValueError
        If shapes, types or names do not fit, before anything is written.

    Examples
    --------
    >>> x = np.arange(8).reshape(1, 2, 2, 2)
    >>> depthwise_conv2d(x, np.ones((2, 2, 2, 1))).ravel()
    array([12., 16.], dtype=float32)
    """
    x = real_array(x, "x", "depthwise_conv2d")
    b = None if b is None else real_array(b, "b", "depthwise_conv2d")
    w, groups = _as_groups(w, "depthwise_conv2d")
    return conv2d(
        x, w, b, strides, padding, dilation, groups, data_format, activation, out=out
    )  # fmt: skip


def depthwise_conv2d_backward(
    dy: Any,
    x: Any,
    w: Any,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    data_format: str = "channels_last",
    activation: str | None = None,
    *,
    b: Any = None,
) -> tuple[Array, Array, Array]:
    """Gradients (dx, dw, db) of sum(dy * depthwise_conv2d(x, w, b, ...)).

    Parameters
    ----------
    dy : array_like
        Of the shape of depthwise_conv2d's result.
    x, w, strides, padding, dilation, data_format, activation, b
        As given to `depthwise_conv2d`.

    Returns
    -------
    dx, dw, db : float32 arrays
        Of the shapes of x, w, and (ic * multiplier,).

    Raises
    ------
    TypeError, ValueError
        As `depthwise_conv2d`.

    Examples
    --------
    >>> x, w = np.ones((1, 2, 2, 1)), np.full((1, 2, 1, 1), 3.0)
    >>> dx, dw, db = depthwise_conv2d_backward(np.ones((1, 2, 1, 1)), x, w)
    >>> dx.ravel(), dw.ravel()
    (array([3., 3., 3., 3.], dtype=float32), array([2., 2.], dtype=float32))
    """
    dy, x = (real_array(a, what, "depthwise_conv2d_backward") for a, what in ((dy, "dy"), (x, "x")))
    grouped, groups = _as_groups(w, "depthwise_conv2d_backward")
    dx, dw, db = conv2d_backward(
        dy, x, grouped, strides, padding, dilation, groups, data_format, activation, b=b
    )
    kh, kw, _, filters = dw.shape
    return dx, dw.reshape(kh, kw, groups, filters // groups), db


def _as_groups(w: Any, where: str) -> tuple[Array, int]:
    """(kh, kw, ic, multiplier) as (kh, kw, 1, ic * multiplier), and ic."""
    filters = float32(w, "w", where, "(kh, kw, ic, multiplier)")
    kh, kw, ic, multiplier = filters.shape
    return filters.reshape(kh, kw, 1, ic * multiplier), ic
