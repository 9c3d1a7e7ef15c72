"""Convolution, forward.

y[n, r, c, o] = act(b[o] + sum over i, j, k of x[n, r*sh - pt + i*dh, c*sw - pl + j*dw, k] * w[i, j, k, o])
"""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t

from fastconv.kernels._isa cimport FC_TEAM, activation_code, scratch
from fastconv.kernels._sizes cimport round_up, smaller
from fastconv.kernels.convolution._direct cimport correlate, correlation, packed_floats
from fastconv.kernels.convolution._geometry cimport (
    DIRECT, GEMM, WINOGRAD, Conv2DKernel, bias_in, expect_fwd, expect_winners, geometry,
)
from fastconv.kernels.convolution._patches cimport patches_fwd, tiles_the_map
from fastconv.kernels.matmul._table_matmul cimport fc_matmul, matmul_table
from fastconv.kernels.matmul.gemm cimport gemm_parallel, product
from fastconv.kernels.winograd._correlate_blocks cimport winograd_correlate
from fastconv.kernels.winograd._parts cimport set_axes
from fastconv.kernels.winograd._stages cimport winograd_pass


cdef void _pack(const geometry *g, const float *w, float *out) noexcept nogil:
    """Pack w (kh, kw, ic/groups, oc) into panels; rows of a group's matrix are oc floats apart."""
    cdef const fc_matmul *ks = matmul_table()
    cdef ptrdiff_t nc = g.oc // g.groups, k = g.kh * g.kw * (g.ic // g.groups)
    cdef ptrdiff_t group, j, n, width
    for group in range(g.groups):
        for j from 0 <= j < nc by ks.nr:
            n = smaller(ks.nr, nc - j)
            width = round_up(n, ks.vl)
            ks.pack_panel(k, n, width, w + group * nc + j, g.oc, 1, out)
            out += k * width


cdef int _direct(
    const geometry *g, const float *x, const uint8_t *bytes, float scale, float offset,
    const float *w, const float *bias, float *y, int act
) noexcept nogil:
    cdef correlation p
    cdef ptrdiff_t i, j, n_taps = g.kh * g.kw
    cdef ptrdiff_t kc = g.ic // g.groups, nc = g.oc // g.groups
    cdef size_t weight_floats = g.groups * packed_floats(n_taps, kc, nc)
    cdef float *packed = <float *> scratch(
        FC_TEAM, sizeof(float) * weight_floats + 2 * sizeof(ptrdiff_t) * (n_taps + 8))
    cdef ptrdiff_t *taps
    if packed == NULL:
        return -1
    taps = <ptrdiff_t *> (packed + round_up(weight_floats, 2))
    _pack(g, w, packed)
    for i in range(g.kh):
        for j in range(g.kw):
            taps[i * g.kw + j] = i * g.dh
            taps[n_taps + i * g.kw + j] = j * g.dw
    p.mb, p.groups, p.kc, p.nc = g.mb, g.groups, kc, nc
    p.source, p.ih, p.iw = x, g.ih, g.iw
    p.bytes, p.scale, p.offset = bytes, scale, offset
    p.to, p.to_h, p.to_w = y, g.oh, g.ow
    p.oh, p.ow, p.step_r, p.step_c, p.first_r, p.first_c = g.oh, g.ow, 1, 1, 0, 0
    p.rs, p.cs, p.top, p.left = g.sh, g.sw, g.pt, g.pl
    p.n_taps, p.tap_r, p.tap_c, p.weights = n_taps, taps, taps + n_taps, packed
    p.ep.alpha, p.ep.beta, p.ep.bias, p.ep.act = 1, 0, bias, act
    return correlate(&p)


cdef int _gemm(
    const geometry *g, const float *x, const float *w, const float *bias, float *y, int act
) noexcept nogil:
    """The product of x (mb*oh*ow, kh*kw*ic), a row being a pixel or a whole image, and w."""
    cdef product p
    p.m, p.k, p.n = g.mb * g.oh * g.ow, g.kh * g.kw * g.ic, g.oc
    p.a, p.a_rs, p.a_cs = x, p.k, 1
    p.b, p.b_rs, p.b_cs = w, g.oc, 1
    p.c, p.ldc = y, g.oc
    p.ep.alpha, p.ep.beta, p.ep.bias, p.ep.act = 1, 0, bias, act
    p.gradient = False
    return gemm_parallel(&p)


