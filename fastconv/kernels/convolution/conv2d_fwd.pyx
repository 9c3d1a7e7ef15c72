"""Convolution, forward.

y[n, r, c, o] = act(b[o] + sum over i, j, k of x[n, r*sh - pt + i*dh, c*sw - pl + j*dw, k] * w[i, j, k, o])
"""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

import numpy as np

from cython.parallel cimport prange

from fastconv.kernels._isa cimport FC_TEAM, activation_code, scratch
from fastconv.kernels._sizes cimport ceil_div, round_up, smaller
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.convolution._direct cimport correlate, correlation, packed_floats
from fastconv.kernels.convolution._geometry cimport (
    DIRECT, GEMM, WINOGRAD, Conv2DKernel, bias_in, expect_fwd, expect_weights, expect_winners,
    geometry,
)
from fastconv.kernels.convolution._patches cimport patches_fwd, tiles_the_map
from fastconv.kernels.matmul._table_matmul cimport fc_matmul, matmul_table
from fastconv.kernels.matmul.gemm cimport gemm_parallel, product
from fastconv.kernels.winograd._correlate_blocks cimport winograd_correlate
from fastconv.kernels.winograd._parts cimport set_axes
from fastconv.kernels.winograd._stages cimport (
    filter_slice, transform_filters, winograd_pass,
)


cdef void _pack(const geometry *g, const float *w, float *out) noexcept nogil:
    """Pack w (kh, kw, ic/groups, oc) into panels; rows of a group's matrix are oc floats apart."""
    cdef const fc_matmul *ks = matmul_table()
    cdef ptrdiff_t nc = g.oc // g.groups, k = g.kh * g.kw * (g.ic // g.groups)
    cdef ptrdiff_t panels = ceil_div(nc, ks.nr), panel, group, j, n
    for panel in prange(
            g.groups * panels, num_threads=threads_for(<double> k * g.oc), schedule="static"):
        group, j = panel // panels, panel % panels * ks.nr
        n = smaller(ks.nr, nc - j)
        ks.pack_panel(
            k, n, round_up(n, ks.vl), w + group * nc + j, g.oc, 1,
            out + group * k * round_up(nc, ks.vl) + j * k)


