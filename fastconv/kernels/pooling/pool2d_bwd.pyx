"""Max, min and average pooling, backward.

dy (mb, oh, ow, ic) and dx (mb, ih, iw, ic), C-contiguous float32; the geometry as in pool2d_fwd. dx
is overwritten, with 0 where there is no gradient, and must not overlap dy. Each element of dx is
computed by one task, which adds in a fixed order. Errors: ValueError for another dtype, layout or
geometry.
"""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int32_t, uint8_t

from fastconv.kernels.pooling._pool2d cimport (
    arg_range, arg_sizes, over_rows, piece_of, pool_geometry, pool_piece, pooling,
)
from fastconv.kernels.pooling._table_pooling cimport FC_ARG_I32, FC_ARG_U8, fc_pool, pooling_table


# Rows per image: of dx, which gather, if windows overlap; otherwise of dy, which scatter.
cdef inline ptrdiff_t rows_of_work(const fc_pool *p) noexcept nogil:
    return p.ih if p.kh > p.sh or p.kw > p.sw else p.oh


def max_pool2d_bwd(
        const float[:, :, :, ::1] dy, argmax, float[:, :, :, ::1] dx,
        ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t pt, ptrdiff_t pl):
    """dx = the sum of dy over the windows whose argmax is the element.

    argmax as written by max_pool2d_fwd, uint8 or int32. Where it is not the index of an element of
    the window, dy is dropped.
    """
    cdef pooling t
    cdef const uint8_t[:, :, :, ::1] bytes_
    cdef const int32_t[:, :, :, ::1] ints
    pool_geometry(&t.p, "max_pool2d_bwd", dx.shape, dy.shape, kh, kw, sh, sw, pt, pl)
    arg_range("max_pool2d_bwd", argmax.itemsize, kh, kw)
    if argmax.itemsize == 1:
        t.kind, bytes_ = FC_ARG_U8, argmax
        arg_sizes("max_pool2d_bwd", dy.shape, bytes_.shape)
        t.arg = <void *> &bytes_[0, 0, 0, 0] if dy.shape[0] else NULL
    else:
        t.kind, ints = FC_ARG_I32, argmax
        arg_sizes("max_pool2d_bwd", dy.shape, ints.shape)
        t.arg = <void *> &ints[0, 0, 0, 0] if dy.shape[0] else NULL
    if dy.shape[0]:
        t.k, t.source, t.target = pooling_table(), &dy[0, 0, 0, 0], &dx[0, 0, 0, 0]
        with nogil:
            over_rows(_max_row, &t, dy.shape[0], rows_of_work(&t.p))


cdef void _max_row(ptrdiff_t i, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const pooling *t = <const pooling *> task
    cdef pool_piece at = piece_of(t, i)
    t.k.max_bwd_row(
        &t.p, at.row, at.nc, t.source + at.y, t.kind, <const char *> t.arg + at.y * t.kind,
        t.target + at.x)


def avg_pool2d_bwd(
        const float[:, :, :, ::1] dy, float[:, :, :, ::1] dx,
        ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t pt, ptrdiff_t pl,
        int divisor):
    """dx = the sum of dy / count over an element's windows; the divisor as in avg_pool2d_fwd."""
    cdef pooling t
    pool_geometry(&t.p, "avg_pool2d_bwd", dx.shape, dy.shape, kh, kw, sh, sw, pt, pl)
    if dy.shape[0]:
        t.k, t.source, t.target = pooling_table(), &dy[0, 0, 0, 0], &dx[0, 0, 0, 0]
        t.divisor = divisor
        with nogil:
            over_rows(_avg_row, &t, dy.shape[0], rows_of_work(&t.p))


cdef void _avg_row(ptrdiff_t i, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const pooling *t = <const pooling *> task
    cdef pool_piece at = piece_of(t, i)
    t.k.avg_bwd_row(&t.p, at.row, at.nc, t.divisor, t.source + at.y, t.target + at.x)
