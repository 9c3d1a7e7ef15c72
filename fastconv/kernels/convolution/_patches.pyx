"""Convolutions whose windows tile the map, such as 2x2 with stride 2, and their transposes.

Row i of all windows of a row of the map is a matrix that lies in x already, (ow, kw*ic), and row i
of w one that belongs to it, (kw*ic, oc): every pass is kh matrix products, read and written in place.
"""

from libc.stddef cimport ptrdiff_t

from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.convolution._geometry cimport geometry
from fastconv.kernels.matmul._outer cimport outer, outer_parallel
from fastconv.kernels.matmul._rows cimport rows, rows_parallel

cdef ptrdiff_t CHANNELS = 32         # of a row of a window, and of y, at least
cdef ptrdiff_t LARGEST = 1024 * 1024  # floats of a row of w


cdef bint tiles_the_map(const geometry *g) noexcept nogil:
    return (
        g.kh * g.kw > 1 and g.kh == g.sh and g.kw == g.sw and g.dh == g.dw == g.groups == 1 and g.pt == g.pl == 0
        and g.oh * g.kh == g.ih and g.ow * g.kw == g.iw
        and g.kw * g.ic >= CHANNELS and g.oc >= CHANNELS and g.kw * g.ic * g.oc <= LARGEST)


cdef int patches_fwd(
    const geometry *g, const float *x, const float *w, const float *bias, float *y, int act
) noexcept nogil:
    cdef rows p
    cdef ptrdiff_t i, width = g.kw * g.ic
    cdef int team = threads_for(<double> g.mb * g.oh * g.ow * width * g.oc)
    p.m, p.n, p.k, p.run = g.mb * g.oh * g.ow, g.oc, width, g.ow
    p.lda, p.a_jump, p.ldc, p.c_jump = width, (g.kh - 1) * g.ow * width, g.oc, 0
    p.b_rs, p.b_cs, p.c = g.oc, 1, y
    p.ep.alpha = 1
    for i in range(g.kh):
        p.a, p.b = x + i * g.ow * width, w + i * width * g.oc
        p.ep.beta, p.ep.bias, p.ep.act = i > 0, NULL, 0
        if i == g.kh - 1:
            p.ep.bias, p.ep.act = bias, act
        if rows_parallel(&p, team):
            return -1
    return 0


cdef int patches_bwd_data(
    const geometry *g, const float *dy, const float *w, float *dx
) noexcept nogil:
    cdef rows p
    cdef ptrdiff_t i, width = g.kw * g.ic
    cdef int team = threads_for(<double> g.mb * g.oh * g.ow * width * g.oc)
    p.m, p.n, p.k, p.run = g.mb * g.oh * g.ow, width, g.oc, g.ow
    p.lda, p.a_jump, p.ldc, p.c_jump = g.oc, 0, width, (g.kh - 1) * g.ow * width
    p.a, p.b_rs, p.b_cs = dy, 1, g.oc
    p.ep.alpha, p.ep.beta, p.ep.bias, p.ep.act = 1, 0, NULL, 0
    for i in range(g.kh):
        p.b, p.c = w + i * width * g.oc, dx + i * g.ow * width
        if rows_parallel(&p, team):
            return -1
    return 0


cdef int patches_bwd_weights(
    const geometry *g, const float *x, const float *dy, float *dw, float *db
) noexcept nogil:
    cdef outer p
    cdef ptrdiff_t i, width = g.kw * g.ic
    p.m, p.n, p.k, p.run = width, g.oc, g.mb * g.oh * g.ow, g.ow
    p.lda, p.jump, p.b, p.ldb, p.ldc = width, (g.kh - 1) * g.ow * width, dy, g.oc, g.oc
    p.ep.alpha, p.ep.beta, p.ep.bias, p.ep.act = 1, 0, NULL, 0
    p.any_order = True
    for i in range(g.kh):
        p.a, p.c, p.sums = x + i * g.ow * width, dw + i * width * g.oc, db if i == 0 else NULL
        if outer_parallel(&p):
            return -1
    return 0