cdef size_t _packed(const geometry *g) noexcept nogil:
    """Floats of the packed weights."""
    return g.groups * packed_floats(g.kh * g.kw, g.ic // g.groups, g.oc // g.groups)


cdef int _direct(
    const geometry *g, const float *x, const uint8_t *bytes, float scale, float offset,
    const float *w, const float *kept, const float *bias, float *y, int act
) noexcept nogil:
    cdef correlation p
    cdef ptrdiff_t i, j, n_taps = g.kh * g.kw
    cdef ptrdiff_t kc = g.ic // g.groups, nc = g.oc // g.groups
    cdef size_t weight_floats = _packed(g) if kept == NULL else 0
    cdef float *packed = <float *> scratch(
        FC_TEAM, sizeof(float) * weight_floats + 2 * sizeof(ptrdiff_t) * (n_taps + 8))
    cdef ptrdiff_t *taps
    if packed == NULL:
        return -1
    taps = <ptrdiff_t *> (packed + round_up(weight_floats, 2))
    if kept == NULL:
        _pack(g, w, packed)
        kept = packed
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
    p.n_taps, p.tap_r, p.tap_c, p.weights = n_taps, taps, taps + n_taps, kept
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


cdef void _set_winograd(winograd_pass *p, const geometry *g, const float *w) noexcept nogil:
    p.mb, p.kc, p.nc = g.mb, g.ic, g.oc
    set_axes(
        &p.h, &p.w, g.kh, g.kw, g.sh, g.sw, g.pt, g.pl, g.ih, g.iw, g.oh, g.ow, g.ic, g.oc,
        turned=False)
    p.weights, p.kept = w, NULL


cdef int _winograd(
    const geometry *g, const float *x, const float *w, const float *kept, const float *bias, float *y,
    int act, bint pool, uint8_t *argmax, bint by_slices
) noexcept nogil:
    cdef winograd_pass p
    _set_winograd(&p, g, w)
    p.source, p.to, p.kept = x, y, kept
    p.pool, p.unpool, p.argmax, p.by_slices = pool, False, argmax, by_slices
    p.ep.alpha, p.ep.beta, p.ep.bias, p.ep.act = 1, 0, bias, act
    return winograd_correlate(&p)


cdef class Conv2DFwd(Conv2DKernel):
    """The forward pass; arguments as in `Conv2DKernel`, and activation "none" or "relu"."""

    cdef int act

    def __init__(self, *, str activation="none", **how):
        super().__init__(**how)
        self.act = activation_code(activation)

    cdef ptrdiff_t _kept_floats(self) noexcept:
        cdef geometry g = self.g
        cdef winograd_pass p
        if self.chosen == WINOGRAD:
            _set_winograd(&p, &g, NULL)
            return p.h.points * p.w.points * filter_slice(&p, matmul_table())
        return _packed(&g) if self.chosen == DIRECT and not tiles_the_map(&g) else 0

    cdef const float *_kept(self, const float[::1] kept) except? NULL:
        if kept is None:
            return NULL
        if kept.shape[0] != self._kept_floats() or kept.shape[0] == 0:
            raise ValueError(
                f"conv2d: kept is what `keep` returned, on the same instruction-set level; received "
                f"{kept.shape[0]} elements, not {self._kept_floats()}")
        return &kept[0]

    def keep(self, const float[:, :, :, ::1] w):
        """The weights as the kernel reads them, a float32 array for `run`; None if just as they are.

        It belongs to this kernel, and to the instruction-set level in use.
        """
        cdef geometry g = self.g
        cdef winograd_pass p
        cdef ptrdiff_t n = self._kept_floats()
        cdef const float *found
        cdef float[::1] kept
        expect_weights("conv2d", &g, w.shape)
        if n == 0:
            return None
        kept = array = np.empty(n, np.float32)
        with nogil:
            if self.chosen == DIRECT:
                _pack(&g, &w[0, 0, 0, 0], &kept[0])
                found = &kept[0]
            else:
                _set_winograd(&p, &g, &w[0, 0, 0, 0])
                found = transform_filters(&p, matmul_table(), threads_for(<double> 9 * n))
                if found != NULL:
                    memcpy(&kept[0], found, sizeof(float) * n)
        if found == NULL:
            raise MemoryError(f"{self.where}: no memory for the transformed weights")
        return array

    def run(
        self, const float[:, :, :, ::1] x, const float[:, :, :, ::1] w, const float[::1] b,
        float[:, :, :, ::1] y, uint8_t[:, :, :, ::1] argmax=None, const float[::1] kept=None,
    ):
        """x (mb, ih, iw, ic), w (kh, kw, ic/groups, oc), b (oc) or None; writes y (mb, oh, ow, oc).

        `kept` is what `keep` returned for w. With pooling, y is (mb, oh//2, ow//2, oc), and so is
        argmax, unless None: the row-major index of the maximum in its window, or 4 if ReLU zeroes the
        whole window.
        """
        cdef geometry g = self.g
        cdef uint8_t *winners = NULL
        cdef const float *bias
        cdef const float *laid_out
        cdef int failed
        expect_fwd(&g, self.pool, x.shape, w.shape, y.shape)
        laid_out = self._kept(kept)
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
                    &g, &x[0, 0, 0, 0], &w[0, 0, 0, 0], laid_out, bias, &y[0, 0, 0, 0], self.act,
                    self.pool, winners, self.by_slices)
            elif self.chosen == GEMM:
                failed = _gemm(&g, &x[0, 0, 0, 0], &w[0, 0, 0, 0], bias, &y[0, 0, 0, 0], self.act)
            elif tiles_the_map(&g):
                failed = patches_fwd(
                    &g, &x[0, 0, 0, 0], &w[0, 0, 0, 0], bias, &y[0, 0, 0, 0], self.act)
            else:
                failed = _direct(
                    &g, &x[0, 0, 0, 0], NULL, 1, 0, &w[0, 0, 0, 0], laid_out, bias,
                    &y[0, 0, 0, 0], self.act)
        if failed:
            raise MemoryError(f"{self.where}: no memory for the packed weights")

    def run_bytes(
        self, const uint8_t[:, :, :, ::1] x, float scale, float offset,
        const float[:, :, :, ::1] w, const float[::1] b, float[:, :, :, ::1] y,
        const float[::1] kept=None,
    ):
        """`run` for scale * x + offset, which is converted block by block ("direct" only)."""
        cdef geometry g = self.g
        cdef const float *bias
        cdef const float *laid_out
        cdef int failed
        if self.chosen != DIRECT:
            raise ValueError(f"conv2d: bytes need algo 'direct'; received {self.algo!r}")
        expect_fwd(&g, False, x.shape, w.shape, y.shape)
        laid_out = self._kept(kept)
        bias = bias_in(&g, b)
        if g.mb == 0:
            return
        with nogil:
            failed = _direct(
                &g, NULL, &x[0, 0, 0, 0], scale, offset, &w[0, 0, 0, 0], laid_out, bias,
                &y[0, 0, 0, 0], self.act)
        if failed:
            raise MemoryError(f"{self.where}: no memory for the packed weights")
