"""Max, min and average pooling, forward.

x (mb, ih, iw, ic) and y (mb, oh, ow, ic), C-contiguous float32; windows of kh x kw in steps of
(sh, sw) behind pt rows and pl columns of padding. A window may hang over any edge; what lies outside
x takes no part. y is overwritten and must not overlap x. Errors: ValueError for another dtype, layout
or geometry.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int32_t, uint8_t

from fastconv.kernels._blocks cimport blocks_of
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.pooling._pool2d cimport arg_range, arg_sizes, channels_per_item, pool_geometry
from fastconv.kernels.pooling._table_pooling cimport (
    FC_ARG_I32, FC_ARG_NONE, FC_ARG_U8, fc_pool, fc_pooling, pooling_table,
)


def max_pool2d_fwd(
        const float[:, :, :, ::1] x, float[:, :, :, ::1] y, argmax,
        ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t pt, ptrdiff_t pl,
        bint least=False):
    """y = the largest element of each window or, with `least`, the smallest; NaN if there is one.

    argmax (mb, oh, ow, ic), if not None, gets the number i*kw + j of the tap that won: the first
    such element, or the first NaN, row by row. uint8, or int32 for windows of more than 256 elements.
    """
    cdef fc_pool p
    cdef uint8_t[:, :, :, ::1] bytes_
    cdef int32_t[:, :, :, ::1] ints
    cdef void *arg = NULL
    cdef int kind = FC_ARG_NONE
    pool_geometry(&p, "max_pool2d_fwd", x.shape, y.shape, kh, kw, sh, sw, pt, pl)
    if argmax is not None:
        arg_range("max_pool2d_fwd", argmax.itemsize, kh, kw)
        if argmax.itemsize == 1:
            kind, bytes_ = FC_ARG_U8, argmax
            arg_sizes("max_pool2d_fwd", y.shape, bytes_.shape)
            arg = &bytes_[0, 0, 0, 0] if x.shape[0] else NULL
        else:
            kind, ints = FC_ARG_I32, argmax
            arg_sizes("max_pool2d_fwd", y.shape, ints.shape)
            arg = &ints[0, 0, 0, 0] if x.shape[0] else NULL
    if x.shape[0]:
        with nogil:
            _max_pool2d_fwd(
                &p, x.shape[0], &x[0, 0, 0, 0], &y[0, 0, 0, 0], kind, arg, least)


cdef void _max_pool2d_fwd(
        const fc_pool *p, ptrdiff_t mb, const float *x, float *y, int kind, void *arg,
        bint least) noexcept nogil:
    cdef const fc_pooling *k = pooling_table()
    cdef ptrdiff_t nc = channels_per_item(mb * p.oh, p.ic)
    cdef ptrdiff_t parts = blocks_of(p.ic, nc), image = p.ih * p.iw * p.ic
    cdef ptrdiff_t i, c, row, at
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(2.0 * mb * p.oh * p.ow * p.ic * (2.0 + p.kh * p.kw))):
        state = flush_denormals()
        for i in prange(mb * p.oh * parts, schedule="static"):
            c = i % parts * nc
            row = i // parts
            at = row * p.ow * p.ic + c
            if least:
                k.min_fwd_row(
                    p, row % p.oh, min(nc, p.ic - c), x + row // p.oh * image + c, y + at,
                    kind, <char *> arg + at * kind)
            else:
                k.max_fwd_row(
                    p, row % p.oh, min(nc, p.ic - c), x + row // p.oh * image + c, y + at,
                    kind, <char *> arg + at * kind)
        restore_denormals(state)


def avg_pool2d_fwd(
        const float[:, :, :, ::1] x, float[:, :, :, ::1] y,
        ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t pt, ptrdiff_t pl,
        int divisor):
    """y = the sum of each window, divided by the number of its elements inside x (divisor 0), by
    kh * kw (1), or not at all (2)."""
    cdef fc_pool p
    pool_geometry(&p, "avg_pool2d_fwd", x.shape, y.shape, kh, kw, sh, sw, pt, pl)
    if x.shape[0]:
        with nogil:
            _avg_pool2d_fwd(&p, x.shape[0], &x[0, 0, 0, 0], &y[0, 0, 0, 0], divisor)


cdef void _avg_pool2d_fwd(
        const fc_pool *p, ptrdiff_t mb, const float *x, float *y, int divisor) noexcept nogil:
    cdef const fc_pooling *k = pooling_table()
    cdef ptrdiff_t nc = channels_per_item(mb * p.oh, p.ic)
    cdef ptrdiff_t parts = blocks_of(p.ic, nc), image = p.ih * p.iw * p.ic
    cdef ptrdiff_t i, c, row
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(2.0 * mb * p.oh * p.ow * p.ic * (2.0 + p.kh * p.kw))):
        state = flush_denormals()
        for i in prange(mb * p.oh * parts, schedule="static"):
            c = i % parts * nc
            row = i // parts
            k.avg_fwd_row(
                p, row % p.oh, min(nc, p.ic - c), divisor,
                x + row // p.oh * image + c, y + row * p.ow * p.ic + c)
        restore_denormals(state)
