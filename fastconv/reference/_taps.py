"""A window sliding over an image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fastconv.reference._arrays import Array


class Taps:
    """The taps of a window sliding over padded x: yields (i, j, index of its pixels) for each."""

    def __init__(
        self,
        x_shape: tuple[int, ...],
        window: Any,
        strides: Any,
        padding: Any,
        dilation: Any = 1,
        ceil_mode: bool = False,
    ) -> None:
        self.x_shape = x_shape
        self.window = [int(k) for k in np.broadcast_to(window, 2)]
        self.strides = [int(s) for s in np.broadcast_to(strides, 2)]
        self.dilation = [int(d) for d in np.broadcast_to(dilation, 2)]
        self.out, self.pads = [], []
        for axis in range(2):
            size, stride = x_shape[1 + axis], self.strides[axis]
            extent = (self.window[axis] - 1) * self.dilation[axis] + 1
            if padding == "same":
                total = max((-(-size // stride) - 1) * stride + extent - size, 0)
                before, after = total // 2, total - total // 2
            else:
                before, after = _explicit(padding)[axis]
            count = (size + before + after - extent) // stride + 1
            if ceil_mode and (size + before + after - extent) % stride:
                if count * stride < size + before:  # the next window starts before the end
                    count += 1
                after = max(after, (count - 1) * stride + extent - size - before)
            self.out.append(count)
            self.pads.append((before, after))

    def __iter__(self) -> Iterator[tuple[int, int, tuple[slice, slice, slice]]]:
        def along(axis: int, tap: int) -> slice:
            start, stride = tap * self.dilation[axis], self.strides[axis]
            return slice(start, start + (self.out[axis] - 1) * stride + 1, stride)

        for i in range(self.window[0]):
            for j in range(self.window[1]):
                yield i, j, (slice(None), along(0, i), along(1, j))

    def pad(self, x: Array, fill: float = 0) -> Array:
        return np.pad(x, ((0, 0), *self.pads, (0, 0)), constant_values=fill)

    def crop(self, padded: Array) -> Array:
        (top, _), (left, _) = self.pads
        return padded[:, top : top + self.x_shape[1], left : left + self.x_shape[2]]

    def stack(self, x: Array, fill: float = 0) -> Array:
        """The elements under each tap, (kh * kw, mb, oh, ow, ic)."""
        padded = self.pad(x, fill)
        return np.stack([padded[at] for _, _, at in self])

    def counts(self, count_include_pad: bool) -> Array | int:
        if count_include_pad:
            return self.window[0] * self.window[1]
        return self.stack(np.ones((1, *self.x_shape[1:3], 1))).sum(axis=0)


def _explicit(padding: Any) -> list[tuple[int, int]]:
    if padding == "valid":
        return [(0, 0), (0, 0)]
    rows, columns = padding if np.iterable(padding) else (padding, padding)
    sides = (np.broadcast_to(side, 2).tolist() for side in (rows, columns))
    return [(before, after) for before, after in sides]
