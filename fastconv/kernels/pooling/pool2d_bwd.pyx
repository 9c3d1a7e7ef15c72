"""Max, min and average pooling, backward.

dy (mb, oh, ow, ic) and dx (mb, ih, iw, ic), C-contiguous float32; the geometry as in pool2d_fwd. dx
is overwritten, with 0 where nothing arrives, and must not overlap dy. Each element of dx belongs to
one piece of work, which adds up in a fixed order. Errors: ValueError for another dtype, layout or
geometry.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int32_t, uint8_t

from fastconv.kernels._blocks cimport blocks_of
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.pooling._pool2d cimport arg_range, arg_sizes, channels_per_item, pool_geometry
from fastconv.kernels.pooling._table_pooling cimport (
    FC_ARG_I32, FC_ARG_U8, fc_pool, fc_pooling, pooling_table,
)


# Windows that overlap: the rows of dx, which gather; otherwise the rows of dy, which spread.
cdef inline ptrdiff_t rows_of_work(const fc_pool *p) noexcept nogil:
    return p.ih if p.kh > p.sh or p.kw > p.sw else p.oh


def max_pool2d_bwd(
        const float[:, :, :, ::1] dy, argmax, float[:, :, :, ::1] dx,
        ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t pt, ptrdiff_t pl):
    """dx = the sum of dy over the windows that an element won.

    argmax as max_pool2d_fwd gave it, uint8 or int32. A number that names no element of its window
    sends its dy nowhere.
    """
    cdef fc_pool p
    cdef const uint8_t[:, :, :, ::1] bytes_
    cdef const int32_t[:, :, :, ::1] ints
    cdef const void *arg = NULL
    cdef int kind
    pool_geometry(&p, "max_pool2d_bwd", dx.shape, dy.shape, kh, kw, sh, sw, pt, pl)
    arg_range("max_pool2d_bwd", argmax.itemsize, kh, kw)
    if argmax.itemsize == 1:
        kind, bytes_ = FC_ARG_U8, argmax
        arg_sizes("max_pool2d_bwd", dy.shape, bytes_.shape)
        arg = &bytes_[0, 0, 0, 0] if dy.shape[0] else NULL
    else:
        kind, ints = FC_ARG_I32, argmax
        arg_sizes("max_pool2d_bwd", dy.shape, ints.shape)
        arg = &ints[0, 0, 0, 0] if dy.shape[0] else NULL
    if dy.shape[0]:
        with nogil:
            _max_pool2d_bwd(&p, dy.shape[0], &dy[0, 0, 0, 0], kind, arg, &dx[0, 0, 0, 0])


cdef void _max_pool2d_bwd(
        const fc_pool *p, ptrdiff_t mb, const float *dy, int kind, const void *arg,
        float *dx) noexcept nogil:
    cdef const fc_pooling *k = pooling_table()
    cdef ptrdiff_t rows = rows_of_work(p)
    cdef ptrdiff_t nc = channels_per_item(mb * rows, p.ic)
    cdef ptrdiff_t parts = blocks_of(p.ic, nc), image = p.ih * p.iw * p.ic, out = p.oh * p.ow * p.ic
    cdef ptrdiff_t i, c, n
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(2.0 * mb * out * (2.0 + p.kh * p.kw))):
        state = flush_denormals()
        for i in prange(mb * rows * parts, schedule="static"):
            c = i % parts * nc
            n = i // parts // rows
            k.max_bwd_row(
                p, i // parts % rows, min(nc, p.ic - c), dy + n * out + c,
                kind, <const char *> arg + (n * out + c) * kind, dx + n * image + c)
        restore_denormals(state)


def avg_pool2d_bwd(
        const float[:, :, :, ::1] dy, float[:, :, :, ::1] dx,
        ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t pt, ptrdiff_t pl,
        int divisor):
    """dx = the sum over an element's windows of dy / count; the divisor as in avg_pool2d_fwd."""
    cdef fc_pool p
    pool_geometry(&p, "avg_pool2d_bwd", dx.shape, dy.shape, kh, kw, sh, sw, pt, pl)
    if dy.shape[0]:
        with nogil:
            _avg_pool2d_bwd(&p, dy.shape[0], &dy[0, 0, 0, 0], &dx[0, 0, 0, 0], divisor)


cdef void _avg_pool2d_bwd(
        const fc_pool *p, ptrdiff_t mb, const float *dy, float *dx, int divisor) noexcept nogil:
    cdef const fc_pooling *k = pooling_table()
    cdef ptrdiff_t rows = rows_of_work(p)
    cdef ptrdiff_t nc = channels_per_item(mb * rows, p.ic)
    cdef ptrdiff_t parts = blocks_of(p.ic, nc), image = p.ih * p.iw * p.ic, out = p.oh * p.ow * p.ic
    cdef ptrdiff_t i, c, n
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(2.0 * mb * out * (2.0 + p.kh * p.kw))):
        state = flush_denormals()
        for i in prange(mb * rows * parts, schedule="static"):
            c = i % parts * nc
            n = i // parts // rows
            k.avg_bwd_row(
                p, i // parts % rows, min(nc, p.ic - c), divisor,
                dy + n * out + c, dx + n * image + c)
        restore_denormals(state)
