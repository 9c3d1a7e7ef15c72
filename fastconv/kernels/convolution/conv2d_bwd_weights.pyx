"""Convolution, backward to the weights and the bias.

dw[i, j, k, o] = sum over n, r, c of x[n, r*sh - pt + i*dh, c*sw - pl + j*dw, k] * dy[n, r, c, o], db[o] = sum dy.
"""

from libc.stdint cimport uint8_t

from fastconv.kernels.convolution._direct_weights cimport bwd_weights_direct
from fastconv.kernels.convolution._geometry cimport (
    DIRECT, WINOGRAD, Conv2DKernel, expect, expect_channels, geometry, winners_of,
)
from fastconv.kernels.winograd._weights_blocks cimport winograd_bwd_weights


cdef class Conv2DBwdWeights(Conv2DKernel):
    """The gradients of weights and bias, made from what `Conv2DKernel` takes.

    With algo "gemm" the direct kernel runs, which is a matrix product already.
    """

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
            winners = winners_of(&g, argmax)
        expect("conv2d_backward", "dw", g.kh, g.kw, g.ic // g.groups, g.oc, dw.shape)
        if db is not None:
            expect_channels("conv2d_backward", "db", db.shape[0], g.oc)
            bias = &db[0]
        if g.mb == 0:
            dw[...] = 0
            if db is not None:
                db[...] = 0
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
            expect_channels("conv2d_backward", "db", db.shape[0], g.oc)
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
