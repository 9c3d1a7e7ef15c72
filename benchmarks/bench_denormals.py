"""Every family of kernels on denormal inputs, beside the same call on normal ones.

``python benchmarks/bench_denormals.py`` prints how many times as long the denormal inputs take and
exits with status 1 if one takes more than `MOST` times.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from _interleave import TURN, Call, Contest, run

from fastconv import Input, Sequential, layers, losses, ops, optimizers, set_num_threads

MOST = 1.2
SCALES = {"denormal": 1e-39, "denormal products": 1e-20}
"""What the normal numbers are multiplied by: all of them are then denormal, or their products."""

Make = Callable[[float], Call]


def _numbers(scale: float, *shape: int, seed: int = 21) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=shape) * scale).astype(np.float32)


def _positive(scale: float, *shape: int) -> np.ndarray:
    return np.abs(_numbers(scale, *shape))


def _conv2d(algo: str, x: tuple[int, ...], w: tuple[int, ...]) -> Iterator[tuple[str, Make]]:
    def forward(scale: float) -> Call:
        a, b = _numbers(scale, *x), _numbers(scale, *w)
        return lambda: ops.conv2d(a, b, padding="same", algo=algo)

    def backward(scale: float) -> Call:
        a, b, dy = _numbers(scale, *x), _numbers(scale, *w), _numbers(scale, *x[:3], w[3], seed=1)
        return lambda: ops.conv2d_backward(dy, a, b, padding="same", algo=algo)

    name = f"conv2d {algo} {w[0]}x{w[1]} {w[2]}-{w[3]}"
    yield name, forward
    yield f"{name} backward", backward


def _depthwise(strides: int) -> Iterator[tuple[str, Make]]:
    x, w, how = (4, 32, 32, 64), (3, 3, 64, 1), {"strides": strides, "padding": "same"}

    def forward(scale: float) -> Call:
        a, b = _numbers(scale, *x), _numbers(scale, *w)
        return lambda: ops.depthwise_conv2d(a, b, **how)

    def backward(scale: float) -> Call:
        a, b = _numbers(scale, *x), _numbers(scale, *w)
        dy = _numbers(scale, *ops.depthwise_conv2d(a, b, **how).shape, seed=1)
        return lambda: ops.depthwise_conv2d_backward(dy, a, b, **how)

    yield f"depthwise_conv2d strides {strides}", forward
    yield f"depthwise_conv2d strides {strides} backward", backward


def _gemm(m: int, n: int, k: int) -> Iterator[tuple[str, Make]]:
    def make(scale: float) -> Call:
        a, b, c = _numbers(scale, m, k), _numbers(scale, k, n), _numbers(scale, m, n)
        return lambda: ops.gemm(a, b, c, 0.5, 2)

    yield f"gemm {m}-{n}-{k}", make


def _both(name: str, shape: tuple[int, ...], *arguments: Any, **how: Any) -> list[tuple[str, Make]]:
    """An operation ``f(x)`` that has a gradient ``f_backward(dy, x or y)``."""
    operation, gradient = getattr(ops, name), getattr(ops, f"{name}_backward")

    def forward(scale: float) -> Call:
        x = _numbers(scale, *shape)
        return lambda: operation(x, *arguments, **how)

    def backward(scale: float) -> Call:
        x = _numbers(scale, *shape)
        y = operation(x, *arguments, **how)
        dy = _numbers(scale, *np.shape(y), seed=1)
        return lambda: gradient(dy, x, *arguments, **how)

    label = " ".join([name, *map(str, arguments)])
    return [(label, forward), (f"{label} backward", backward)]


def _resize(interpolation: str) -> Iterator[tuple[str, Make]]:
    shape, size = (8, 32, 32, 16), (48, 40)

    def backward(scale: float) -> Call:
        x, dy = _numbers(scale, *shape), _numbers(scale, shape[0], *size, shape[3])
        return lambda: ops.resize_backward(dy, x, interpolation)

    yield f"resize {interpolation}", lambda scale: _call(
        ops.resize, _numbers(scale, *shape), size, interpolation)  # fmt: skip
    yield f"resize {interpolation} backward", backward


def _affine_transform() -> Iterator[tuple[str, Make]]:
    shape, turn = (8, 32, 32, 16), np.float32([0.9, 0.2, 1, -0.2, 0.9, 2])

    def backward(scale: float) -> Call:
        x, dy = _numbers(scale, *shape), _numbers(scale, *shape, seed=1)
        return lambda: ops.affine_transform_backward(dy, x, turn)

    yield "affine_transform", lambda scale: _call(
        ops.affine_transform, _numbers(scale, *shape), turn)  # fmt: skip
    yield "affine_transform backward", backward


def _call(operation: Callable[..., Any], *arguments: Any) -> Call:
    return lambda: operation(*arguments)


OPTIMIZERS = ("SGD", "Adagrad", "Adam", "AdamW", "Lamb", "Lars", "Lion", "Muon", "Nadam", "RMSprop")
LOSSES = (
    "BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy", "HalfSquaredError", "Hinge", "Huber", "KLDivergence", "LogCosh",
    "MeanAbsoluteError", "MeanSquaredError", "Poisson", "SquaredHinge",
)  # fmt: skip
FLAT = (1 << 19,)
MAP = (8, 32, 32, 64)
ROWS = (4096, 128)


def _others() -> Iterator[tuple[str, Make]]:
    """Operations that fit no pattern above."""

    def many(operation: Callable[..., Any], *shapes: tuple[int, ...]) -> tuple[str, Make]:
        def make(scale: float) -> Call:
            return _call(operation, *(_numbers(scale, *s, seed=i) for i, s in enumerate(shapes)))

        return operation.__name__, make

    yield many(ops.affine, FLAT, ())
    yield many(ops.bias_add, ROWS, ROWS[1:])
    yield many(ops.bias_grad, ROWS)
    yield many(ops.moments, MAP)
    yield many(ops.prelu, MAP, MAP[3:])
    yield many(ops.prelu_backward, MAP, MAP, MAP[3:])
    yield many(ops.mean_squared_error, ROWS, ROWS)
    yield many(ops.softmax_cross_entropy, ROWS, ROWS)
    yield "batch_norm", lambda scale: _call(
        ops.batch_norm, *(_numbers(scale, *MAP), *[_positive(scale, MAP[3])] * 4))  # fmt: skip
    yield "batch_norm, its own moments", lambda scale: _call(
        ops.batch_norm, _numbers(scale, *MAP), *[_positive(scale, MAP[3])] * 2)  # fmt: skip
    yield many(ops.batch_norm_backward, MAP, MAP, MAP[3:])
    yield many(ops.layer_norm, ROWS, ROWS[1:], ROWS[1:])
    yield many(ops.layer_norm_backward, ROWS, ROWS, ROWS[1:])
    yield "group_norm", lambda scale: _call(
        ops.group_norm, _numbers(scale, *MAP), 8, *[_numbers(scale, MAP[3])] * 2)  # fmt: skip
    yield "group_norm backward", lambda scale: _call(
        ops.group_norm_backward, *[_numbers(scale, *MAP)] * 2, 8,
        _numbers(scale, MAP[3]))  # fmt: skip
    yield "dropout", lambda scale: _call(ops.dropout, _numbers(scale, *FLAT), 0.3, 7)
    yield "dropout backward", lambda scale: _call(
        ops.dropout_backward, _numbers(scale, *FLAT), 0.3, 7)  # fmt: skip
    for name in ("brightness", "contrast"):
        change, gradient = getattr(ops, name), getattr(ops, f"{name}_backward")
        factors = (0.7,) if name == "contrast" else ()
        yield name, lambda scale, change=change: _call(change, _numbers(scale, *MAP), 0.7)
        yield f"{name} backward", lambda scale, gradient=gradient, factors=factors: _call(
            gradient, *[_numbers(scale, *MAP)] * 2, *factors)  # fmt: skip


def _merge(name: str, number: int = 2) -> Iterator[tuple[str, Make]]:
    """A layer of several inputs, called by itself."""

    def make(scale: float) -> Call:
        layer = getattr(layers, name)()
        parts = [_numbers(scale, *MAP, seed=i) for i in range(number)]
        return lambda: layer(parts)

    yield name, make


def _optimizer(name: str, **settings: Any) -> Iterator[tuple[str, Make]]:
    """Steps of an optimizer from the same state, parameters and gradients denormal."""

    def make(scale: float) -> Call:
        model = Sequential([Input((256,)), layers.Dense(1024, use_bias=False)], seed=1)
        model.compile(getattr(optimizers, name)(**settings), "mse")
        x = np.zeros((1, 256), np.float32)
        model.train_on_batch(x, np.zeros((1, 1024), np.float32))
        optimizer = model.optimizer
        store = optimizer.store
        state = [store.values, store.grads]
        state += [view for views in optimizer.slots().values() for view in views.values()]
        starts = [_positive(scale, *part.shape) for part in state]

        def call() -> None:
            for part, start in zip(state, starts, strict=True):
                np.copyto(part, start)
            optimizer.apply()

        return call

    yield " ".join([name, *map(str, settings)]), make


def _loss(name: str, **settings: Any) -> Iterator[tuple[str, Make]]:
    """A training step of a layer without arithmetic, so that the loss is what takes time."""

    def make(scale: float) -> Call:
        model = Sequential([Input(ROWS[1:]), layers.ReLU()], seed=1)
        model.compile("sgd", getattr(losses, name)(**settings))
        x, t = _positive(scale / 8, *ROWS), _positive(scale / 8, *ROWS)  # probabilities, below 1
        x[:, 0] = t[:, 0] = 0.5  # whose sum is not 0
        return lambda: model.train_on_batch(x, t)

    yield name, make


def _network(training: bool) -> Iterator[tuple[str, Make]]:
    """A whole network: its images, weights and targets."""

    def make(scale: float) -> Call:
        model = Sequential(
            [
                Input((32, 32, 3)),
                layers.Conv2D(32, 3, padding="same", activation="relu"),
                layers.BatchNormalization(),
                layers.Conv2D(32, 3, padding="same", activation="relu"),
                layers.MaxPooling2D(),
                layers.DepthwiseConv2D(3, padding="same", activation="gelu"),
                layers.Flatten(),
                layers.Dense(10, activation="softmax"),
            ],
            seed=1,
        )
        model.compile("adam", "categorical_crossentropy")
        weights = [_positive(scale, *w.shape) for w in model.get_weights()]
        x, t = _numbers(scale, 16, 32, 32, 3), _positive(scale / 8, 16, 10)

        def call() -> None:
            model.set_weights(weights)
            model.train_on_batch(x, t)

        model.set_weights(weights)
        return call if training else lambda: model.predict_on_batch(x)

    yield "a training step" if training else "a prediction", make


def _cases() -> Iterator[tuple[str, Make]]:
    yield from _conv2d("direct", (4, 32, 32, 32), (3, 3, 32, 32))
    yield from _conv2d("direct", (4, 32, 32, 3), (5, 5, 3, 32))
    yield from _conv2d("direct", (4, 32, 32, 64), (1, 1, 64, 64))
    yield from _conv2d("winograd", (4, 32, 32, 32), (3, 3, 32, 32))
    yield from _conv2d("winograd", (8, 8, 8, 256), (3, 3, 256, 256))
    yield from _depthwise(1)
    yield from _depthwise(2)
    yield from _gemm(256, 256, 256)
    yield from _gemm(16, 1000, 512)
    for kind in ("max", "min", "avg"):
        yield from _both(f"{kind}_pool2d", MAP, 2)
        yield from _both(f"{kind}_pool2d", MAP, 3, 2)
    yield from _both("lp_pool2d", MAP, 2)
    for name in ("relu", "leaky_relu", "clipped_relu", "elu", "selu", "exponential", "gelu",
                 "hard_sigmoid", "hard_silu", "sigmoid", "silu", "softplus", "softsign",
                 "tanh"):  # fmt: skip
        yield from _both(name, FLAT)
    yield from _both("softmax", ROWS)
    yield from _others()
    for interpolation in ("nearest", "bilinear", "bicubic"):
        yield from _resize(interpolation)
    yield from _affine_transform()
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
        yield from _merge(name)
    for name in OPTIMIZERS:
        yield from _optimizer(name)
    for settings in ({"clipnorm": 1.0}, {"global_clipnorm": 1.0}, {"use_ema": True},
                     {"weight_decay": 0.01}, {"lookahead": optimizers.Lookahead()}):  # fmt: skip
        yield from _optimizer("SGD", **settings)
    for name in LOSSES:
        yield from _loss(name)
    yield from _network(training=False)
    yield from _network(training=True)


CASES = dict(_cases())


@pytest.mark.parametrize("name", CASES)
def bench_denormals(benchmark, name):
    ours, normal = (CASES[name](scale) for scale in (SCALES["denormal"], 1))
    run(benchmark, Contest(name, ours, ours, 0, {"normal": normal}))


def rounds(make: Make, count: int = 6) -> list[np.ndarray]:
    """In each round, the least processor time of a call: with normal numbers, and of each kind.

    On one thread: whether numbers are denormal matters to a processor, not to a team; and the
    processor's time, unlike the clock's, hardly depends on what else the machine does. Where the
    arrays lie in memory matters as much as what they hold, so they are made anew in every round, in
    another order.
    """
    scales = [1, *SCALES.values()]
    found = []
    for turn in range(count):
        least = np.full(len(scales), np.inf)
        calls = {i: make(scales[i]) for i in np.roll(range(len(scales)), turn)}
        for i, call in calls.items():
            call()
            begun = time.thread_time()
            while time.thread_time() - begun < TURN / 3:
                start = time.thread_time()
                call()
                least[i] = min(least[i], time.thread_time() - start)
        found.append(least)
    return found


def main(words: list[str]) -> int:
    """Print a line for each case whose name contains one of `words`; all without them."""
    set_num_threads(1)
    chosen = [name for name in CASES if not words or any(word in name for word in words)]
    slow = []
    print(f"{'':44}{'normal':>12}" + "".join(f"{kind:>20}" for kind in SCALES))
    for name in chosen:
        found = rounds(CASES[name])
        for _ in range(2):  # more rounds, where the machine may have been disturbed
            normal, *others = np.median(found, axis=0)
            if max(others) > MOST * normal:
                found += rounds(CASES[name])
        normal, *others = np.median(found, axis=0)
        ratios = [other / normal for other in others]
        if max(ratios) > MOST:
            slow.append(f"{name}: {max(ratios):.2f}")
        print(
            f"{name:44}{1e3 * normal:9.3f} ms", *(f"{ratio:19.2f}" for ratio in ratios), flush=True
        )
    print(
        f"\n{len(slow)} of {len(chosen)} cases take more than {MOST} times as long", *slow, sep="\n"
    )
    return bool(slow)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
