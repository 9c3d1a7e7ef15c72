# Shared by the pooling kernels: checks of the geometry, such that every window contains an element
# of x, and the parallel loop over rows.
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport block_body, blocks_of, over_blocks
from fastconv.kernels.pooling._table_pooling cimport fc_pool, fc_pooling


cdef inline int check_axis(
        str where, str axis, ptrdiff_t size, ptrdiff_t out,
        ptrdiff_t k, ptrdiff_t s, ptrdiff_t before) except -1:
    if size < 1 or out < 1 or k < 1 or s < 1:
        raise ValueError(
            f"{where}: sizes, windows and strides must be at least 1; "
            f"received {axis} {size} to {out}, window {k}, stride {s}"
        )
    if before < 0 or before >= k or (out - 1) * s - before >= size:
        raise ValueError(
            f"{where}: every window must hold an element of x; "
            f"received {axis} {size} to {out}, window {k}, stride {s}, padding {before} before"
        )
    return 0


cdef inline int pool_geometry(
        fc_pool *p, str where, const Py_ssize_t *x, const Py_ssize_t *y,
        ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh, ptrdiff_t sw,
        ptrdiff_t pt, ptrdiff_t pl) except -1:
    """p from the shapes x (mb, ih, iw, ic) and y (mb, oh, ow, ic)."""
    if x[0] != y[0] or x[3] != y[3] or x[3] < 1:
        raise ValueError(
            f"{where}: input and output must have the same batch and the same channels, one at least; "
            f"received {x[0]}, {x[1]}, {x[2]}, {x[3]} and {y[0]}, {y[1]}, {y[2]}, {y[3]}"
        )
    check_axis(where, "height", x[1], y[1], kh, sh, pt)
    check_axis(where, "width", x[2], y[2], kw, sw, pl)
    p.ih, p.iw, p.ic, p.oh, p.ow = x[1], x[2], x[3], y[1], y[2]
    p.kh, p.kw, p.sh, p.sw, p.pt, p.pl = kh, kw, sh, sw, pt, pl
    return 0


# One task: a row of one image, with all channels or, if there are few rows, some of them.
cdef struct pool_piece:
    ptrdiff_t row, nc
    ptrdiff_t x, y  # offsets of the image's first such channel in x and in y


# One pass of a kernel: forward from x to y, backward from dy to dx. `arg` is the argmax, stored as
# `kind` (enum fc_arg in table_pooling.h) says; `rows` per image and `nc` channels make up the
# tasks.
cdef struct pooling:
    const fc_pooling *k
    fc_pool p
    const float *source
    float *target
    int kind, divisor
    void *arg
    ptrdiff_t rows, nc


cdef inline pool_piece piece_of(const pooling *t, ptrdiff_t i) noexcept nogil:
    cdef pool_piece at
    cdef ptrdiff_t parts = blocks_of(t.p.ic, t.nc), image = i // parts // t.rows
    cdef ptrdiff_t c = i % parts * t.nc
    at.row, at.nc = i // parts % t.rows, min(t.nc, t.p.ic - c)
    at.x = image * t.p.ih * t.p.iw * t.p.ic + c
    at.y = image * t.p.oh * t.p.ow * t.p.ic + c
    return at


cdef inline void over_rows(
        block_body *body, pooling *t, ptrdiff_t mb, ptrdiff_t rows) noexcept nogil:
    cdef double outputs = mb * t.p.oh * t.p.ow * t.p.ic
    t.rows, t.nc = rows, t.p.ic if mb * rows >= 32 else 64
    over_blocks(
        body, t, mb * rows * blocks_of(t.p.ic, t.nc), 1,
        2.0 * outputs * (2.0 + t.p.kh * t.p.kw))


cdef inline int arg_sizes(str where, const Py_ssize_t *y, const Py_ssize_t *arg) except -1:
    if y[0] != arg[0] or y[1] != arg[1] or y[2] != arg[2] or y[3] != arg[3]:
        raise ValueError(
            f"{where}: argmax must have the shape of the outputs; received "
            f"{arg[0]}, {arg[1]}, {arg[2]}, {arg[3]} and {y[0]}, {y[1]}, {y[2]}, {y[3]}"
        )
    return 0


cdef inline int arg_range(str where, ptrdiff_t itemsize, ptrdiff_t kh, ptrdiff_t kw) except -1:
    # indices are held as float32 in registers, which is exact for integers up to 2^24
    if kh > (1 << 24) or kw > (1 << 24) or kh * kw > (256 if itemsize == 1 else 1 << 24):
        raise ValueError(
            f"{where}: uint8 argmax holds windows of up to 256 elements, int32 up to 2**24; "
            f"received {kh} x {kw}"
        )
    return 0
