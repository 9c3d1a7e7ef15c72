"""Run kernels on arrays that end (or begin) where memory that may not be touched begins (or ends).

A program for test_bounds.py: ``python guarded_calls.py FAMILY end|start`` goes through every level
and dies of a segmentation fault, after the name of the call, if a kernel reads or writes outside
its arrays.
"""

import ctypes
import faulthandler
import itertools
import mmap
import sys

import numpy as np
from kernel_checks import EDGES, counting

from fastconv import ops
from fastconv.kernels import _isa
from fastconv.kernels.activations.activation import FROM_OUTPUT, activation_bwd, activation_fwd
from fastconv.kernels.activations.prelu import prelu_bwd, prelu_fwd
from fastconv.kernels.convolution.conv2d_bwd_data import Conv2DBwdData
from fastconv.kernels.convolution.conv2d_bwd_weights import Conv2DBwdWeights
from fastconv.kernels.convolution.conv2d_fwd import Conv2DFwd
from fastconv.kernels.images.augment import FILL_MODES
from fastconv.kernels.images.resample import resample, resample_bwd
from fastconv.kernels.images.resample_affine import resample_affine, resample_affine_bwd
from fastconv.kernels.images.resize import resize, resize_bwd
from fastconv.kernels.losses.softmax_cross_entropy import softmax_cross_entropy
from fastconv.kernels.pooling.pool2d_bwd import avg_pool2d_bwd, max_pool2d_bwd
from fastconv.kernels.pooling.pool2d_fwd import avg_pool2d_fwd, max_pool2d_fwd
from fastconv.plan.geometry.resizing import resizing
from fastconv.plan.geometry.shapes import conv2d_shape, pool2d_shape

LIBC = ctypes.CDLL(None, use_errno=True)
FORBIDDEN = 0  # PROT_NONE
AT_END = sys.argv[2:] == ["end"]


