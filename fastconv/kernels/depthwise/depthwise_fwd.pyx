"""Depthwise convolution, forward.

y[n, r, q, c] = act(b[c] + sum over i, j of x[n, r*sh - pt + i*dh, q*sw - pl + j*dw, c] * w[i, j, 0, c])

Taps outside x are skipped.
"""

from fastconv.kernels._isa cimport FC_TABLE, activation_code, scratch
from fastconv.kernels.convolution._geometry cimport bias_in, expect_fwd, geometry
from fastconv.kernels.depthwise._table_depthwise cimport fc_stretch
from fastconv.kernels.depthwise._windows cimport DepthwiseKernel, axis, cut, depthwise_pass


cdef int _run(
        const geometry *g, const float *x, const float *w, const float *bias, float *y,
        int act) noexcept nogil:
    cdef axis rows, columns
    cdef fc_stretch *room = <fc_stretch *> scratch(
        FC_TABLE, sizeof(fc_stretch) * min(g.ow, 2 * g.kw + 1))
    if room == NULL:
        return -1
    rows.n, rows.s, rows.k, rows.d, rows.o, rows.size = g.oh, g.sh, g.kh, g.dh, -g.pt, g.ih
    columns.n, columns.s, columns.k, columns.d, columns.o = g.ow, g.sw, g.kw, g.dw, -g.pl
    columns.size = g.iw
    rows.w0, rows.ws, rows.first, rows.step = 0, 1, 0, 1
    columns.w0, columns.ws, columns.first, columns.step = 0, 1, 0, 1
    cut(&columns, room)
    depthwise_pass(
        &rows, 1, &columns, 1, g.kw, g.mb, g.ic, x, g.ih, g.iw, w, bias, act, y, g.oh, g.ow)
    return 0


cdef class DepthwiseFwd(DepthwiseKernel):
    """The forward pass; constructed and called like `Conv2DFwd`."""

    cdef int act

    def __init__(self, *, str activation="none", **how):
        super().__init__(**how)
        self.act = activation_code(activation)

    def run(
        self, const float[:, :, :, ::1] x, const float[:, :, :, ::1] w, const float[::1] b,
        float[:, :, :, ::1] y,
    ):
        """x (mb, ih, iw, ic), w (kh, kw, 1, ic), b (ic) or None; y (mb, oh, ow, ic) is written."""
        cdef geometry g = self.g
        cdef const float *bias
        cdef int failed
        expect_fwd(&g, False, x.shape, w.shape, y.shape)
        bias = bias_in(&g, b)
        if g.mb == 0:
            return
        with nogil:
            failed = _run(&g, &x[0, 0, 0, 0], &w[0, 0, 0, 0], bias, &y[0, 0, 0, 0], self.act)
        if failed:
            raise MemoryError(f"{self.where}: no memory for the table of windows")
