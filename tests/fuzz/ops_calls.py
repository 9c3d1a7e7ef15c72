"""A right call of every public operation, drawn at random, and what the reference makes of it."""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bounds import EPS, LARGE, TINY, bound, winograd_bound, winograd_weights_bound
from draws import SIZES, numbers_of

from fastconv import ops
from fastconv import reference as ref

Arguments = dict[str, Any]
Expected = list[tuple[Any, Any]]  # a result, and by how much it may be off


@dataclass
class Call:
    """One call that is right: arrays are float32 and NHWC, whatever they are turned into later."""

    op: str
    arguments: Arguments
    expect: Callable[[Arguments], Expected]
    images: tuple[str, ...] = ()
    """The arguments, and with `image_results` the results, that `data_format` turns."""
    image_results: tuple[int, ...] = ()
    changed: tuple[str, ...] = ()
    """The arrays that are changed in place; they are the results."""
    special: tuple[str, ...] = ()
    """The arrays in which NaN and infinities have a meaning that both sides share."""
    takes: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.takes = frozenset(inspect.signature(getattr(ops, self.op)).parameters)


def size(rng: random.Random, largest: int = 33) -> int:
    """A size, most often small or at an edge."""
    return min(rng.choice(SIZES), largest)


def shape_of(rng: random.Random, axes: int) -> tuple[int, ...]:
    """Any shape with so many axes; sometimes empty."""
    shape = [size(rng) for _ in range(axes)]
    if axes and rng.random() < 0.05:
        shape[rng.randrange(axes)] = 0
    return tuple(shape)


def f32(value: float) -> float:
    """A number that float32 holds."""
    return float(np.float32(value))


# Elementwise activations ------------------------------------------------------------------------


def _slope(rng: random.Random) -> Arguments:
    return {"negative_slope": f32(rng.choice((0, 0.2, 0.25, 1, 3)))}


def _clip(rng: random.Random) -> Arguments:
    return {"max_value": f32(rng.choice((6, 1, 0.3, math.inf))), **_slope(rng),
            "threshold": f32(rng.choice((0, 0.1, 1)))}  # fmt: skip


ACTIVATIONS: dict[str, Callable[[random.Random], Arguments]] = {
    "clipped_relu": _clip,
    "elu": lambda rng: {"alpha": f32(rng.choice((1, 0.5, 0.1)))},
    "exponential": lambda rng: {},
    "gelu": lambda rng: {"approximate": rng.random() < 0.5},
    "hard_sigmoid": lambda rng: {},
    "hard_silu": lambda rng: {},
    "leaky_relu": _slope,
    "relu": lambda rng: {},
    "selu": lambda rng: {},
    "sigmoid": lambda rng: {},
    "silu": lambda rng: {},
    "softplus": lambda rng: {},
    "softsign": lambda rng: {},
    "tanh": lambda rng: {},
}


def _activation(op: str, rng: random.Random, kind: str) -> Call:
    x = numbers_of(rng, shape_of(rng, rng.randrange(4)), kind)
    more = ACTIVATIONS[op](rng)

    def expect(a: Arguments) -> Expected:
        x = np.asarray(a["x"], np.float64)
        how = {k: v for k, v in a.items() if k != "x"}
        y = getattr(ref, op)(x, **how)
        size = abs(x)
        if op == "gelu" and not how.get("approximate"):
            return [(y, 4 * EPS * abs(y) + np.minimum(size, 6) * 2.0**-22 + 8 * TINY)]
        exponent = 5 * size + size**3 if op == "gelu" else 0
        scale = how.get("negative_slope", 0) * (size + how.get("threshold", 0))
        scale = scale + how.get("alpha", 0) * np.ones_like(size)
        allowed = (8 + exponent) * EPS * abs(y) + 8 * EPS * scale + 8 * TINY * (1 + size)
        return [(y, np.where(np.isnan(allowed), np.inf, allowed))]

    return Call(op, {"x": x, **more}, expect, special=("x",))


def _activation_backward(op: str, rng: random.Random, kind: str) -> Call:
    name = op.removesuffix("_backward")
    reads = "y" if "y" in inspect.signature(getattr(ops, op)).parameters else "x"
    shape = shape_of(rng, rng.randrange(4))
    x, dy = numbers_of(rng, shape, "normal"), numbers_of(rng, shape, kind)
    more = ACTIVATIONS[name](rng)
    with np.errstate(all="ignore"):
        s = np.asarray(getattr(ref, name)(x, **more), np.float32) if reads == "y" else x

    def expect(a: Arguments) -> Expected:
        dy, s = np.asarray(a["dy"], np.float64), np.asarray(a[reads], np.float64)
        how = {k: v for k, v in a.items() if k not in ("dy", reads)}
        dx = getattr(ref, op)(dy, s, **how)
        if name == "gelu" and not how.get("approximate"):
            return [(dx, abs(dy) * (2.0**-21 + 2 * EPS) + 8 * TINY)]
        factor = max(1.0, how.get("negative_slope", 0), how.get("alpha", 0), 2 * (name == "selu"))
        allowed = factor * abs(dy) * 16 * EPS * np.maximum(1, abs(s))
        return [(dx, allowed + 8 * TINY * (1 + abs(s)) * (1 + abs(dy)))]

    special = ("dy",) if name == "relu" else ()
    return Call(op, {"dy": dy, reads: s, **more}, expect, special=special)


