"""Max, min and average pooling, forward.

x (mb, ih, iw, ic) and y (mb, oh, ow, ic), C-contiguous float32; windows of kh x kw with strides
(sh, sw), after pt rows and pl columns of padding. A window may extend beyond any edge; elements
outside x are left out. y is overwritten and must not overlap x. Errors: ValueError for another
dtype, layout or geometry.
"""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int32_t, uint8_t

from fastconv.kernels.pooling._pool2d cimport (
    arg_range, arg_sizes, over_rows, piece_of, pool_geometry, pool_piece, pooling,
)
from fastconv.kernels.pooling._table_pooling cimport (
    FC_ARG_I32, FC_ARG_NONE, FC_ARG_U8, pooling_table,
)


def max_pool2d_fwd(
        const float[:, :, :, ::1] x, float[:, :, :, ::1] y, argmax,
        ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t pt, ptrdiff_t pl,
        bint least=False):
    """y = the largest element of each window or, with `least`, the smallest; NaN if there is one.

    argmax (mb, oh, ow, ic), if not None, gets the index i*kw + j of that element: the first such,
    or the first NaN, in row-major order. uint8, or int32 for windows of more than 256 elements.
    """
    cdef pooling t
    cdef uint8_t[:, :, :, ::1] bytes_
    cdef int32_t[:, :, :, ::1] ints
    pool_geometry(&t.p, "max_pool2d_fwd", x.shape, y.shape, kh, kw, sh, sw, pt, pl)
    t.kind, t.arg = FC_ARG_NONE, NULL
    if argmax is not None:
        arg_range("max_pool2d_fwd", argmax.itemsize, kh, kw)
        if argmax.itemsize == 1:
            t.kind, bytes_ = FC_ARG_U8, argmax
            arg_sizes("max_pool2d_fwd", y.shape, bytes_.shape)
            t.arg = &bytes_[0, 0, 0, 0] if x.shape[0] else NULL
        else:
            t.kind, ints = FC_ARG_I32, argmax
            arg_sizes("max_pool2d_fwd", y.shape, ints.shape)
            t.arg = &ints[0, 0, 0, 0] if x.shape[0] else NULL
    if x.shape[0]:
        t.k, t.source, t.target = pooling_table(), &x[0, 0, 0, 0], &y[0, 0, 0, 0]
        with nogil:
            over_rows(_min_row if least else _max_row, &t, x.shape[0], t.p.oh)


cdef void _max_row(ptrdiff_t i, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const pooling *t = <const pooling *> task
    cdef pool_piece at = piece_of(t, i)
    cdef ptrdiff_t y = at.y + at.row * t.p.ow * t.p.ic
    t.k.max_fwd_row(
        &t.p, at.row, at.nc, t.source + at.x, t.target + y, t.kind, <char *> t.arg + y * t.kind)


cdef void _min_row(ptrdiff_t i, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const pooling *t = <const pooling *> task
    cdef pool_piece at = piece_of(t, i)
    cdef ptrdiff_t y = at.y + at.row * t.p.ow * t.p.ic
    t.k.min_fwd_row(
        &t.p, at.row, at.nc, t.source + at.x, t.target + y, t.kind, <char *> t.arg + y * t.kind)


def avg_pool2d_fwd(
        const float[:, :, :, ::1] x, float[:, :, :, ::1] y,
        ptrdiff_t kh, ptrdiff_t kw, ptrdiff_t sh, ptrdiff_t sw, ptrdiff_t pt, ptrdiff_t pl,
        int divisor):
    """y = the sum of each window, divided by the number of its elements inside x (divisor 0), by
    kh * kw (1), or not at all (2)."""
    cdef pooling t
    pool_geometry(&t.p, "avg_pool2d_fwd", x.shape, y.shape, kh, kw, sh, sw, pt, pl)
    if x.shape[0]:
        t.k, t.source, t.target = pooling_table(), &x[0, 0, 0, 0], &y[0, 0, 0, 0]
        t.divisor = divisor
        with nogil:
            over_rows(_avg_row, &t, x.shape[0], t.p.oh)


cdef void _avg_row(ptrdiff_t i, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const pooling *t = <const pooling *> task
    cdef pool_piece at = piece_of(t, i)
    t.k.avg_fwd_row(
        &t.p, at.row, at.nc, t.divisor, t.source + at.x,
        t.target + at.y + at.row * t.p.ow * t.p.ic)
