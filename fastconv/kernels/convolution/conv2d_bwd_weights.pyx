"""Convolution, backward to the weights and the bias.

dw[i, j, k, o] = sum over n, r, c of x[n, r*sh - pt + i*dh, c*sw - pl + j*dw, k] * dy[n, r, c, o], db[o] = sum dy.
"""

from libc.stdint cimport uint8_t

from fastconv.kernels.convolution._direct_weights cimport bwd_weights_direct
from fastconv.kernels.convolution._geometry cimport (
    DIRECT, WINOGRAD, Conv2DKernel, bias_out, clear_weights, expect_bwd_weights, geometry, winners_in,
)
from fastconv.kernels.winograd._weights_blocks cimport winograd_bwd_weights


cdef class Conv2DBwdWeights(Conv2DKernel):
    """Backward to weights and bias; constructor arguments as in `Conv2DKernel`.

    algo "gemm" runs the direct kernel, which is already a matrix product.
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