cdef int _winograd(
    const geometry *g, const float *x, const float *w, const float *bias, float *y, int act,
    bint pool, uint8_t *argmax, bint by_slices
) noexcept nogil:
    cdef winograd_pass p
    p.mb, p.kc, p.nc = g.mb, g.ic, g.oc
    set_axes(
        &p.h, &p.w, g.kh, g.kw, g.sh, g.sw, g.pt, g.pl, g.ih, g.iw, g.oh, g.ow, g.ic, g.oc,
        turned=False)
    p.source, p.to, p.weights = x, y, w
    p.pool, p.unpool, p.argmax, p.by_slices = pool, False, argmax, by_slices
    p.ep.alpha, p.ep.beta, p.ep.bias, p.ep.act = 1, 0, bias, act
    return winograd_correlate(&p)


cdef class Conv2DFwd(Conv2DKernel):
    """The forward pass; arguments as in `Conv2DKernel`, and activation "none" or "relu"."""

    cdef int act

    def __init__(self, *, str activation="none", **how):
        super().__init__(**how)
        self.act = activation_code(activation)

    def run(
        self, const float[:, :, :, ::1] x, const float[:, :, :, ::1] w, const float[::1] b,
        float[:, :, :, ::1] y, uint8_t[:, :, :, ::1] argmax=None,
    ):
        """x (mb, ih, iw, ic), w (kh, kw, ic/groups, oc), b (oc) or None; writes y (mb, oh, ow, oc).

        With pooling, y is (mb, oh//2, ow//2, oc), and so is argmax, unless None: the row-major
        index of the maximum in its window, or 4 if ReLU zeroes the whole window.
        """
        cdef geometry g = self.g
        cdef uint8_t *winners = NULL
        cdef const float *bias
        cdef int failed
        expect_fwd(&g, self.pool, x.shape, w.shape, y.shape)
        if argmax is not None:
            expect_winners("conv2d", &g, self.pool, argmax.shape)
            if g.mb:
                winners = &argmax[0, 0, 0, 0]
        bias = bias_in(&g, b)
        if g.mb == 0:
            return
        with nogil:
            if self.chosen == WINOGRAD:
                failed = _winograd(
                    &g, &x[0, 0, 0, 0], &w[0, 0, 0, 0], bias, &y[0, 0, 0, 0], self.act,
                    self.pool, winners, self.by_slices)
            elif self.chosen == GEMM:
                failed = _gemm(&g, &x[0, 0, 0, 0], &w[0, 0, 0, 0], bias, &y[0, 0, 0, 0], self.act)
            elif tiles_the_map(&g):
                failed = patches_fwd(
                    &g, &x[0, 0, 0, 0], &w[0, 0, 0, 0], bias, &y[0, 0, 0, 0], self.act)
            else:
                failed = _direct(
                    &g, &x[0, 0, 0, 0], NULL, 1, 0, &w[0, 0, 0, 0], bias, &y[0, 0, 0, 0],
                    self.act)
        if failed:
            raise MemoryError(f"{self.where}: no memory for the packed weights")

    def run_bytes(
        self, const uint8_t[:, :, :, ::1] x, float scale, float offset,
        const float[:, :, :, ::1] w, const float[::1] b, float[:, :, :, ::1] y,
    ):
        """`run` for scale * x + offset, which is converted block by block ("direct" only)."""
        cdef geometry g = self.g
        cdef const float *bias
        cdef int failed
        if self.chosen != DIRECT:
            raise ValueError(f"conv2d: bytes need algo 'direct'; received {self.algo!r}")
        expect_fwd(&g, False, x.shape, w.shape, y.shape)
        bias = bias_in(&g, b)
        if g.mb == 0:
            return
        with nogil:
            failed = _direct(
                &g, NULL, &x[0, 0, 0, 0], scale, offset, &w[0, 0, 0, 0], bias, &y[0, 0, 0, 0],
                self.act)
        if failed:
            raise MemoryError(f"{self.where}: no memory for the packed weights")