def _prelu(op: str, rng: random.Random, kind: str) -> Call:
    kind = "normal" if kind == "tiny" else kind  # numbers that count as 0 have its slope
    shape = shape_of(rng, rng.randrange(1, 4))
    x, alpha = numbers_of(rng, shape, kind), numbers_of(rng, shape[-1:], "normal")
    if op == "prelu":
        return Call(op, {"x": x, "alpha": alpha}, lambda a: [
            (ref.prelu(a["x"], a["alpha"]), bound(abs(ref.prelu(a["x"], a["alpha"])), 0))
        ], special=("x",))  # fmt: skip
    x = np.where(abs(x) < 1e-30, 0, x).astype(np.float32)

    def expect(a: Arguments) -> Expected:
        x, dy = np.asarray(a["x"], np.float64), np.asarray(a["dy"], np.float64)
        axes, rows = tuple(range(x.ndim - 1)), x.size // max(x.shape[-1], 1)
        dx = np.where(x > 0, dy, dy * a["alpha"])
        dalpha = np.where(x > 0, 0, dy * x).sum(axis=axes)
        return [(dx, bound(abs(dx), 0)), (dalpha, bound(abs(x * dy).sum(axis=axes), rows))]

    return Call(op, {"dy": numbers_of(rng, shape, "normal"), "x": x, "alpha": alpha}, expect)


# Products ---------------------------------------------------------------------------------------


def _gemm(op: str, rng: random.Random, kind: str) -> Call:
    m, n, k = size(rng), size(rng), rng.choice((size(rng), 1, 100, 0))
    turned = rng.random() < 0.5, rng.random() < 0.5
    a = {
        "a": numbers_of(rng, (k, m) if turned[0] else (m, k), kind),
        "b": numbers_of(rng, (n, k) if turned[1] else (k, n), kind),
        "alpha": f32(rng.choice((1, 1, 0.5, -2, 0))), "beta": 0.0,
        "trans_a": turned[0], "trans_b": turned[1],
    }  # fmt: skip
    if rng.random() < 0.5:
        a |= {"c": numbers_of(rng, (m, n), kind), "beta": f32(rng.choice((1, -0.5)))}
    if rng.random() < 0.5:
        a["bias"] = numbers_of(rng, (n,), kind)
    a["activation"] = rng.choice((None, "linear", "relu"))

    def expect(a: Arguments) -> Expected:
        name = None if a.get("activation") == "linear" else a.get("activation")
        y = ref.gemm(**a | {"activation": name})
        sizes = {k: abs(np.asarray(a[k], np.float64)) for k in ("a", "b", "c", "bias") if k in a}
        signs = {k: abs(a[k]) for k in ("alpha", "beta")}
        magnitude = ref.gemm(**a | sizes | signs | {"activation": None})
        length = a["a"].shape[0 if a["trans_a"] else 1]
        whole = ref.gemm(*(np.nan_to_num(sizes[k], nan=0, posinf=0) + 1 for k in ("a", "b")),
                         trans_a=a["trans_a"], trans_b=a["trans_b"])  # fmt: skip
        allowed = bound(magnitude, length + 2) + EPS * magnitude
        return [(y, np.where(whole < LARGE, allowed, np.inf))]

    return Call(op, a, expect, special=("a", "b", "bias"))


def _bias_add(op: str, rng: random.Random, kind: str) -> Call:
    shape = shape_of(rng, rng.randrange(1, 5))
    a = {"x": numbers_of(rng, shape, kind), "b": numbers_of(rng, shape[-1:], kind)}
    return Call(op, a, lambda a: [(
        ref.bias_add(a["x"], a["b"]), bound(ref.bias_add(abs(a["x"]), abs(a["b"])), 0)
    )], special=("x", "b"))  # fmt: skip


