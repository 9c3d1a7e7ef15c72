"""Convolution, backward to the data: dx[n, h, v, k] = sum over i, j, o and all (r, c) with
r*sh - pt + i*dh = h, c*sw - pl + j*dw = v of dy[n, r, c, o] * w[i, j, k, o].

The pixels of dx fall into sh*sw classes (h mod sh, v mod sw). All pixels of a class receive the
same taps at the same offsets, so each class is a correlation of dy with stride 1 and flipped
filters. Pixels that receive no tap are zero. With few input channels `_columns.pyx` is used
instead.
"""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t
from libc.string cimport memset

from cython.parallel cimport prange

from fastconv.kernels._isa cimport FC_TEAM, scratch
from fastconv.kernels._sizes cimport ceil_div, round_up, smaller
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.convolution._columns cimport bwd_data_columns
from fastconv.kernels.convolution._direct cimport correlate, correlation, packed_floats
from fastconv.kernels.convolution._geometry cimport (
    GEMM, WINOGRAD, Conv2DKernel, expect_bwd_data, geometry, winners_in,
)
from fastconv.kernels.convolution._patches cimport patches_bwd_data, tiles_the_map
from fastconv.kernels.matmul._table_matmul cimport fc_matmul, matmul_table
from fastconv.kernels.matmul.gemm cimport gemm_parallel, product
from fastconv.kernels.winograd._correlate_blocks cimport winograd_correlate
from fastconv.kernels.winograd._parts cimport set_axes
from fastconv.kernels.winograd._stages cimport winograd_pass

cdef ptrdiff_t FEW_CHANNELS = 8


cdef void _pack(
    const geometry *g, const float *w, ptrdiff_t n_taps, const ptrdiff_t *tap, float *out
) noexcept nogil:
    """The transposed matrices of the listed taps (i*kw + j), per group and panel."""
    cdef const fc_matmul *ks = matmul_table()
    cdef ptrdiff_t kc = g.oc // g.groups, nc = g.ic // g.groups
    cdef ptrdiff_t panels = ceil_div(nc, ks.nr), task, panel, group, j, t, n, width
    for task in prange(
            g.groups * panels * n_taps, num_threads=threads_for(<double> n_taps * kc * g.ic),
            schedule="static"):
        panel, t = task // n_taps, task % n_taps
        group, j = panel // panels, panel % panels * ks.nr
        n = smaller(ks.nr, nc - j)
        width = round_up(n, ks.vl)
        ks.pack_panel(
            kc, n, width, w + (tap[t] * nc + j) * g.oc + group * kc, 1, g.oc,
            out + n_taps * kc * (group * round_up(nc, ks.vl) + j) + t * kc * width)


cdef int _class(
    const geometry *g, const float *dy, const float *w, float *dx, ptrdiff_t a, ptrdiff_t b
) noexcept nogil:
    """The pixels (r*sh + a, c*sw + b) of dx."""
    cdef correlation p
    cdef ptrdiff_t i, j, at, least_r = 0, least_c = 0, most = g.kh * g.kw
    cdef ptrdiff_t kc = g.oc // g.groups, nc = g.ic // g.groups
    cdef size_t weight_floats = g.groups * packed_floats(most, kc, nc)
    cdef float *packed = <float *> scratch(
        FC_TEAM, sizeof(float) * weight_floats + sizeof(ptrdiff_t) * (3 * most + 8))
    cdef ptrdiff_t *tap_r
    cdef ptrdiff_t *tap_c
    cdef ptrdiff_t *tap
    if packed == NULL:
        return -1
    tap_r = <ptrdiff_t *> (packed + round_up(weight_floats, 2))
    tap_c, tap = tap_r + most, tap_r + 2 * most
    at = 0
    # flipped filters: descending i and j give ascending offsets, so that adjacent taps can merge
    for i from g.kh > i >= 0:
        for j from g.kw > j >= 0:
            if (a + g.pt - i * g.dh) % g.sh == 0 and (b + g.pl - j * g.dw) % g.sw == 0:
                tap_r[at] = (a + g.pt - i * g.dh) // g.sh
                tap_c[at] = (b + g.pl - j * g.dw) // g.sw
                tap[at] = i * g.kw + j
                if at == 0:
                    least_r, least_c = tap_r[0], tap_c[0]
                at += 1
    for i in range(at):
        tap_r[i] -= least_r
        tap_c[i] -= least_c
    _pack(g, w, at, tap, packed)
    p.mb, p.groups, p.kc, p.nc = g.mb, g.groups, kc, nc
    p.bytes = NULL
    p.source, p.ih, p.iw = dy, g.oh, g.ow
    p.to, p.to_h, p.to_w = dx, g.ih, g.iw
    p.oh, p.ow = ceil_div(g.ih - a, g.sh), ceil_div(g.iw - b, g.sw)
    p.step_r, p.step_c, p.first_r, p.first_c = g.sh, g.sw, a, b
    p.rs, p.cs, p.top, p.left = 1, 1, -least_r, -least_c
    p.n_taps, p.tap_r, p.tap_c, p.weights = at, tap_r, tap_c, packed
    p.ep.alpha, p.ep.beta, p.ep.bias, p.ep.act = 1, 0, NULL, 0
    return correlate(&p)


