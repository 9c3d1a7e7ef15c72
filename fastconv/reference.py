"""Every operation in a few lines of NumPy, in float64: the definition of correct.

Nothing here is fast and nothing is checked; the tests and benchmarks compare the kernels with it,
and readers find in it what an operation means. Shapes: activations (mb, ih, iw, ic), weights
(kh, kw, ic/groups, oc), outputs (mb, oh, ow, oc); gradients are called dy, dx, dw, db. `padding` is
"valid", "same", a number, (rows, columns) or ((top, bottom), (left, right)); strides and dilation
are a number or (rows, columns).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def gemm(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike | None = None,
    alpha: float = 1,
    beta: float = 0,
    trans_a: bool = False,
    trans_b: bool = False,
    bias: ArrayLike = 0,
    activation: str | None = None,
) -> Array:
    """activation(alpha * op(a) @ op(b) + beta * c + bias); with beta 0, c is not looked at.

    >>> gemm([[1, 2], [3, 4]], [[0, 1], [1, 0]], bias=[10, 20])
    array([[12., 21.],
           [14., 23.]])
    """
    a, b = _float64(a), _float64(b)
    y = alpha * ((a.T if trans_a else a) @ (b.T if trans_b else b))
    if beta != 0 and c is not None:
        y = y + beta * _float64(c)
    return _activate(y + _float64(bias), activation)


def conv2d(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike = 0,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
    activation: str | None = None,
) -> Array:
    """y[n, r, c, o] = activation(b[o] + sum over i, j, k of x[n, r*sh + i*dh - pt, ..., k] w[i, j, k, o]).

    With groups, each of `groups` equal parts of the channels has its own part of the filters.

    >>> image = np.array([[*map(int, row)] for row in "11011 10101 11110 00110 11000".split()])
    >>> kernel = np.array([[*map(int, row)] for row in "101 010 110".split()])
    >>> conv2d(image.reshape(1, 5, 5, 1), kernel.reshape(3, 3, 1, 1))[0, :, :, 0]
    array([[3., 5., 3.],
           [3., 2., 5.],
           [4., 4., 2.]])
    """  # noqa: E501
    x, w = _float64(x), _float64(w)
    if groups > 1:
        parts = zip(np.split(x, groups, axis=3), np.split(w, groups, axis=3), strict=True)
        y = np.concatenate([conv2d(*p, 0, strides, padding, dilation) for p in parts], axis=3)
    else:
        taps = _Taps(x.shape, w.shape[:2], strides, padding, dilation)
        padded = taps.pad(x)
        y = np.zeros((x.shape[0], *taps.out, w.shape[3]))
        for i, j, at in taps:
            y += padded[at] @ w[i, j]
    return _activate(y + _float64(b), activation)


def conv2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """Gradients (dx, dw, db) of sum(dy * conv2d(x, w, b)).

    >>> x, w = np.ones((1, 2, 2, 1)), np.full((1, 2, 1, 1), 3.0)
    >>> dx, dw, db = conv2d_backward(np.ones((1, 2, 1, 1)), x, w)
    >>> dx.ravel(), dw.ravel(), db
    (array([3., 3., 3., 3.]), array([2., 2.]), array([2.]))
    """
    dy, x, w = _float64(dy), _float64(x), _float64(w)
    if groups > 1:
        dys, xs, ws = (np.split(array, groups, axis=3) for array in (dy, x, w))
        grads = [
            conv2d_backward(*part, strides, padding, dilation)
            for part in zip(dys, xs, ws, strict=True)
        ]
        dx, dw, db = (np.concatenate(parts, axis=-1) for parts in zip(*grads, strict=True))
        return dx, dw, db
    taps = _Taps(x.shape, w.shape[:2], strides, padding, dilation)
    padded = taps.pad(x)
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for i, j, at in taps:
        dpadded[at] += dy @ w[i, j].T
        dw[i, j] = np.tensordot(padded[at], dy, axes=([0, 1, 2], [0, 1, 2]))
    return taps.crop(dpadded), dw, dy.sum(axis=(0, 1, 2))


def max_pool2d(
    x: ArrayLike,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    ceil_mode: Any = False,
) -> Array:
    """Largest element of each window; a NaN in it wins; padding never does.

    >>> x = np.array([[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]]).reshape(1, 4, 4, 1)
    >>> max_pool2d(x, 2)[0, :, :, 0]
    array([[5., 6.],
           [4., 5.]])
    """
    x = _float64(x)
    taps = _Taps(x.shape, pool_size, strides or pool_size, padding, ceil_mode=ceil_mode)
    return taps.stack(x, fill=-np.inf).max(axis=0)


def max_pool2d_argmax(
    x: ArrayLike,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    ceil_mode: Any = False,
) -> NDArray[np.intp]:
    """Which tap, i * kw + j, holds the first maximum (or the first NaN) of each window of x."""
    x = _float64(x)
    taps = _Taps(x.shape, pool_size, strides or pool_size, padding, ceil_mode=ceil_mode)
    stack, inside = taps.stack(x, fill=-np.inf), taps.stack(np.ones_like(x), fill=0) == 1
    return np.argmax(inside & ((stack == stack.max(axis=0)) | np.isnan(stack)), axis=0)


def max_pool2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    ceil_mode: Any = False,
) -> Array:
    """Gradient dx of sum(dy * max_pool2d(x)): dy goes to the first maximum of its window."""
    dy, x = _float64(dy), _float64(x)
    first = max_pool2d_argmax(x, pool_size, strides, padding, ceil_mode)
    taps = _Taps(x.shape, pool_size, strides or pool_size, padding, ceil_mode=ceil_mode)
    dpadded = taps.pad(np.zeros_like(x))
    for i, j, at in taps:
        dpadded[at] += np.where(first == i * taps.window[1] + j, dy, 0)
    return taps.crop(dpadded)


def min_pool2d(
    x: ArrayLike,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    ceil_mode: Any = False,
) -> Array:
    """Smallest element of each window.

    >>> x = np.array([[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]]).reshape(1, 4, 4, 1)
    >>> min_pool2d(x, 2)[0, :, :, 0]
    array([[2., 1.],
           [1., 2.]])
    """
    return -max_pool2d(-_float64(x), pool_size, strides, padding, ceil_mode)


def min_pool2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    ceil_mode: Any = False,
) -> Array:
    """Gradient dx of sum(dy * min_pool2d(x))."""
    return max_pool2d_backward(dy, -_float64(x), pool_size, strides, padding, ceil_mode)


def avg_pool2d(
    x: ArrayLike,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    count_include_pad: bool = False,
    ceil_mode: Any = False,
) -> Array:
    """Mean of each window: over its elements of x, or (`count_include_pad`) over all kh * kw taps.

    >>> x = np.array([[3, 5, 4, 1], [2, 2, 5, 6], [4, 4, 2, 5], [1, 3, 5, 4]]).reshape(1, 4, 4, 1)
    >>> avg_pool2d(x, 2)[0, :, :, 0]
    array([[3., 4.],
           [3., 4.]])
    """
    x = _float64(x)
    taps = _Taps(x.shape, pool_size, strides or pool_size, padding, ceil_mode=ceil_mode)
    return taps.stack(x).sum(axis=0) / taps.counts(count_include_pad)


def avg_pool2d_backward(
    dy: ArrayLike,
    x_shape: tuple[int, ...],
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    count_include_pad: bool = False,
    ceil_mode: Any = False,
) -> Array:
    """Gradient dx of sum(dy * avg_pool2d(x)); of x only the shape matters."""
    taps = _Taps(x_shape, pool_size, strides or pool_size, padding, ceil_mode=ceil_mode)
    share = _float64(dy) / taps.counts(count_include_pad)
    dpadded = taps.pad(np.zeros(x_shape))
    for _, _, at in taps:
        dpadded[at] += share
    return taps.crop(dpadded)


def lp_pool2d(
    x: ArrayLike,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    p: float = 2,
    ceil_mode: Any = False,
) -> Array:
    """(sum of abs(x)**p over each window)**(1/p); p = 2 is L2-norm pooling.

    >>> lp_pool2d(np.array([3.0, 4.0, 0.0, -5.0]).reshape(1, 1, 4, 1), (1, 2)).ravel()
    array([5., 5.])
    """
    x = _float64(x)
    taps = _Taps(x.shape, pool_size, strides or pool_size, padding, ceil_mode=ceil_mode)
    return (np.abs(taps.stack(x)) ** p).sum(axis=0) ** (1 / p)


def lp_pool2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    pool_size: Any,
    strides: Any = None,
    padding: Any = "valid",
    p: float = 2,
    ceil_mode: Any = False,
) -> Array:
    """Gradient dx of sum(dy * lp_pool2d(x)); 0 where a whole window is 0."""
    x = _float64(x)
    y = lp_pool2d(x, pool_size, strides, padding, p, ceil_mode)
    taps = _Taps(x.shape, pool_size, strides or pool_size, padding, ceil_mode=ceil_mode)
    share = _float64(dy) * np.where(y == 0, 0, np.where(y == 0, 1, y) ** (1 - p))
    padded = taps.pad(x)
    dpadded = np.zeros_like(padded)
    for _, _, at in taps:
        dpadded[at] += share * np.sign(padded[at]) * np.abs(padded[at]) ** (p - 1)
    return taps.crop(dpadded)


def bias_add(x: ArrayLike, b: ArrayLike) -> Array:
    """x + b, one number for each entry of the last axis."""
    return _float64(x) + _float64(b)


def bias_grad(dy: ArrayLike) -> Array:
    """Gradient db of sum(dy * bias_add(x, b)): the sum over all axes but the last."""
    dy = _float64(dy)
    return dy.reshape(-1, dy.shape[-1]).sum(axis=0)


def affine(x: ArrayLike, scale: float, offset: float = 0) -> Array:
    """x * scale + offset."""
    return _float64(x) * scale + offset


def relu(x: ArrayLike) -> Array:
    """max(x, 0); NaN stays NaN.

    >>> relu([-1, 2, np.nan])
    array([ 0.,  2., nan])
    """
    return np.maximum(_float64(x), 0)


def relu_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    """Gradient dx of sum(dy * relu(x)), from y = relu(x) (or x itself): dy, but 0 where y <= 0."""
    return np.where(_float64(y) <= 0, 0, _float64(dy))


def softmax(x: ArrayLike) -> Array:
    """exp(x) / sum(exp(x)) over the last axis, moved by its maximum so that exp cannot overflow.

    >>> softmax([[0, np.log(3)]])
    array([[0.25, 0.75]])
    """
    x = _float64(x)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(dy: ArrayLike, y: ArrayLike) -> Array:
    """Gradient dx of sum(dy * softmax(x)), from y = softmax(x): y * (dy - sum(dy * y))."""
    dy, y = _float64(dy), _float64(y)
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


def softmax_cross_entropy(
    logits: ArrayLike, targets: ArrayLike, row_weights: ArrayLike | None = None
) -> tuple[float, Array]:
    """Loss sum_r weight_r * -sum_c t[r, c] * log(softmax(logits)[r, c]) and its gradient in logits.

    `targets` are labels (rows,), or the t themselves (rows, classes).
    The weights default to 1 / rows, which makes the loss a mean.

    >>> loss, dlogits = softmax_cross_entropy([[0, np.log(3)]], [1])
    >>> round(loss, 4), dlogits  # -log(3/4)
    (0.2877, array([[ 0.25, -0.25]]))
    """
    z = _float64(logits)
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    t = np.asarray(targets)
    t = _float64(t) if t.ndim == 2 else np.eye(z.shape[1])[t]
    weights = _row_weights(row_weights, z.shape[0])
    loss = -(weights * np.where(t == 0, 0, t * log_p)).sum()
    return float(loss), weights * (t.sum(axis=1, keepdims=True) * np.exp(log_p) - t)


def mean_squared_error(
    y: ArrayLike, t: ArrayLike, row_weights: ArrayLike | None = None
) -> tuple[float, Array]:
    """Loss sum_r weight_r * mean_c (y - t)**2 and its gradient in y; weights default to 1 / rows.

    With weights of columns / 2 it is the squared error sum(1/2 (t - y)**2):

    >>> loss, dy = mean_squared_error([[0.2, 0.1, 0.3, 0.4]], [[0, 0, 0, 1]], row_weights=[2])
    >>> round(loss, 12), dy
    (0.25, array([[ 0.2,  0.1,  0.3, -0.6]]))
    """
    error = _float64(y) - _float64(t)
    weights = _row_weights(row_weights, error.shape[0])
    loss = (weights * error**2).sum() / error.shape[1]
    return float(loss), 2 * weights * error / error.shape[1]


def dropout(x: ArrayLike, rate: float, seed: int, step: int = 0) -> Array:
    """x / (1 - rate) where `dropout_mask` keeps an element, 0 elsewhere.

    Its gradient is the same function of dy.
    """
    x = _float64(x)
    return np.where(dropout_mask(x.shape, rate, seed, step), x / (1 - rate), 0)


def dropout_mask(
    shape: tuple[int, ...], rate: float, seed: int, step: int = 0
) -> NDArray[np.bool_]:
    """Elements that dropout keeps: a function of the seed, the step and the element's index alone.

    Element e, counted in C order, owns word e % 4 of the block that Philox makes from the counter
    (e // 4, step), both 64-bit, low word first, and the seed as key. It is kept if the word is at
    least rate * 2**32.
    """
    size = int(np.prod(shape))
    block = np.arange(-(-size // 4), dtype=np.uint64)
    counter = (block, block >> 32, np.uint64(step), np.uint64(step >> 32))
    words = np.stack(philox4x32(counter, (seed, seed >> 32)), axis=-1)
    return (words.ravel()[:size] >= np.uint64(rate * 2**32)).reshape(shape)


def philox4x32(counter: Any, key: Any, rounds: int = 10) -> tuple[NDArray[np.uint64], ...]:
    """Four 32-bit random words from a counter of four words and a key of two.

    Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).

    >>> " ".join(f"{int(word):08x}" for word in philox4x32((0, 0, 0, 0), (0, 0)))
    '6627e8d5 e169c58d bc57ac4c 9b00dbd8'
    """
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    c0, c1, c2, c3 = (np.asarray(word, np.uint64) & low for word in counter)
    k0, k1 = (np.uint64(int(word) & 0xFFFFFFFF) for word in key)
    for _ in range(rounds):
        p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (p1 >> half) ^ c1 ^ k0, p1 & low, (p0 >> half) ^ c3 ^ k1, p0 & low
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & low, (k1 + np.uint64(0xBB67AE85)) & low
    return tuple(np.broadcast_arrays(c0, c1, c2, c3))


def sgd_step(
    w: ArrayLike,
    g: ArrayLike,
    velocity: ArrayLike | None = None,
    learning_rate: float = 0.01,
    momentum: float = 0,
    nesterov: bool = False,
) -> tuple[Array, Array]:
    """New (w, velocity): velocity = momentum * velocity - learning_rate * g, added to w.

    Nesterov adds momentum * velocity - learning_rate * g, with the new velocity.

    >>> sgd_step([1.0], [2.0], [1.0], learning_rate=0.5, momentum=0.5)
    (array([0.5]), array([-0.5]))
    """
    w, g = _float64(w), _float64(g)
    velocity = momentum * _float64(0 if velocity is None else velocity) - learning_rate * g
    return w + (momentum * velocity - learning_rate * g if nesterov else velocity), velocity


def adam_step(
    w: ArrayLike,
    g: ArrayLike,
    m: ArrayLike,
    v: ArrayLike,
    t: int,
    learning_rate: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[Array, Array, Array]:
    """New (w, m, v) at step t = 1, 2, ...; epsilon stands outside the bias correction.

    Kingma, Ba, "Adam: a method for stochastic optimization" (2015), the formulation before
    section 2.1, which Keras uses too.

    >>> w, m, v = adam_step([1.0], [4.0], [0.0], [0.0], t=1, learning_rate=0.5, epsilon=0)
    >>> round(float(w[0]), 12)
    0.5
    """
    w, g = _float64(w), _float64(g)
    m = beta1 * _float64(m) + (1 - beta1) * g
    v = beta2 * _float64(v) + (1 - beta2) * g**2
    rate = learning_rate * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return w - rate * m / (np.sqrt(v) + epsilon), m, v


class _Taps:
    """The taps of a window moved over x: yields (i, j, index of what tap i, j touches)."""

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
            reach = (self.window[axis] - 1) * self.dilation[axis] + 1
            if padding == "same":
                total = max((-(-size // stride) - 1) * stride + reach - size, 0)
                before, after = total // 2, total - total // 2
            else:
                before, after = _explicit(padding)[axis]
            places = (size + before + after - reach) // stride + 1
            if ceil_mode and (size + before + after - reach) % stride:
                if places * stride < size + before:  # the next window starts in front of the end
                    places += 1
                after = max(after, (places - 1) * stride + reach - size - before)
            self.out.append(places)
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
        """What each tap sees, (kh * kw, mb, oh, ow, ic)."""
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


def _row_weights(row_weights: ArrayLike | None, rows: int) -> Array:
    weights = np.full(rows, 1 / max(rows, 1)) if row_weights is None else _float64(row_weights)
    return weights.reshape(rows, 1)


def _activate(y: Array, activation: str | None) -> Array:
    return relu(y) if activation == "relu" else y


def _float64(x: ArrayLike) -> Array:
    return np.asarray(x, np.float64)
