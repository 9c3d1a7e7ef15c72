"""Multiply, subtract, maximum, minimum of two arrays, and products of images with one factor for
each channel or for each pixel.

C-contiguous float32. The output may be one of the inputs, but must not overlap them otherwise;
maximum and minimum propagate NaN and take the first of two equal elements. The order of every sum
is fixed, whatever the number of threads. Errors: ValueError for another dtype, layout, size or
operation.
"""

from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport BLOCK, block_body, blocks_of, over_blocks, same_size
from fastconv.kernels._flat cimport over_one, over_two
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.elementwise._table_merge cimport fc_merge, merge_table

# Work units (see _threads) per element of a pass over memory
cdef double UNITS = 4.0

cdef enum:
    MULTIPLY, SUBTRACT, MAXIMUM, MINIMUM

cdef enum:
    CHANNELS = 64  # per task of a sum over the pixels of an image: whole cache lines


cdef int _code(str where, str kind) except -1:
    cdef tuple kinds = ("multiply", "subtract", "maximum", "minimum")
    if kind not in kinds:
        raise ValueError(f"{where}: the operation must be one of {kinds}; received {kind!r}")
    return kinds.index(kind)


def combine(str kind, const float[::1] x, const float[::1] y, float[::1] out):
    """out = x op y, elementwise: "multiply", "subtract", "maximum", "minimum"."""
    cdef const fc_merge *merge = merge_table()
    cdef int code = _code("combine", kind)
    same_size("combine", "x and y", x.shape[0], y.shape[0])
    same_size("combine", "x and out", x.shape[0], out.shape[0])
    if code == MULTIPLY:
        over_two(merge.multiply, x, y, out, UNITS)
    elif code == SUBTRACT:
        over_two(merge.subtract, x, y, out, UNITS)
    elif code == MAXIMUM:
        over_two(merge.maximum, x, y, out, UNITS)
    else:
        over_two(merge.minimum, x, y, out, UNITS)


cdef struct extreme:
    const fc_merge *merge
    int code, second
    const float *dy
    const float *x
    const float *y
    float *dx


def extreme_bwd(
        str kind, const float[::1] dy, const float[::1] x, const float[::1] y, bint second,
        float[::1] dx):
    """dx = dy where "maximum" or "minimum" took x (or, with `second`, y), else 0.

    dx may be dy.
    """
    cdef extreme e
    cdef int code = _code("extreme_bwd", kind)
    if code < MAXIMUM:
        raise ValueError(f"extreme_bwd: for 'maximum' and 'minimum' only; received {kind!r}")
    same_size("extreme_bwd", "x and y", x.shape[0], y.shape[0])
    same_size("extreme_bwd", "x and dy", x.shape[0], dy.shape[0])
    same_size("extreme_bwd", "x and dx", x.shape[0], dx.shape[0])
    if x.shape[0]:
        e.merge, e.code, e.second = merge_table(), code, second
        e.dy, e.x, e.y, e.dx = &dy[0], &x[0], &y[0], &dx[0]
        with nogil:
            over_blocks(_extreme_bwd, &e, x.shape[0], BLOCK, UNITS * x.shape[0])


