"""Convolution, backward to the weights and the bias.

dw[i, j, k, o] = sum over n, r, c of x[n, r*sh - pt + i*dh, c*sw - pl + j*dw, k] * dy[n, r, c, o], db[o] = sum dy.
"""

from libc.stdint cimport uint8_t

from fastconv.kernels.convolution._direct_weights cimport bwd_weights_direct
from fastconv.kernels.convolution._geometry cimport (
    DIRECT, GEMM, WINOGRAD, Conv2DKernel, bias_out, clear_weights, expect_bwd_weights, geometry, winners_in,
)
from fastconv.kernels.convolution._patches cimport patches_bwd_weights, tiles_the_map
from fastconv.kernels.matmul._outer cimport outer, outer_fits, outer_parallel
from fastconv.kernels.matmul.gemm cimport gemm_parallel, product
from fastconv.kernels.winograd._weights_blocks cimport winograd_bwd_weights


cdef int _gemm(const geometry *g, const float *x, const float *dy, float *dw, float *db) noexcept nogil:
    """dw = x^T (kh*kw*ic, mb*oh*ow) @ dy (mb*oh*ow, oc), a row of x a pixel or a whole image."""
    cdef product p
    cdef outer o
    cdef float one = 1
    o.m, o.n, o.k = g.kh * g.kw * g.ic, g.oc, g.mb * g.oh * g.ow
    o.a, o.lda, o.b, o.ldb, o.c, o.ldc = x, o.m, dy, o.n, dw, o.n
    o.run, o.jump = 0, 0
    o.ep.alpha, o.ep.beta, o.ep.bias, o.ep.act = 1, 0, NULL, 0
    o.sums, o.any_order = db, True
    if outer_fits(o.m, o.n, o.k, True):
        return outer_parallel(&o)
    if db != NULL:  # a row of ones times dy
        o.m, o.a, o.lda, o.c, o.sums = 1, &one, 0, db, NULL
        if outer_parallel(&o):
            return -1
    p.m, p.n, p.k = g.kh * g.kw * g.ic, g.oc, g.mb * g.oh * g.ow
    p.a, p.a_rs, p.a_cs, p.b, p.b_rs, p.b_cs = x, 1, p.m, dy, p.n, 1
    p.c, p.ldc, p.ep, p.gradient = dw, p.n, o.ep, True
    return gemm_parallel(&p)


cdef class Conv2DBwdWeights(Conv2DKernel):
    """Backward to weights and bias; constructor arguments as in `Conv2DKernel`.

    """

    def __init__(self, *, str where="conv2d_backward", **how):
        super().__init__(where=where, **how)

    def run(
        self, const float[:, :, :, ::1] x, const float[:, :, :, ::1] dy,
        float[:, :, :, ::1] dw, float[::1] db, const uint8_t[:, :, :, ::1] argmax=None,
    ):
        """x (mb, ih, iw, ic), dy (mb, oh, ow, oc).

        dw (kh, kw, ic/groups, oc) and db (oc) or None are written. With pooling, dy is the gradient
        of the pooled y, (mb, oh//2, ow//2, oc), and argmax that of the forward pass.
        """
        cdef geometry g = self.g
        cdef const uint8_t *winners
        cdef float *bias
        cdef int failed
        expect_bwd_weights(&g, self.pool, x.shape, dy.shape, dw.shape)
        winners = winners_in(&g, self.pool, argmax)
        bias = bias_out(&g, db)
        if g.mb == 0:
            clear_weights(dw, db)
            return
        with nogil:
            if self.chosen == WINOGRAD:
                failed = winograd_bwd_weights(
                    &g, &x[0, 0, 0, 0], &dy[0, 0, 0, 0], winners, &dw[0, 0, 0, 0], bias,
                    self.by_slices)
            elif self.chosen == GEMM:
                failed = _gemm(&g, &x[0, 0, 0, 0], &dy[0, 0, 0, 0], &dw[0, 0, 0, 0], bias)
            elif tiles_the_map(&g):
                failed = patches_bwd_weights(
                    &g, &x[0, 0, 0, 0], &dy[0, 0, 0, 0], &dw[0, 0, 0, 0], bias)
            else:
                failed = bwd_weights_direct(
                    &g, &x[0, 0, 0, 0], NULL, 1, 0, &dy[0, 0, 0, 0], &dw[0, 0, 0, 0], bias)
        if failed:
            raise MemoryError(f"{self.where}: no memory for the partial sums")

    def run_bytes(
        self, const uint8_t[:, :, :, ::1] x, float scale, float offset,
        const float[:, :, :, ::1] dy, float[:, :, :, ::1] dw, float[::1] db,
    ):
        """`run` for scale * x + offset, which is converted block by block ("direct" only)."""
        cdef geometry g = self.g
        cdef float *bias
        cdef int failed
        if self.chosen != DIRECT:
            raise ValueError(f"conv2d_backward: bytes need algo 'direct'; received {self.algo!r}")
        expect_bwd_weights(&g, False, x.shape, dy.shape, dw.shape)
        bias = bias_out(&g, db)
        if g.mb == 0:
            clear_weights(dw, db)
            return
        with nogil:
            failed = bwd_weights_direct(
                &g, NULL, &x[0, 0, 0, 0], scale, offset, &dy[0, 0, 0, 0], &dw[0, 0, 0, 0], bias)
        if failed:
            raise MemoryError(f"{self.where}: no memory for the partial sums")