cdef bint _is_touched(
    ptrdiff_t a, ptrdiff_t pad, ptrdiff_t taps, ptrdiff_t dilation, ptrdiff_t stride
) noexcept nogil:
    """Whether any tap along an axis contributes to the class a of that axis."""
    cdef ptrdiff_t i
    for i in range(taps):
        if (a + pad - i * dilation) % stride == 0:
            return True
    return False


cdef void _clear(const geometry *g, float *dx) noexcept nogil:
    cdef ptrdiff_t n, floats = g.ih * g.iw * g.ic
    cdef int team = threads_for(<double> g.mb * floats)
    for n in prange(g.mb, num_threads=team, schedule="static"):
        memset(dx + n * floats, 0, sizeof(float) * floats)


cdef int _direct(const geometry *g, const float *dy, const float *w, float *dx) noexcept nogil:
    cdef ptrdiff_t a, b
    cdef bint cleared = False
    if g.ic <= FEW_CHANNELS and g.groups == 1:
        return bwd_data_columns(g, dy, w, dx)
    for a in range(smaller(g.sh, g.ih)):
        for b in range(smaller(g.sw, g.iw)):
            if (_is_touched(a, g.pt, g.kh, g.dh, g.sh) and _is_touched(b, g.pl, g.kw, g.dw, g.sw)):
                continue
            if not cleared:
                _clear(g, dx)
            cleared = True
    for a in range(smaller(g.sh, g.ih)):
        for b in range(smaller(g.sw, g.iw)):
            if (_is_touched(a, g.pt, g.kh, g.dh, g.sh) and _is_touched(b, g.pl, g.kw, g.dw, g.sw)
                    and _class(g, dy, w, dx, a, b)):
                return -1
    return 0


cdef int _gemm(const geometry *g, const float *dy, const float *w, float *dx) noexcept nogil:
    """dx = dy (mb*oh*ow, oc) @ w^T (oc, kh*kw*ic), a row being a pixel or a whole image of dx."""
    cdef product p
    p.m, p.k, p.n = g.mb * g.oh * g.ow, g.oc, g.kh * g.kw * g.ic
    p.a, p.a_rs, p.a_cs = dy, g.oc, 1
    p.b, p.b_rs, p.b_cs = w, 1, g.oc
    p.c, p.ldc = dx, p.n
    p.ep.alpha, p.ep.beta, p.ep.bias, p.ep.act = 1, 0, NULL, 0
    p.gradient = False  # it is also the forward pass of a transposed convolution
    return gemm_parallel(&p)


cdef int _winograd(
    const geometry *g, const float *dy, const uint8_t *argmax, const float *w, float *dx,
    bint by_slices
) noexcept nogil:
    """A correlation of dy with flipped filters; dx's border is cropped where x's was padded."""
    cdef winograd_pass p
    p.kept = NULL
    p.mb, p.kc, p.nc = g.mb, g.oc, g.ic
    set_axes(
        &p.h, &p.w, g.kh, g.kw, g.sh, g.sw, g.pt, g.pl, g.ih, g.iw, g.oh, g.ow, g.oc, g.ic,
        turned=True)
    p.source, p.to, p.weights = dy, dx, w
    p.pool, p.unpool, p.argmax, p.by_slices = False, argmax != NULL, <uint8_t *> argmax, by_slices
    p.ep.alpha, p.ep.beta, p.ep.bias, p.ep.act = 1, 0, NULL, 0
    return winograd_correlate(&p)


cdef class Conv2DBwdData(Conv2DKernel):
    """Backward to the data; constructor arguments as in `Conv2DKernel`."""

    def __init__(self, *, str where="conv2d_backward", **how):
        super().__init__(where=where, **how)

    def run(
        self, const float[:, :, :, ::1] dy, const float[:, :, :, ::1] w, float[:, :, :, ::1] dx,
        const uint8_t[:, :, :, ::1] argmax=None,
    ):
        """dy (mb, oh, ow, oc), w (kh, kw, ic/groups, oc); dx (mb, ih, iw, ic) is written.

        With pooling, dy is the gradient of the pooled y, (mb, oh//2, ow//2, oc), and argmax that of
        the forward pass.
        """
        cdef geometry g = self.g
        cdef const uint8_t *winners
        cdef int failed
        expect_bwd_data(&g, self.pool, dy.shape, w.shape, dx.shape)
        winners = winners_in(&g, self.pool, argmax)
        if g.mb == 0:
            return
        with nogil:
            if self.chosen == WINOGRAD:
                failed = _winograd(
                    &g, &dy[0, 0, 0, 0], winners, &w[0, 0, 0, 0], &dx[0, 0, 0, 0],
                    self.by_slices)
            elif self.chosen == GEMM:
                failed = _gemm(&g, &dy[0, 0, 0, 0], &w[0, 0, 0, 0], &dx[0, 0, 0, 0])
            elif tiles_the_map(&g):
                failed = patches_bwd_data(
                    &g, &dy[0, 0, 0, 0], &w[0, 0, 0, 0], &dx[0, 0, 0, 0])
            else:
                failed = _direct(&g, &dy[0, 0, 0, 0], &w[0, 0, 0, 0], &dx[0, 0, 0, 0])
        if failed:
            raise MemoryError(f"{self.where}: no memory for the packed weights")