def _bias_grad(op: str, rng: random.Random, kind: str) -> Call:
    shape = shape_of(rng, rng.randrange(1, 5))
    return Call(op, {"dy": numbers_of(rng, shape, kind)}, lambda a: [(
        ref.bias_grad(a["dy"]),
        bound(ref.bias_grad(abs(a["dy"])), a["dy"].size // max(a["dy"].shape[-1], 1)),
    )], special=("dy",))  # fmt: skip


def _affine(op: str, rng: random.Random, kind: str) -> Call:
    a = {
        "x": numbers_of(rng, shape_of(rng, rng.randrange(5)), kind),
        "scale": f32(rng.choice((1, 0.3, -2, 0))),
        "offset": f32(rng.choice((0, 1, -0.7))),
    }

    def expect(a: Arguments) -> Expected:
        magnitude = abs(np.asarray(a["x"], np.float64)) * abs(a["scale"]) + abs(a["offset"])
        return [(ref.affine(**a), bound(magnitude, 2))]

    return Call(op, a, expect, special=("x",))


# Convolutions -----------------------------------------------------------------------------------


def _padding(rng: random.Random) -> Any:
    return rng.choice(("same", "valid", 0, 1, 2, (1, 0), ((0, 2), (1, 3))))


def _geometry(rng: random.Random, *, groups: bool) -> tuple[Arguments, tuple[int, ...], Any]:
    """Arguments of a convolution, the shape of x, and of w."""
    kernel = rng.choice(((3, 3), (3, 3), (1, 1), (2, 2), (5, 4), (1, 7), (2, 3)))
    how = {
        "strides": rng.choice((1, 1, 1, 2, (1, 3), (4, 2))), "padding": _padding(rng),
        "dilation": rng.choice((1, 1, 1, 2, (1, 3))),
    }  # fmt: skip
    channels, filters = size(rng), size(rng)
    count = 1
    if groups and rng.random() < 0.3:
        count = rng.choice((channels, 2, 3))
        channels, filters = count * min(size(rng), 5), count * min(size(rng), 5)
        how["groups"] = count
    x = rng.choice((0, 1, 2, 3)), rng.randrange(1, 15), rng.randrange(1, 15), channels
    return how, x, (*kernel, channels // count, filters)


def _conv2d_bounds(a: Arguments, algo: Any, dy: Any = None) -> list[Any]:
    """Errors of y, or with dy those of dx, dw and db, whatever the method."""
    x, w = (abs(np.asarray(a[k], np.float64)) for k in ("x", "w"))
    how = {k: a[k] for k in ("strides", "padding", "dilation", "groups") if k in a}
    kh, kw, ic, oc = w.shape
    strides = how["strides"] if isinstance(how["strides"], tuple) else (how["strides"],) * 2
    fits = kh >= strides[0] and kw >= strides[1] and how["dilation"] in (1, (1, 1))
    fits = fits and how.get("groups", 1) == 1 and algo not in ("direct", "gemm")
    groups = how.get("groups", 1)
    if dy is None:
        b = abs(np.asarray(a["b"], np.float64)) if a.get("b") is not None else 0
        allowed = bound(ref.conv2d(x, w, b, **how), kh * kw * ic)
        if fits:
            allowed = np.maximum(allowed, winograd_bound(_largest(x), w, strides) + EPS * (16 * b))
        return [allowed]
    size = abs(np.asarray(dy, np.float64))
    dx, dw, db = ref.conv2d_backward(size, x, w, **how)
    pixels = size[..., 0].size
    out = [bound(dx, kh * kw * oc // groups), bound(dw, pixels), bound(db, pixels)]
    if fits:
        worst = winograd_bound(_largest(size), w.transpose(0, 1, 3, 2), strides, turned=True)
        out[0] = np.maximum(out[0], worst)
        worst = winograd_weights_bound(_largest(x), _largest(size), size.shape)
        out[1] = np.maximum(out[1], worst)
    return out


def _largest(x: np.ndarray) -> float:
    return float(x.max()) if x.size else 0.0


def _conv2d(op: str, rng: random.Random, kind: str) -> Call:
    depthwise, backward = op.startswith("depthwise"), op.endswith("backward")
    how, x_shape, w_shape = _geometry(rng, groups=not depthwise)
    if depthwise:
        w_shape = (*w_shape[:2], x_shape[3], rng.choice((1, 1, 2, 3)))
    filters = w_shape[2] * w_shape[3] if depthwise else w_shape[3]
    a: Arguments = {"x": numbers_of(rng, x_shape, kind), "w": numbers_of(rng, w_shape, "normal"),
                    **how}  # fmt: skip
    if not depthwise and rng.random() < 0.5:
        a["algo"] = rng.choice(("auto", "direct", "direct", "gemm"))

    def grouped(a: Arguments) -> Arguments:
        """As `ref.conv2d` takes them."""
        a = {k: v for k, v in a.items() if k not in ("algo", "activation")}
        if depthwise:
            kh, kw, ic, more = a["w"].shape
            a |= {"w": np.reshape(a["w"], (kh, kw, 1, ic * more)), "groups": ic}
        return a

    if not backward:
        if rng.random() < 0.6:
            a["b"] = numbers_of(rng, (filters,), kind)
        if rng.random() < 0.3:
            a["activation"] = rng.choice((None, "linear", "relu"))

        def expect(a: Arguments) -> Expected:
            name = "relu" if a.get("activation") == "relu" else None
            plain = grouped(a)
            plain = {k: v for k, v in plain.items() if v is not None}
            return [(ref.conv2d(**plain, activation=name), *_conv2d_bounds(plain, a.get("algo")))]

        return Call(op, a, expect, images=("x",), image_results=(0,), special=("x", "b"))

    def expect_backward(a: Arguments) -> Expected:
        plain = grouped(a)
        dy = plain.pop("dy")
        results = ref.conv2d_backward(dy, **plain)
        limits = _conv2d_bounds(plain, a.get("algo"), dy)
        pairs = list(zip(results, limits, strict=True))
        if depthwise:
            pairs[1] = tuple(np.reshape(n, a["w"].shape) for n in pairs[1])  # type: ignore[assignment]
        return pairs

    try:
        y_shape = ref.conv2d(**grouped(a)).shape
    except (ValueError, ZeroDivisionError):
        y_shape = (1, 0, 0, 1)  # the operation has to refuse it as well
    a["dy"] = numbers_of(rng, y_shape, kind)
    return Call(op, a, expect_backward, images=("x", "dy"), image_results=(0,))


# Pooling ----------------------------------------------------------------------------------------


def _pool(op: str, rng: random.Random, kind: str) -> Call:
    name = op.removesuffix("_backward")
    if kind == "tiny" and op != name:
        kind = "normal"  # numbers that count as 0 are ties here, but not in the reference
    window = (rng.randrange(1, 5), rng.randrange(1, 5))
    rows, columns = range(window[0]), range(window[1])
    how: Arguments = {
        "pool_size": window, "ceil_mode": rng.random() < 0.3,
        "strides": rng.choice((None, 1, 2, (3, 1), (1, 4))),
        "padding": rng.choice(("same", "valid", ((rng.choice(rows), rng.choice(rows)),
                                                 (rng.choice(columns), rng.choice(columns))))),
    }  # fmt: skip
    if name == "avg_pool2d":
        how["count_include_pad"] = rng.random() < 0.5
    if name == "lp_pool2d":
        how["p"] = float(rng.choice((1, 2, 2, 3)))
    shape = rng.choice((0, 1, 2, 3)), rng.randrange(1, 12), rng.randrange(1, 12), size(rng)
    x = numbers_of(rng, shape, kind)

    def forward(x: Any, a: Arguments) -> np.ndarray:
        how = {k: v for k, v in a.items() if k not in ("x", "dy")}
        return getattr(ref, name)(x, **how)

    def slack(a: Arguments) -> float:
        taps = int(np.prod(a["pool_size"]))
        return 4 * (taps + 8) * max(a.get("p", 2), 2) if name == "lp_pool2d" else taps

    if name == "lp_pool2d":
        x = np.where(abs(x) < 1e-10, 0, x).astype(np.float32)  # whose powers count as 0

    def too_large(a: Arguments) -> float:
        """Powers of such numbers overflow, or count as 0."""
        finite = abs(a["x"][np.isfinite(a["x"])])
        beyond = finite.max(initial=0) > 1e12 or ((finite > 0) & (finite < 1e-10)).any()
        return np.inf if name == "lp_pool2d" and beyond else 0

    if op == name:

        def expect(a: Arguments) -> Expected:
            y = forward(a["x"], a)
            if name in ("max_pool2d", "min_pool2d"):
                return [(y, np.full(y.shape, 2 * TINY))]  # numbers below that count as 0
            return [(y, bound(forward(abs(a["x"]), a), int(slack(a))) + too_large(a))]

        return Call(op, {"x": x, **how}, expect, images=("x",), image_results=(0,), special=("x",))

    def expect_backward(a: Arguments) -> Expected:
        how = {k: v for k, v in a.items() if k not in ("x", "dy")}
        first = np.shape(a["x"]) if name == "avg_pool2d" else a["x"]
        dx = getattr(ref, op)(a["dy"], first, **how)
        if name == "lp_pool2d":
            magnitude = getattr(ref, op)(abs(a["dy"]), abs(a["x"]), **how)
            return [(dx, bound(magnitude, int(slack(a)) * 10) + too_large(a))]
        return [(dx, bound(getattr(ref, op)(abs(a["dy"]), first, **how), int(slack(a)) + 1))]

    try:
        y_shape = forward(x, how).shape
    except ValueError:
        y_shape = (1, 0, 0, 1)
    a = {"dy": numbers_of(rng, y_shape, "normal"), "x": x, **how}
    return Call(op, a, expect_backward, images=("x", "dy"), image_results=(0,), special=("x",))


# Normalisation ----------------------------------------------------------------------------------


def _statistics(op: str, a: Arguments) -> tuple[np.ndarray, np.ndarray, int]:
    """Mean, variance (both spread over x), and the length of the longest sum."""
    x = np.asarray(a["x"], np.float64)
    if op.startswith("layer"):
        axes, parts = (-1,), x
    elif op.startswith("group"):
        n = x.shape[-1] // a["groups"]
        parts = x.reshape(len(x), -1, a["groups"], n)
        axes = (1, 3)
    else:
        axes, parts = tuple(range(x.ndim - 1)), x
    mean = np.broadcast_to(parts.mean(axis=axes, keepdims=True), parts.shape).reshape(x.shape)
    variance = np.broadcast_to(parts.var(axis=axes, keepdims=True), parts.shape).reshape(x.shape)
    return mean, variance, int(np.prod([parts.shape[axis] for axis in axes])) + 8


def _means(op: str, a: Arguments, g: np.ndarray) -> np.ndarray:
    return _statistics(op, a | {"x": g})[0]


def _normalization(op: str, rng: random.Random, kind: str) -> Call:
    shape = list(shape_of(rng, rng.randrange(2, 5)))
    shape[-1] = max(shape[-1], 1)
    a: Arguments = {"x": numbers_of(rng, tuple(shape), kind)}
    n = shape[-1]
    if op.startswith("group"):
        a["groups"] = rng.choice([g for g in range(1, n + 1) if n % g == 0])
    if rng.random() < 0.7:
        a["gamma"] = numbers_of(rng, (n,), "normal")
    a["epsilon"] = rng.choice((1e-3, 1e-5, 0.1))
    if not op.endswith("backward"):
        if rng.random() < 0.7:
            a["beta"] = numbers_of(rng, (n,), "normal")
        if op == "batch_norm" and rng.random() < 0.5:
            a |= {"mean": numbers_of(rng, (n,), "normal"),
                  "variance": abs(numbers_of(rng, (n,), "normal"))}  # fmt: skip
        return Call(op, a, lambda a: _normalized(op, a), special=("x",))
    a["dy"] = numbers_of(rng, tuple(shape), "normal")
    return Call(op, a, lambda a: _normalized_backward(op, a))


def _errors(op: str, a: Arguments) -> tuple[np.ndarray, ...]:
    """h, 1 / deviation, and how far both may be off."""
    x = np.asarray(a["x"], np.float64)
    if a.get("mean") is not None:
        mean, variance, length = a["mean"], np.asarray(a["variance"], np.float64), 0
    else:
        mean, variance, length = _statistics(op, a)
    inv = 1 / np.sqrt(variance + a["epsilon"])
    off = length * EPS * (abs(x).max() if x.size else 0)
    if x.size and not abs(x).max() < 1e18:
        off = np.inf  # its square overflows
    spread = 2 * length * EPS * variance + off**2 + 4 * EPS * (variance + a["epsilon"])
    relative = np.minimum(spread / (variance + a["epsilon"]), 1)
    h = (x - mean) * inv
    return h, inv, (off + 4 * EPS * abs(np.asarray(mean))) * inv + abs(h) * relative, relative


def _normalized(op: str, a: Arguments) -> Expected:
    h, _, off, _ = _errors(op, a)
    gamma = 1.0 if a.get("gamma") is None else np.asarray(a["gamma"], np.float64)
    beta = 0.0 if a.get("beta") is None else np.asarray(a["beta"], np.float64)
    y = h * gamma + beta
    return [(y, 2 * abs(gamma) * off + 40 * EPS * (abs(h * gamma) + abs(beta) + 1e-6))]


def _normalized_backward(op: str, a: Arguments) -> Expected:
    h, inv, off, relative = _errors(op, a)
    dy = np.asarray(a["dy"], np.float64)
    gamma = 1.0 if a.get("gamma") is None else np.asarray(a["gamma"], np.float64)
    g = dy * gamma
    centre, along = _means(op, a, g), _means(op, a, g * h)
    dx = inv * (g - centre - h * along)
    rows = dy.size + 40
    size, sum_, pull = abs(g), _means(op, a, abs(g)), _means(op, a, abs(g * h))
    whole = size + sum_ + abs(h) * pull
    allowed = 2 * rows * EPS * whole + off * pull + abs(h) * _means(op, a, abs(g) * off)
    axes = tuple(range(dy.ndim - 1))
    terms = abs(dy * h)
    return [
        (dx, 2 * inv * (allowed + relative * whole) + 1e-30),
        ((dy * h).sum(axis=axes), (2 * rows * EPS * terms + 2 * abs(dy) * off).sum(axis=axes)
         + 1e-30),
        (dy.sum(axis=axes), rows * EPS * abs(dy).sum(axis=axes) + 1e-30),
    ]  # fmt: skip


def _moments(op: str, rng: random.Random, kind: str) -> Call:
    shape = shape_of(rng, rng.randrange(2, 5))

    def expect(a: Arguments) -> Expected:
        mean, variance = ref.moments(a["x"])
        x = a["x"]
        length = x.size // x.shape[-1] + 8
        off = length * EPS * abs(np.asarray(x, np.float64)).max()
        return [(mean, off + TINY), (variance, 2 * length * EPS * variance + off**2 + 1e-30)]

    return Call(op, {"x": numbers_of(rng, shape, kind)}, expect)


# Softmax and losses -----------------------------------------------------------------------------


def _softmax_bound(x: np.ndarray, p: np.ndarray) -> np.ndarray:
    distance = x.max(axis=-1, keepdims=True) - x.astype(np.float64)
    with np.errstate(invalid="ignore"):
        return (2 * distance + x.shape[-1] + 8) * EPS * p + 2 * TINY


def _softmax(op: str, rng: random.Random, kind: str) -> Call:
    shape = list(shape_of(rng, rng.randrange(1, 4)))
    shape[-1] = max(shape[-1], 1)
    x = numbers_of(rng, tuple(shape), kind)
    if op == "softmax":
        return Call(op, {"x": x}, lambda a: [
            (ref.softmax(a["x"]), _softmax_bound(a["x"], ref.softmax(a["x"])))
        ], special=("x",))  # fmt: skip

    def expect(a: Arguments) -> Expected:
        y, size = np.asarray(a["y"], np.float64), abs(np.asarray(a["dy"], np.float64))
        total = (size * abs(y)).sum(axis=-1, keepdims=True)
        n = y.shape[-1] + 4
        allowed = n * EPS * abs(y) * (size + total) + TINY * n
        return [(ref.softmax_backward(a["dy"], a["y"]), allowed)]

    y = ref.softmax(numbers_of(rng, tuple(shape), "normal")).astype(np.float32)
    return Call(op, {"dy": x, "y": y}, expect)


def _cross_entropy(op: str, rng: random.Random, kind: str) -> Call:
    rows, classes = rng.choice((0, 1, 2, 5, 17)), size(rng)
    labels = np.array([rng.randrange(classes) for _ in range(rows)], np.int64)
    a: Arguments = {"logits": numbers_of(rng, (rows, classes), kind), "targets": labels}
    if rng.random() < 0.5 and classes > 1:
        a["targets"] = (0.8 * np.eye(classes)[labels] + 0.2 / classes).astype(np.float32)
    if rng.random() < 0.5:
        a["row_weights"] = abs(numbers_of(rng, (rows,), "normal"))

    def expect(a: Arguments) -> Expected:
        loss, gradient = ref.softmax_cross_entropy(**a)
        x = np.asarray(a["logits"], np.float64)
        p = ref.softmax(x) if x.size else x
        row = a.get("row_weights")
        row = np.full(rows, 1 / max(rows, 1)) if row is None else np.asarray(row, np.float64)
        t = abs(a["targets"]) if np.ndim(a["targets"]) == 2 else 1.0
        row = abs(row)
        total = t.sum(axis=1, keepdims=True) if np.ndim(t) else 1.0
        off = np.maximum(total, 1) * (_softmax_bound(x, p) + (classes + 4) * EPS * p) + 4 * EPS * t
        allowed = row[:, None] * off + 2 * TINY
        distance = 2 * abs(x).max(axis=1, initial=0) + np.log(classes) + 1
        return [(loss, (classes + rows + 16) * EPS * (row * distance).sum()), (gradient, allowed)]

    return Call(op, a, expect)


def _mean_squared_error(op: str, rng: random.Random, kind: str) -> Call:
    shape = (rng.choice((0, 1, 3, 17)), size(rng))
    a: Arguments = {"y": numbers_of(rng, shape, kind), "t": numbers_of(rng, shape, "normal")}
    if rng.random() < 0.5:
        a["row_weights"] = numbers_of(rng, shape[:1], "normal")

    def expect(a: Arguments) -> Expected:
        loss, gradient = ref.mean_squared_error(**a)
        y, t = (abs(np.asarray(a[k], np.float64)) for k in ("y", "t"))
        weights = {"row_weights": abs(a["row_weights"])} if "row_weights" in a else {}
        total, slope = ref.mean_squared_error(y, -t, **weights)
        return [(loss, (y.size + 16) * EPS * total + TINY), (gradient, 8 * EPS * abs(slope) + TINY)]

    return Call(op, a, expect)


# Images -----------------------------------------------------------------------------------------


def _image(rng: random.Random, kind: str) -> np.ndarray:
    shape = rng.choice((0, 1, 2, 3)), rng.randrange(1, 10), rng.randrange(1, 10), size(rng)
    return numbers_of(rng, shape, kind)


def _resize(op: str, rng: random.Random, kind: str) -> Call:
    x, new = _image(rng, kind), (rng.randrange(1, 12), rng.randrange(1, 12))
    how = {"interpolation": rng.choice(("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")),
           "antialias": rng.random() < 0.5}  # fmt: skip

    def magnitude(x: Any, old: tuple[int, ...], new: tuple[int, ...], back: bool) -> np.ndarray:
        ways = [abs(ref.resize_weights(n, m, *how.values())) for n, m in zip(old, new, strict=True)]
        rule = "ih,nijc,jw->nhwc" if back else "ih,nhwc,jw->nijc"
        return np.einsum(rule, ways[0], abs(np.asarray(x, np.float64)), ways[1])

    def expect(a: Arguments) -> Expected:
        x = a["x"]
        largest = float(abs(x).max()) if x.size else 0.0
        allowed = bound(magnitude(x, x.shape[1:3], a["size"], False), sum(x.shape[1:3]), 6)
        return [(ref.resize(**a), allowed + bound(4 * largest, 4) + 12 * EPS * largest)]

    def expect_backward(a: Arguments) -> Expected:
        x, dy = a["x"], a["dy"]
        dx = ref.resize_backward(dy, x.shape, *how.values())
        total = abs(dy).sum(axis=(1, 2), keepdims=True)
        allowed = bound(magnitude(dy, x.shape[1:3], dy.shape[1:3], True), dy[0:1, ..., 0:1].size, 6)
        return [(dx, allowed + 12 * EPS * total + TINY)]

    if op == "resize":
        return Call(op, {"x": x, "size": new, **how}, expect, ("x",), (0,))
    dy = numbers_of(rng, (x.shape[0], *new, x.shape[3]), kind)
    return Call(op, {"dy": dy, "x": x, **how}, expect_backward, ("x", "dy"), (0,))


FILL_MODES = {"constant": "constant", "nearest": "edge", "reflect": "symmetric", "wrap": "wrap"}


def _affine_transform(op: str, rng: random.Random, kind: str) -> Call:
    x = _image(rng, kind)
    count = rng.choice((None, len(x)))
    maps = np.array([[rng.choice((1, 0.5, -1, 0, 1.25, rng.uniform(-2, 2))) for _ in range(6)]
                     for _ in range(1 if count is None else count)])  # fmt: skip
    maps = maps.reshape(-1, 6)
    a: Arguments = {
        "x": x, "transform": maps if len(maps) else np.zeros((1, 6)),
        "interpolation": rng.choice(("nearest", "bilinear")),
        "fill_mode": rng.choice(tuple(FILL_MODES)),
    }  # fmt: skip

    def where(a: Arguments) -> tuple[Any, ...]:
        maps = np.broadcast_to(np.atleast_2d(a["transform"]), (len(a["x"]), 6))
        points = ref.affine_points(maps, a["x"].shape[1:3])
        return (*points, a["interpolation"], FILL_MODES[a["fill_mode"]])

    def expect(a: Arguments) -> Expected:
        largest = float(abs(a["x"]).max()) if a["x"].size else 0.0
        largest = max(largest, abs(a["fill_value"]))
        allowed = bound(4 * largest, 4) + 12 * EPS * largest
        return [(ref.resample(a["x"], *where(a), a["fill_value"]), allowed)]

    def expect_backward(a: Arguments) -> Expected:
        dx = ref.resample_backward(a["dy"], a["x"].shape, *where(a))
        size = ref.resample_backward(abs(a["dy"]), a["x"].shape, *where(a))
        total = abs(a["dy"]).sum(axis=(1, 2), keepdims=True)
        return [(dx, bound(size, 4 * a["dy"][0:1, ..., 0:1].size) + 12 * EPS * total)]

    if op == "affine_transform":
        return Call(op, a | {"fill_value": f32(rng.choice((0, 0.5)))}, expect, ("x",), (0,))
    dy = numbers_of(rng, x.shape, kind)
    return Call(op, {"dy": dy, **a}, expect_backward, ("x", "dy"), (0,))


def _limits(rng: random.Random) -> Arguments:
    return rng.choice(({}, {"low": -0.5, "high": 0.5}, {"low": 0.0}))


def _for_each(value: Any, images: int) -> np.ndarray:
    return np.broadcast_to(np.asarray(value, np.float64), (images,))


def _colour(op: str, rng: random.Random, kind: str) -> Call:
    x = _image(rng, kind)
    name = "factor" if op.startswith("contrast") else "delta"
    each = f32(rng.choice((0, 0.5, 2))) if rng.random() < 0.5 else numbers_of(rng, x.shape[:1],
                                                                              "normal")  # fmt: skip
    limits = _limits(rng)
    if op.endswith("backward"):
        y = np.clip(x, limits.get("low", -np.inf), limits.get("high", np.inf))
        a = {"dy": numbers_of(rng, x.shape, kind), "y": y, **limits}
        if name == "factor":
            a["factor"] = each
        return Call(op, a, lambda a: _colour_backward(name, a))

    def expect(a: Arguments) -> Expected:
        x, value = np.asarray(a["x"], np.float64), _for_each(a[name], len(a["x"]))
        low, high = a.get("low", -np.inf), a.get("high", np.inf)
        size = abs(value)[:, None, None, None]
        if name == "delta":
            return [(ref.brightness(x, value, low, high), bound(abs(x) + size, 2))]
        mean = abs(x).mean(axis=(1, 2), keepdims=True)
        magnitude = (abs(x) + 2 * mean) * size + 2 * mean
        return [(ref.contrast(x, value, low, high), bound(magnitude, 6))]

    return Call(op, {"x": x, name: each, **limits}, expect)


def _colour_backward(name: str, a: Arguments) -> Expected:
    low, high = a.get("low", -np.inf), a.get("high", np.inf)
    if name == "delta":
        dx = ref.clip_backward(a["dy"], a["y"], low, high)
        return [(dx, np.zeros(dx.shape))]
    factor = _for_each(a["factor"], len(a["y"]))
    dx = ref.contrast_backward(a["dy"], a["y"], factor, low, high)
    size = abs(np.asarray(a["dy"], np.float64))
    size = size + size.mean(axis=(1, 2), keepdims=True)
    return [(dx, bound(size * (1 + 2 * abs(factor)[:, None, None, None]), 8))]


# Dropout and optimizer steps --------------------------------------------------------------------


def _dropout(op: str, rng: random.Random, kind: str) -> Call:
    name = "dy" if op.endswith("backward") else "x"
    a = {name: numbers_of(rng, shape_of(rng, rng.randrange(4)), kind),
         "rate": rng.choice((0.0, 0.1, 0.5, 0.99)),
         "seed": rng.choice((0, 1, 2**32, 2**64 - 1, rng.getrandbits(64))),
         "step": rng.choice((0, 7, 2**64 - 1))}  # fmt: skip

    def expect(a: Arguments) -> Expected:
        y = ref.dropout(a[name], a["rate"], a["seed"], a["step"])
        return [(y, 4 * EPS * abs(y) + 2 * TINY / (1 - a["rate"]))]

    return Call(op, a, expect, special=(name,))


def _sgd_step(op: str, rng: random.Random, kind: str) -> Call:
    shape = shape_of(rng, rng.randrange(4))
    a: Arguments = {"w": numbers_of(rng, shape, "normal"), "g": numbers_of(rng, shape, kind),
                    "learning_rate": f32(rng.choice((0, 0.01, 1)))}  # fmt: skip
    changed = ("w",)
    if rng.random() < 0.6:
        a |= {"velocity": numbers_of(rng, shape, "normal"), "nesterov": rng.random() < 0.5,
              "momentum": f32(rng.choice((0, 0.5, 0.9)))}  # fmt: skip
        changed = ("w", "velocity")

    def expect(a: Arguments) -> Expected:
        w, velocity = ref.sgd_step(**a)
        size = {
            k: abs(np.asarray(v, np.float64)) for k, v in a.items() if isinstance(v, np.ndarray)
        }
        step = a["learning_rate"] * size["g"] + size.get("velocity", 0)
        allowed = 8 * EPS * (size["w"] + 2 * step) + TINY
        return [(w, allowed), (velocity, allowed)][: len(changed)]

    return Call(op, a, expect, changed=changed)


def _adam_step(op: str, rng: random.Random, kind: str) -> Call:
    shape = shape_of(rng, rng.randrange(4))
    w, g, m, v = (numbers_of(rng, shape, k) for k in ("normal", kind, "normal", "normal"))
    a = {"w": w, "g": g, "m": m, "v": np.asarray(v**2), "t": rng.choice((1, 2, 1000, 2**31 - 1)),
         "learning_rate": rng.choice((0.001, 0.1))}  # fmt: skip

    def expect(a: Arguments) -> Expected:
        w, m, v = ref.adam_step(**a)
        g, old = abs(np.asarray(a["g"], np.float64)), abs(np.asarray(a["m"], np.float64))
        off_m, off_v = 4 * EPS * (old + g) + TINY, 8 * EPS * v + TINY
        rate = a["learning_rate"] * math.sqrt(1 - 0.999 ** a["t"]) / (1 - 0.9 ** a["t"])
        step = rate / (np.sqrt(v) + 1e-7)
        allowed = step * (2 * off_m + 16 * EPS * abs(m)) + 2 * EPS * abs(a["w"])
        allowed = np.where(v > 1e-30, allowed, np.inf)
        return [(w, allowed), (m, off_m), (v, off_v)]

    return Call(op, a, expect, changed=("w", "m", "v"))


Draw = Callable[[str, random.Random, str], Call]
DRAWS: dict[str, Draw] = {
    **dict.fromkeys(ACTIVATIONS, _activation),
    **{f"{name}_backward": _activation_backward for name in ACTIVATIONS},
    **{f"{name}{end}": _pool for name in ("max_pool2d", "min_pool2d", "avg_pool2d", "lp_pool2d")
       for end in ("", "_backward")},
    **{f"{name}{end}": _normalization for name in ("batch_norm", "group_norm", "layer_norm")
       for end in ("", "_backward")},
    **{f"{name}{end}": _conv2d for name in ("conv2d", "depthwise_conv2d")
       for end in ("", "_backward")},
    **{f"{name}{end}": _colour for name in ("contrast", "brightness") for end in ("", "_backward")},
    "adam_step": _adam_step, "affine": _affine, "affine_transform": _affine_transform,
    "affine_transform_backward": _affine_transform, "bias_add": _bias_add, "bias_grad": _bias_grad,
    "dropout": _dropout, "dropout_backward": _dropout, "gemm": _gemm,
    "mean_squared_error": _mean_squared_error, "moments": _moments, "prelu": _prelu,
    "prelu_backward": _prelu, "resize": _resize, "resize_backward": _resize, "sgd_step": _sgd_step,
    "softmax": _softmax, "softmax_backward": _softmax, "softmax_cross_entropy": _cross_entropy,
}  # fmt: skip
"""How each operation's calls are drawn; a test holds it against `fastconv.ops.__all__`."""
