"""Depthwise convolution, backward to the data.

dx[n, h, v, c] = sum over i, j and the (r, q), at most one, with r*sh - pt + i*dh = h and
q*sw - pl + j*dw = v, of dy[n, r, q, c] * w[i, j, 0, c].

Along each axis the indices of dx fall into classes by their remainder modulo the stride. All
indices of a class receive the same taps at the same offsets, so each class is a pass of windows
over dy with stride 1.
"""

from libc.stddef cimport ptrdiff_t

from fastconv.kernels._isa cimport FC_ACT_NONE, FC_TABLE, scratch
from fastconv.kernels._sizes cimport ceil_div
from fastconv.kernels.convolution._geometry cimport expect_bwd_data, geometry
from fastconv.kernels.depthwise._table_depthwise cimport fc_stretch
from fastconv.kernels.depthwise._windows cimport DepthwiseKernel, axis, cut, depthwise_pass


cdef ptrdiff_t _gcd(ptrdiff_t a, ptrdiff_t b) noexcept nogil:
    while b:
        a, b = b, a % b
    return a


cdef void _class(
        axis *a, ptrdiff_t phase, ptrdiff_t size, ptrdiff_t out, ptrdiff_t k, ptrdiff_t s,
        ptrdiff_t d, ptrdiff_t padding) noexcept nogil:
    """The indices t*s + phase of dx (size,), from dy (out,). Taps by ascending index in dy."""
    cdef ptrdiff_t every = s // _gcd(s, d)  # distance of the tap indices
    cdef ptrdiff_t j = 0
    a.n, a.s, a.size, a.first, a.step = ceil_div(size - phase, s), 1, out, phase, s
    a.d, a.ws, a.k, a.o, a.w0 = every * d // s, -every, 0, 0, 0
    while j < k and j < every and (phase + padding - j * d) % s:
        j += 1
    if j < k and j < every:
        a.k = (k - 1 - j) // every + 1
        a.w0 = j + (a.k - 1) * every
        a.o = (phase + padding - a.w0 * d) // s


cdef int _run(const geometry *g, const float *dy, const float *w, float *dx) noexcept nogil:
    cdef ptrdiff_t sh = min(g.sh, g.ih), sw = min(g.sw, g.iw), i
    cdef axis *rows = <axis *> scratch(
        FC_TABLE, sizeof(axis) * (sh + sw) + sizeof(fc_stretch) * (2 * g.kw + sw))
    cdef axis *columns = rows + sh
    cdef fc_stretch *room = <fc_stretch *> (columns + sw)
    if rows == NULL:
        return -1
    for i in range(sh):
        _class(&rows[i], i, g.ih, g.oh, g.kh, g.sh, g.dh, g.pt)
    for i in range(sw):
        _class(&columns[i], i, g.iw, g.ow, g.kw, g.sw, g.dw, g.pl)
        room += cut(&columns[i], room)
    depthwise_pass(
        rows, sh, columns, sw, g.kw, g.mb, g.ic, dy, g.oh, g.ow, w, NULL, FC_ACT_NONE, dx,
        g.ih, g.iw)
    return 0


cdef class DepthwiseBwdData(DepthwiseKernel):
    """Backward to the data; called like `Conv2DBwdData`."""

    def __init__(self, *, str where="conv2d_backward", **how):
        super().__init__(where=where, **how)

    def run(
        self, const float[:, :, :, ::1] dy, const float[:, :, :, ::1] w, float[:, :, :, ::1] dx,
        argmax=None,
    ):
        """dy (mb, oh, ow, ic), w (kh, kw, 1, ic); dx (mb, ih, iw, ic) is written."""
        cdef geometry g = self.g
        cdef int failed
        expect_bwd_data(&g, False, dy.shape, w.shape, dx.shape)
        if g.mb == 0:
            return
        with nogil:
            failed = _run(&g, &dy[0, 0, 0, 0], &w[0, 0, 0, 0], &dx[0, 0, 0, 0])
        if failed:
            raise MemoryError(f"{self.where}: no memory for the table of windows")
