"""Two arrays into one: multiply, subtract, maximum, minimum, and products with one factor for each
channel of an image or for each of its pixels.

C-contiguous float32. The output may be one of the inputs, but must not overlap them otherwise; for
max and min a NaN in either comes through, and the first of two equals is the one taken. Every sum
has an order of its own that no number of threads changes. Errors: ValueError for another dtype,
layout, size or operation.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport BLOCK, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.elementwise._table_merge cimport fc_merge, merge_table

# Work units (see _threads) per element of a pass over memory
cdef double UNITS = 4.0

cdef enum:
    MULTIPLY, SUBTRACT, MAXIMUM, MINIMUM


cdef int _code(str where, str kind) except -1:
    cdef tuple kinds = ("multiply", "subtract", "maximum", "minimum")
    if kind not in kinds:
        raise ValueError(f"{where}: the operation must be one of {kinds}; received {kind!r}")
    return kinds.index(kind)


def combine(str kind, const float[::1] x, const float[::1] y, float[::1] out):
    """out = x op y, element by element: "multiply", "subtract", "maximum", "minimum"."""
    cdef int code = _code("combine", kind)
    same_size("combine", "x and y", x.shape[0], y.shape[0])
    same_size("combine", "x and out", x.shape[0], out.shape[0])
    if x.shape[0]:
        with nogil:
            _combine(code, x.shape[0], &x[0], &y[0], &out[0])


cdef void _combine(
        int code, ptrdiff_t n, const float *x, const float *y, float *out) noexcept nogil:
    cdef const fc_merge *k = merge_table()
    cdef ptrdiff_t i, at, size
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(UNITS * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, BLOCK), schedule="static"):
            at, size = i * BLOCK, block_size(i, n, BLOCK)
            if code == MULTIPLY:
                k.multiply(size, x + at, y + at, out + at)
            elif code == SUBTRACT:
                k.subtract(size, x + at, y + at, out + at)
            elif code == MAXIMUM:
                k.maximum(size, x + at, y + at, out + at)
            else:
                k.minimum(size, x + at, y + at, out + at)
        restore_denormals(state)


def extreme_bwd(
        str kind, const float[::1] dy, const float[::1] x, const float[::1] y, bint second,
        float[::1] dx):
    """dx = dy where x (or, with `second`, y) was the one that "maximum" or "minimum" took, else 0.

    dx may be dy.
    """
    cdef int code = _code("extreme_bwd", kind)
    if code < MAXIMUM:
        raise ValueError(f"extreme_bwd: for 'maximum' and 'minimum' only; received {kind!r}")
    same_size("extreme_bwd", "x and y", x.shape[0], y.shape[0])
    same_size("extreme_bwd", "x and dy", x.shape[0], dy.shape[0])
    same_size("extreme_bwd", "x and dx", x.shape[0], dx.shape[0])
    if x.shape[0]:
        with nogil:
            _extreme_bwd(code, x.shape[0], &dy[0], &x[0], &y[0], second, &dx[0])


cdef void _extreme_bwd(
        int code, ptrdiff_t n, const float *dy, const float *x, const float *y, int second,
        float *dx) noexcept nogil:
    cdef const fc_merge *k = merge_table()
    cdef ptrdiff_t i, at, size
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(UNITS * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, BLOCK), schedule="static"):
            at, size = i * BLOCK, block_size(i, n, BLOCK)
            if code == MAXIMUM:
                k.maximum_bwd(size, dy + at, x + at, y + at, second, dx + at)
            else:
                k.minimum_bwd(size, dy + at, x + at, y + at, second, dx + at)
        restore_denormals(state)


def scale(const float[::1] x, float[::1] out, float factor):
    """out = x * factor."""
    same_size("scale", "x and out", x.shape[0], out.shape[0])
    if x.shape[0]:
        with nogil:
            _scale(x.shape[0], &x[0], &out[0], factor)


cdef void _scale(ptrdiff_t n, const float *x, float *out, float factor) noexcept nogil:
    cdef const fc_merge *k = merge_table()
    cdef ptrdiff_t i
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(UNITS * n)):
        state = flush_denormals()
        for i in prange(blocks_of(n, BLOCK), schedule="static"):
            k.scale(block_size(i, n, BLOCK), x + i * BLOCK, factor, out + i * BLOCK)
        restore_denormals(state)


def multiply_channels(const float[:, :, ::1] x, const float[:, ::1] s, float[:, :, ::1] out):
    """out (mb, pixels, c) = x (mb, pixels, c) * s (mb, c); out may be x."""
    _same_images("multiply_channels", x.shape, out.shape, s.shape[0], s.shape[1], 2)
    if x.shape[0] and x.shape[1] and x.shape[2]:
        with nogil:
            _multiply_channels(
                x.shape[0], x.shape[1], x.shape[2], &x[0, 0, 0], &s[0, 0], &out[0, 0, 0])


cdef void _multiply_channels(
        ptrdiff_t mb, ptrdiff_t pixels, ptrdiff_t n, const float *x, const float *s,
        float *out) noexcept nogil:
    cdef const fc_merge *k = merge_table()
    cdef ptrdiff_t i
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(UNITS * mb * pixels * n)):
        state = flush_denormals()
        for i in prange(mb * pixels, schedule="static"):
            k.multiply(n, x + i * n, s + i // pixels * n, out + i * n)
        restore_denormals(state)


def multiply_channels_bwd(
        const float[:, :, ::1] dy, const float[:, :, ::1] x, float[:, ::1] ds):
    """ds (mb, c) = the sum over the pixels of dy * x, both (mb, pixels, c)."""
    _same_images("multiply_channels_bwd", x.shape, dy.shape, ds.shape[0], ds.shape[1], 2)
    if not x.shape[1]:
        ds[:, :] = 0
    elif x.shape[0] and x.shape[2]:
        with nogil:
            _multiply_channels_bwd(
                x.shape[0], x.shape[1], x.shape[2], &dy[0, 0, 0], &x[0, 0, 0], &ds[0, 0])


cdef void _multiply_channels_bwd(
        ptrdiff_t mb, ptrdiff_t pixels, ptrdiff_t n, const float *dy, const float *x,
        float *ds) noexcept nogil:
    cdef const fc_merge *k = merge_table()
    # a few channels of one image: whole cache lines, unless there are fewer
    cdef ptrdiff_t i, at, c, nc = 64, parts = blocks_of(n, nc)
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(UNITS * mb * pixels * n)):
        state = flush_denormals()
        for i in prange(mb * parts, schedule="static"):
            c = i % parts * nc
            at = i // parts * pixels * n + c
            k.dot_rows(
                pixels, min(nc, n - c), dy + at, x + at, n, ds + i // parts * n + c)
        restore_denormals(state)


def multiply_pixels(const float[:, :, ::1] x, const float[:, ::1] s, float[:, :, ::1] out):
    """out (mb, pixels, c) = x (mb, pixels, c) * s (mb, pixels); out may be x."""
    _same_images("multiply_pixels", x.shape, out.shape, s.shape[0], s.shape[1], 1)
    if x.shape[0] and x.shape[1] and x.shape[2]:
        with nogil:
            _multiply_pixels(
                x.shape[0] * x.shape[1], x.shape[2], &x[0, 0, 0], &s[0, 0], &out[0, 0, 0])


cdef void _multiply_pixels(
        ptrdiff_t rows, ptrdiff_t n, const float *x, const float *s, float *out) noexcept nogil:
    cdef const fc_merge *k = merge_table()
    cdef ptrdiff_t i
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(UNITS * rows * n)):
        state = flush_denormals()
        for i in prange(rows, schedule="static"):
            k.scale(n, x + i * n, s[i], out + i * n)
        restore_denormals(state)


def multiply_pixels_bwd(
        const float[:, :, ::1] dy, const float[:, :, ::1] x, float[:, ::1] ds):
    """ds (mb, pixels) = the sum over the channels of dy * x, both (mb, pixels, c)."""
    _same_images("multiply_pixels_bwd", x.shape, dy.shape, ds.shape[0], ds.shape[1], 1)
    if not x.shape[2]:
        ds[:, :] = 0
    elif x.shape[0] and x.shape[1]:
        with nogil:
            _multiply_pixels_bwd(
                x.shape[0] * x.shape[1], x.shape[2], &dy[0, 0, 0], &x[0, 0, 0], &ds[0, 0])


cdef void _multiply_pixels_bwd(
        ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *x, float *ds) noexcept nogil:
    cdef const fc_merge *k = merge_table()
    cdef ptrdiff_t i
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(UNITS * rows * n)):
        state = flush_denormals()
        for i in prange(rows, schedule="static"):
            ds[i] = k.dot(n, dy + i * n, x + i * n)
        restore_denormals(state)


cdef int _same_images(
        str where, const Py_ssize_t *x, const Py_ssize_t *y, ptrdiff_t mb, ptrdiff_t factors,
        int axis) except -1:
    cdef int i
    for i in range(3):
        same_size(where, f"axis {i} of the images", x[i], y[i])
    same_size(where, "the images and the rows of factors", x[0], mb)
    same_size(where, f"axis {axis} of the images and the factors of each", x[axis], factors)
    return 0
