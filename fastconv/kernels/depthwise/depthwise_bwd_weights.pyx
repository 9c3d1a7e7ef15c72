"""Depthwise convolution, backward to the weights and the bias.

dw[i, j, 0, c] = sum over n, r, q of x[n, r*sh - pt + i*dh, q*sw - pl + j*dw, c] * dy[n, r, q, c], db[c] = sum dy.

The rows of dy are cut into parts whose number depends on the shapes only. Each part sums its rows
in order into its own copy of dw, and the copies are added in order. Of few pixels there are few
parts, since a copy of dw must not take longer than its sums; then channels are shared too.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t
from libc.string cimport memset

from fastconv.kernels._blocks cimport blocks_of
from fastconv.kernels._isa cimport FC_TABLE, FC_TEAM, flush_denormals, restore_denormals, scratch
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.convolution._geometry cimport (
    bias_out, clear_weights, expect_bwd_weights, geometry,
)
from fastconv.kernels.depthwise._table_depthwise cimport (
    depthwise_table, fc_depthwise, fc_stretch, fc_taps,
)
from fastconv.kernels.depthwise._windows cimport (
    DepthwiseKernel, axis, cut, first_inside, last_inside,
)

cdef enum:
    PARTS = 32  # at most
    PIXELS = 32  # of dy in a part, at least
    CHANNELS = 64  # per task, if there are few parts
    PIECE = 1024  # weights per task when the copies are added


cdef void _part(
        const geometry *g, const axis *rows, const axis *columns, const float *x, const float *dy,
        ptrdiff_t first, ptrdiff_t last, ptrdiff_t nc, float *dw, float *db) noexcept nogil:
    """dw (kh, kw, c) and db = the contributions of rows [first, last) of dy (mb*oh, ow, c), for the
    first `nc` channels after the arrays' beginnings."""
    cdef const fc_depthwise *ks = depthwise_table()
    cdef ptrdiff_t line = g.iw * g.ic, i, n, r, i0, i1
    cdef fc_taps taps
    taps.nj, taps.xi, taps.xj, taps.wi, taps.wj = g.kw, g.dh * line, g.dw * g.ic, g.kw * g.ic, g.ic
    for i in range(g.kh * g.kw):
        memset(dw + i * g.ic, 0, sizeof(float) * nc)
    if db != NULL:
        memset(db, 0, sizeof(float) * nc)
    for i in range(first, last):
        n, r = i // g.oh, i % g.oh
        i0, i1 = first_inside(rows, r), last_inside(rows, r)
        taps.ni = max(i1 - i0, 0)
        ks.weights_row(
            columns.n_stretches, columns.stretches, nc, &taps,
            x + (n * g.ih + r * g.sh - g.pt + i0 * g.dh) * line - g.pl * g.ic, g.sw * g.ic,
            dy + i * g.ow * g.ic, g.ic, dw + i0 * taps.wi, db)


cdef int _run(
        const geometry *g, const float *x, const float *dy, float *dw, float *db) noexcept nogil:
    cdef ptrdiff_t taps = g.kh * g.kw * g.ic, size = taps + g.ic, lines = g.mb * g.oh
    cdef ptrdiff_t parts = max(1, min(min(lines, PARTS), lines * g.ow // PIXELS)), i
    cdef ptrdiff_t nc = CHANNELS if parts < 8 else g.ic, blocks = blocks_of(g.ic, nc)
    cdef ptrdiff_t k, c
    cdef float *copy
    cdef axis rows, columns
    cdef unsigned state = 0
    cdef float *copies = <float *> scratch(FC_TEAM, sizeof(float) * parts * size)
    cdef fc_stretch *room = <fc_stretch *> scratch(
        FC_TABLE, sizeof(fc_stretch) * min(g.ow, 2 * g.kw + 1))
    if copies == NULL or room == NULL:
        return -1
    rows.n, rows.s, rows.k, rows.d, rows.o, rows.size = g.oh, g.sh, g.kh, g.dh, -g.pt, g.ih
    columns.n, columns.s, columns.k, columns.d, columns.o = g.ow, g.sw, g.kw, g.dw, -g.pl
    columns.size = g.iw
    cut(&columns, room)
    with parallel(num_threads=threads_for(1.0 * lines * g.ow * (taps + 4 * g.ic))):
        state = flush_denormals()
        for i in prange(parts * blocks, schedule="dynamic"):
            k, c = i // blocks, i % blocks * nc
            copy = copies + k * size + c
            _part(
                g, &rows, &columns, x + c, dy + c, lines * k // parts, lines * (k + 1) // parts,
                min(nc, g.ic - c), copy, db if db == NULL else copy + taps)
        for i in prange(blocks_of(size, PIECE), schedule="static"):
            _add_up(
                copies, parts, size, i * PIECE, min((i + 1) * PIECE, size if db != NULL else taps),
                taps, dw, db)
        restore_denormals(state)
    return 0


cdef void _add_up(
        const float *copies, ptrdiff_t parts, ptrdiff_t size, ptrdiff_t first, ptrdiff_t last,
        ptrdiff_t taps, float *dw, float *db) noexcept nogil:
    """Elements [first, last) of dw (taps) followed by db, at most PIECE: copy by copy, since their
    lines lie next to each other."""
    cdef double total[PIECE]
    cdef ptrdiff_t j, k, n = last - first
    cdef const float *x = copies + first
    for j in range(n):
        total[j] = 0.0
    for k in range(parts):
        for j in range(n):
            total[j] += x[k * size + j]
    for j in range(n):
        if first + j < taps:
            dw[first + j] = <float> total[j]
        else:
            db[first + j - taps] = <float> total[j]


cdef class DepthwiseBwdWeights(DepthwiseKernel):
    """Backward to weights and bias; called like `Conv2DBwdWeights`."""

    def __init__(self, *, str where="conv2d_backward", **how):
        super().__init__(where=where, **how)

    def run(
        self, const float[:, :, :, ::1] x, const float[:, :, :, ::1] dy,
        float[:, :, :, ::1] dw, float[::1] db, argmax=None,
    ):
        """x (mb, ih, iw, ic), dy (mb, oh, ow, ic); dw (kh, kw, 1, ic), db (ic) or None are written.
        """
        cdef geometry g = self.g
        cdef float *bias
        cdef int failed
        expect_bwd_weights(&g, False, x.shape, dy.shape, dw.shape)
        bias = bias_out(&g, db)
        if g.mb == 0:
            clear_weights(dw, db)
            return
        with nogil:
            failed = _run(&g, &x[0, 0, 0, 0], &dy[0, 0, 0, 0], &dw[0, 0, 0, 0], bias)
        if failed:
            raise MemoryError(f"{self.where}: no memory for the partial sums")
