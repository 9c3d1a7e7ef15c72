"""Convolution, backward to the weights and the bias.

dw[i, j, k, o] = sum over n, r, c of x[n, r*sh - pt + i*dh, c*sw - pl + j*dw, k] * dy[n, r, c, o], db[o] = sum dy.
"""

from libc.stdint cimport uint8_t

from fastconv.kernels.convolution._direct_weights cimport bwd_weights_direct
from fastconv.kernels.convolution._geometry cimport (
    DIRECT, WINOGRAD, algorithm, check_pool, expect, geometry, set_algorithm, set_geometry,
)
from fastconv.kernels.winograd._weights_blocks cimport winograd_bwd_weights


cdef class Conv2DBwdWeights:
    """One convolution's gradients of weights and bias; the batch size comes with the arrays.

    `algo` is "direct" (every geometry), "gemm" (1x1 with stride 1, or kernels of x's size; one group:
    here the direct kernel is already a matrix product) or "winograd" (3x3 with stride 1, no dilation
    and one group). With `pool`, dy is that of y max-pooled, 2x2 with stride 2 ("winograd" only).
    """

    cdef geometry g
    cdef algorithm chosen
    cdef bint pool
    cdef readonly str algo

    def __init__(
        self, *, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic, ptrdiff_t oc, ptrdiff_t kh, ptrdiff_t kw,
        ptrdiff_t sh=1, ptrdiff_t sw=1, ptrdiff_t dh=1, ptrdiff_t dw=1, ptrdiff_t pt=0,
        ptrdiff_t pl=0, ptrdiff_t oh, ptrdiff_t ow, ptrdiff_t groups=1, str algo="direct",
        bint pool=False,
    ):
        set_geometry(&self.g, ih, iw, ic, oc, kh, kw, sh, sw, dh, dw, pt, pl, oh, ow, groups)
        self.chosen = set_algorithm(&self.g, algo)
        if pool:
            check_pool(&self.g, self.chosen)
        self.pool = pool
        self.algo = algo

    def run(
        self, const float[:, :, :, ::1] x, const float[:, :, :, ::1] dy,
        float[:, :, :, ::1] dw, float[::1] db, const uint8_t[:, :, :, ::1] argmax=None,
    ):
        """x (mb, ih, iw, ic), dy (mb, oh, ow, oc).

        dw (kh, kw, ic/groups, oc) and db (oc) or None are written. With pooling dy is the gradient
        of the pooled y, (mb, oh//2, ow//2, oc), and argmax what the forward pass kept.
        """
        cdef geometry g = self.g
        cdef ptrdiff_t shrink = 2 if self.pool else 1
        cdef const uint8_t *winners = NULL
        cdef int failed
        cdef float *bias = NULL
        g.mb = x.shape[0]
        expect("conv2d_backward", "x", g.mb, g.ih, g.iw, g.ic, x.shape)
        expect("conv2d_backward", "dy", g.mb, g.oh // shrink, g.ow // shrink, g.oc, dy.shape)
        if self.pool:
            if argmax is None:
                raise ValueError("conv2d_backward: pooling needs the argmax of the forward pass")
            expect(
                "conv2d_backward", "argmax", g.mb, g.oh // 2, g.ow // 2, g.oc, argmax.shape)
            if g.mb:
                winners = &argmax[0, 0, 0, 0]
        expect("conv2d_backward", "dw", g.kh, g.kw, g.ic // g.groups, g.oc, dw.shape)
        if db is not None:
            if db.shape[0] != g.oc:
                raise ValueError(
                    f"conv2d_backward: db must have {g.oc} elements; received {db.shape[0]}")
            bias = &db[0]
        if g.mb == 0:
            dw[...] = 0
            if db is not None:
                db[...] = 0
            return
        with nogil:
            if self.chosen == WINOGRAD:
                failed = winograd_bwd_weights(
                    &g, &x[0, 0, 0, 0], &dy[0, 0, 0, 0], winners, &dw[0, 0, 0, 0], bias)
            else:
                failed = bwd_weights_direct(
                    &g, &x[0, 0, 0, 0], NULL, 1, 0, &dy[0, 0, 0, 0], &dw[0, 0, 0, 0], bias)
        if failed:
            raise MemoryError("conv2d_backward: no memory for the partial sums")

    def run_bytes(
        self, const uint8_t[:, :, :, ::1] x, float scale, float offset,
        const float[:, :, :, ::1] dy, float[:, :, :, ::1] dw, float[::1] db,
    ):
        """`run` for scale * x + offset, which is never stored as a whole ("direct" only)."""
        cdef geometry g = self.g
        cdef float *bias = NULL
        cdef int failed
        if self.chosen != DIRECT:
            raise ValueError(f"conv2d_backward: bytes need algo 'direct'; received {self.algo!r}")
        g.mb = x.shape[0]
        expect("conv2d_backward", "x", g.mb, g.ih, g.iw, g.ic, x.shape)
        expect("conv2d_backward", "dy", g.mb, g.oh, g.ow, g.oc, dy.shape)
        expect("conv2d_backward", "dw", g.kh, g.kw, g.ic // g.groups, g.oc, dw.shape)
        if db is not None:
            if db.shape[0] != g.oc:
                raise ValueError(
                    f"conv2d_backward: db must have {g.oc} elements; received {db.shape[0]}")
            bias = &db[0]
        if g.mb == 0:
            dw[...] = 0
            if db is not None:
                db[...] = 0
            return
        with nogil:
            failed = bwd_weights_direct(
                &g, NULL, &x[0, 0, 0, 0], scale, offset, &dy[0, 0, 0, 0], &dw[0, 0, 0, 0], bias)
        if failed:
            raise MemoryError("conv2d_backward: no memory for the partial sums")