def guarded(array):
    """A copy of `array` between two pages that may not be touched, against one of them."""
    page = mmap.PAGESIZE
    room = -(-max(array.nbytes, 1) // page) * page
    memory = mmap.mmap(-1, room + 2 * page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for at in (start, start + page + room):
        if LIBC.mprotect(ctypes.c_void_p(at), ctypes.c_size_t(page), FORBIDDEN):
            raise OSError(ctypes.get_errno(), "mprotect")
    first = page + (room - array.nbytes if AT_END else 0)
    view = np.frombuffer(memory, np.uint8)[first : first + array.nbytes].view(array.dtype)
    view = view.reshape(array.shape)
    view[...] = array
    return view


def new(*shape, dtype=np.float32):
    return guarded(np.zeros(shape, dtype))


def numbers(*shape):
    return guarded(counting(shape, 13))


def gemm():
    sizes = [1, 2, 7, 13, 17, 33, 47]
    for m, n, k in itertools.product(sizes, sizes, [1, 5, 19, 321]):
        a, b, bias, c = numbers(m, k), numbers(k, n), numbers(n), new(m, n)
        turned_a, turned_b = numbers(k, m), numbers(n, k)
        yield (
            f"gemm {m}x{n}x{k}",
            lambda a=a, b=b, bias=bias, c=c: ops.gemm(a, b, c, 1, 1, bias=bias, out=c),
        )
        yield (
            f"gemm {m}x{n}x{k}, a and b turned",
            lambda a=turned_a, b=turned_b, c=c: ops.gemm(a, b, trans_a=True, trans_b=True, out=c),
        )


def conv2d():
    kernels = [(1, 1), (2, 2), (3, 3), (5, 4), (7, 9)]
    ways = [
        {},
        {"padding": "same"},
        {"strides": 2, "padding": "same"},
        {"padding": ((2, 0), (0, 3))},
    ]
    for (kh, kw), how, ic, oc in itertools.product(kernels, ways, [1, 3, 17], [1, 5, 16, 33]):
        yield from convolution((2, 7, 9, ic), (kh, kw, ic, oc), how)
    for ic, oc in ((130, 127), (257, 259)):  # many channels: other loops
        yield from convolution((2, 5, 6, ic), (3, 3, ic, oc), {"padding": "same"})
    for groups, multiplier in ((2, 17), (5, 1), (33, 1)):
        how = {"groups": groups, "padding": "same", "dilation": 2}
        yield from convolution((2, 7, 9, groups * 3), (3, 3, 3, groups * multiplier), how)
        yield from convolution((2, 7, 9, groups), (3, 3, 1, groups * multiplier), how)


def convolution(x_shape, w_shape, how):
    s = conv2d_shape(x_shape, w_shape, **how)
    x, w, b, dy = numbers(*x_shape), numbers(*w_shape), numbers(s.oc), numbers(*s.y_shape)
    y, dx, dw, db = new(*s.y_shape), new(*x_shape), new(*w_shape), new(s.oc)
    arguments = s.kernel_arguments()
    algorithms = [("direct", False)]
    if s.groups == s.dh == 1:
        if s.kh > 1:
            algorithms += [("winograd", False), ("winograd", True)]
        if s.kh == s.sh == 1 and (s.oh, s.ow) == (s.ih, s.iw):
            algorithms.append(("gemm", False))
    for algo, by_slices in algorithms:
        way = {"algo": algo, "by_slices": by_slices}
        name = f"{x_shape} * {w_shape} {how} {way}"
        made = Conv2DFwd(**arguments, **way)
        yield f"fwd {name}", lambda made=made: made.run(x, w, b, y)
        made = Conv2DBwdData(**arguments, **way)
        yield f"bwd_data {name}", lambda made=made: made.run(dy, w, dx)
        made = Conv2DBwdWeights(**arguments, **way)
        yield f"bwd_weights {name}", lambda made=made: made.run(x, dy, dw, db)


def pool2d():
    ways = [{}, {"padding": "same"}, {"strides": 1}, {"strides": 3, "ceil_mode": True}]
    windows = [(1, 1), (2, 2), (3, 3), (4, 2), (7, 7)]
    for size, how, ic in itertools.product(windows, ways, [1, 3, 8, 15, 16, 17, 33]):
        s = pool2d_shape((2, 8, 9, ic), size, **how)
        x, dx, dy = numbers(*s.x_shape), new(*s.x_shape), numbers(*s.y_shape)
        y = new(*s.y_shape)
        window, name = (s.kh, s.kw, s.sh, s.sw, s.pt, s.pl), f"{size} {how} {ic} channels"
        for dtype in (np.uint8, np.int32):
            arg = new(*s.y_shape, dtype=dtype)
            yield f"max {name}", lambda x=x, y=y, a=arg, w=window: max_pool2d_fwd(x, y, a, *w)
            yield (
                f"max bwd {name}",
                lambda d=dy, a=arg, dx=dx, w=window: max_pool2d_bwd(d, a, dx, *w),
            )
        yield f"avg {name}", lambda x=x, y=y, w=window: avg_pool2d_fwd(x, y, *w, False)
        yield f"avg bwd {name}", lambda d=dy, dx=dx, w=window: avg_pool2d_bwd(d, dx, *w, True)


def elementwise():
    for n in EDGES:
        x, y, dy, m, v = numbers(n), new(n), numbers(n), numbers(n), abs(numbers(n))
        bytes_, v = guarded(np.arange(n).astype(np.uint8)), guarded(v)
        yield f"relu {n}", lambda x=x, y=y: ops.relu(x, out=y)
        yield f"relu_backward {n}", lambda x=x, y=y, dy=dy: ops.relu_backward(dy, x, out=y)
        for kind in FROM_OUTPUT:
            yield f"{kind} {n}", lambda k=kind, x=x, y=y: activation_fwd(k, x, y)
            yield f"{kind} bwd {n}", lambda k=kind, d=dy, x=x, y=y: activation_bwd(k, d, x, y)
        yield f"affine {n}", lambda x=x, y=y: ops.affine(x, 2, 1, out=y)
        yield f"affine of bytes {n}", lambda x=bytes_, y=y: ops.affine(x, 2, 1, out=y)
        yield f"dropout {n}", lambda x=x, y=y: ops.dropout(x, 0.5, 1, out=y)
        yield f"sgd {n}", lambda x=x, y=y, m=m: ops.sgd_step(y, x, m, 0.1, 0.9, True)
        yield f"adam {n}", lambda x=x, y=y, m=m, v=v: ops.adam_step(y, x, m, v, 1)
        for rows in (1, 3, 8, 50):
            many, out, db = numbers(rows, n), new(rows, n), numbers(n)
            yield f"bias_add {rows}x{n}", lambda x=many, b=db, y=out: ops.bias_add(x, b, out=y)
            yield f"bias_grad {rows}x{n}", lambda x=many: ops.bias_grad(x)
            sums = new(n)
            yield f"prelu {rows}x{n}", lambda x=many, a=db, y=out: prelu_fwd(x, a, y)
            yield f"batch norm {rows}x{n}", lambda x=many, g=db: ops.batch_norm(x, g, g)
            yield f"layer norm {rows}x{n}", lambda x=many, g=db: ops.layer_norm(x, g, g)
            yield (
                f"batch norm bwd {rows}x{n}",
                lambda x=many, g=db: ops.batch_norm_backward(x, x, g),
            )
            yield (
                f"layer norm bwd {rows}x{n}",
                lambda x=many, g=db: ops.layer_norm_backward(x, x, g),
            )
            yield (
                f"prelu bwd {rows}x{n}",
                lambda x=many, a=db, y=out, s=sums: prelu_bwd(x, x, a, y, s),
            )


def losses():
    for n, rows in itertools.product(EDGES, (1, 4)):
        x, y, dy, weights = numbers(rows, n), new(rows, n), numbers(rows, n), numbers(rows)
        labels, p = guarded(np.arange(rows) % n), new(rows, n)
        yield f"softmax {rows}x{n}", lambda x=x, y=y: ops.softmax(x, out=y)
        yield (
            f"softmax_backward {rows}x{n}",
            lambda x=x, y=y, d=dy: ops.softmax_backward(d, x, out=y),
        )
        for t in (labels, dy):
            yield (
                f"softmax_cross_entropy {rows}x{n}",
                lambda x=x, t=t, w=weights, p=p, y=y: softmax_cross_entropy(x, t, w, p, y),
            )
        yield (
            f"mean_squared_error {rows}x{n}",
            lambda x=x, t=dy, w=weights: ops.mean_squared_error(x, t, w),
        )


def images():
    sizes = [((1, 1), (2, 2)), ((5, 7), (4, 9)), ((3, 4), (8, 1))]
    for (size, new_size), c, mode in itertools.product(sizes, (1, 3, 33), FILL_MODES):
        x, dx = numbers(2, *size, c), new(2, *size, c)
        pixels, y = guarded(x.astype(np.uint8)), new(2, *new_size, c)
        rows, columns = (
            guarded(np.linspace(-2 * n, 3 * n, 2 * m).reshape(2, m))
            for n, m in zip(size, new_size, strict=True)
        )
        maps = guarded(np.linspace(-3, 3, 12).reshape(2, 6))
        weights = [
            guarded(part)
            for axis in resizing(size, new_size, "lanczos3", True)
            for part in (axis.first, axis.weights)
        ]
        if mode == "constant":
            for source in (x, pixels):
                yield (
                    f"resize {size} {new_size} {c} {source.dtype}",
                    lambda x=source, y=y, w=weights: resize(x, y, *w),
                )
            yield (
                f"resize_bwd {size} {new_size} {c}",
                lambda y=y, dx=dx, w=weights: resize_bwd(y, dx, *w),
            )
        for bilinear, source in itertools.product((False, True), (x, pixels)):
            to = bilinear, mode
            name = f"{size} {new_size} {c} {mode} {bilinear} {source.dtype}"
            yield (
                f"resample {name}",
                lambda x=source, y=y, r=rows, c=columns, to=to: resample(x, y, r, c, *to, 1.0),
            )
            yield (
                f"resample_bwd {name}",
                lambda y=y, dx=dx, r=rows, c=columns, to=to: resample_bwd(y, dx, r, c, *to),
            )
            yield (
                f"resample_affine {name}",
                lambda x=source, y=y, m=maps, to=to: resample_affine(x, y, m, *to, 1.0),
            )
            yield (
                f"resample_affine_bwd {name}",
                lambda y=y, dx=dx, m=maps, to=to: resample_affine_bwd(y, dx, m, *to),
            )


def trespass():
    """A read outside of an array, which must end the process: the guard works."""
    x = numbers(5)
    beside = x.ctypes.data + (x.nbytes if AT_END else -1)
    yield "one byte beside", lambda: ctypes.string_at(beside, 1)


FAMILIES = {f.__name__: f for f in (gemm, conv2d, pool2d, elementwise, losses, images, trespass)}

if __name__ == "__main__":
    faulthandler.enable()
    count = 0
    for level in _isa.available():
        _isa.use(level)
        for name, call in FAMILIES[sys.argv[1]]():
            print(level, name, flush=True)
            call()
            count += 1
    print("all", count, "calls")