cdef void _extreme_bwd(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const extreme *e = <const extreme *> task
    if e.code == MAXIMUM:
        e.merge.maximum_bwd(n, e.dy + at, e.x + at, e.y + at, e.second, e.dx + at)
    else:
        e.merge.minimum_bwd(n, e.dy + at, e.x + at, e.y + at, e.second, e.dx + at)


def scale(const float[::1] x, float[::1] out, float factor):
    """out = x * factor."""
    same_size("scale", "x and out", x.shape[0], out.shape[0])
    over_one(merge_table().scale, x, factor, out, UNITS)


# Images x, y (mb, pixels, n) and the factors of each, (mb, n) or (mb, pixels); out: images or
# factors. The bodies read this struct for every pixel, so each makes a copy: 5 to 10 % faster on
# two threads.
cdef struct images:
    const fc_merge *merge
    ptrdiff_t mb, pixels, n
    const float *x
    const float *y
    const float *factors
    float *out


cdef int _over_images(block_body *body, images *m, ptrdiff_t pieces) except -1:
    # One block per thread: the pieces, pixels or sums, may be short, and are independent.
    cdef double work = UNITS * m.mb * m.pixels * m.n
    m.merge = merge_table()
    with nogil:
        over_blocks(body, m, pieces, blocks_of(pieces, threads_for(work)), work)
    return 0


def multiply_channels(const float[:, :, ::1] x, const float[:, ::1] s, float[:, :, ::1] out):
    """out (mb, pixels, c) = x (mb, pixels, c) * s (mb, c); out may be x."""
    cdef images m
    _same_images("multiply_channels", x.shape, out.shape, s.shape[0], s.shape[1], 2)
    if x.shape[0] and x.shape[1] and x.shape[2]:
        m.mb, m.pixels, m.n = x.shape[0], x.shape[1], x.shape[2]
        m.x, m.factors, m.out = &x[0, 0, 0], &s[0, 0], &out[0, 0, 0]
        _over_images(_multiply_channels, &m, m.mb * m.pixels)


cdef void _multiply_channels(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef images m = (<const images *> task)[0]
    cdef ptrdiff_t i
    for i in range(at, at + n):
        m.merge.multiply(m.n, m.x + i * m.n, m.factors + i // m.pixels * m.n, m.out + i * m.n)


def multiply_channels_bwd(
        const float[:, :, ::1] dy, const float[:, :, ::1] x, float[:, ::1] ds):
    """ds (mb, c) = the sum over the pixels of dy * x, both (mb, pixels, c)."""
    cdef images m
    _same_images("multiply_channels_bwd", x.shape, dy.shape, ds.shape[0], ds.shape[1], 2)
    if not x.shape[1]:
        ds[:, :] = 0
    elif x.shape[0] and x.shape[2]:
        m.mb, m.pixels, m.n = x.shape[0], x.shape[1], x.shape[2]
        m.x, m.y, m.out = &dy[0, 0, 0], &x[0, 0, 0], &ds[0, 0]
        _over_images(_multiply_channels_bwd, &m, m.mb * blocks_of(m.n, CHANNELS))


cdef void _multiply_channels_bwd(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef images m = (<const images *> task)[0]
    cdef ptrdiff_t i, c, first, parts = blocks_of(m.n, CHANNELS)
    for i in range(at, at + n):
        c = i % parts * CHANNELS
        first = i // parts * m.pixels * m.n + c
        m.merge.dot_rows(
            m.pixels, min(CHANNELS, m.n - c), m.x + first, m.y + first, m.n,
            m.out + i // parts * m.n + c)


def multiply_pixels(const float[:, :, ::1] x, const float[:, ::1] s, float[:, :, ::1] out):
    """out (mb, pixels, c) = x (mb, pixels, c) * s (mb, pixels); out may be x."""
    cdef images m
    _same_images("multiply_pixels", x.shape, out.shape, s.shape[0], s.shape[1], 1)
    if x.shape[0] and x.shape[1] and x.shape[2]:
        m.mb, m.pixels, m.n = x.shape[0], x.shape[1], x.shape[2]
        m.x, m.factors, m.out = &x[0, 0, 0], &s[0, 0], &out[0, 0, 0]
        _over_images(_multiply_pixels, &m, m.mb * m.pixels)


cdef void _multiply_pixels(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef images m = (<const images *> task)[0]
    cdef ptrdiff_t i
    for i in range(at, at + n):
        m.merge.scale(m.n, m.x + i * m.n, m.factors[i], m.out + i * m.n)


def multiply_pixels_bwd(
        const float[:, :, ::1] dy, const float[:, :, ::1] x, float[:, ::1] ds):
    """ds (mb, pixels) = the sum over the channels of dy * x, both (mb, pixels, c)."""
    cdef images m
    _same_images("multiply_pixels_bwd", x.shape, dy.shape, ds.shape[0], ds.shape[1], 1)
    if not x.shape[2]:
        ds[:, :] = 0
    elif x.shape[0] and x.shape[1]:
        m.mb, m.pixels, m.n = x.shape[0], x.shape[1], x.shape[2]
        m.x, m.y, m.out = &dy[0, 0, 0], &x[0, 0, 0], &ds[0, 0]
        _over_images(_multiply_pixels_bwd, &m, m.mb * m.pixels)


cdef void _multiply_pixels_bwd(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef images m = (<const images *> task)[0]
    cdef ptrdiff_t i
    for i in range(at, at + n):
        m.out[i] = m.merge.dot(m.n, m.x + i * m.n, m.y + i * m.n)


cdef int _same_images(
        str where, const Py_ssize_t *x, const Py_ssize_t *y, ptrdiff_t mb, ptrdiff_t factors,
        int axis) except -1:
    cdef int i
    for i in range(3):
        same_size(where, f"axis {i} of the images", x[i], y[i])
    same_size(where, "the images and the rows of factors", x[0], mb)
    same_size(where, f"axis {axis} of the images and the factors of each", x[axis], factors)
    return 0
