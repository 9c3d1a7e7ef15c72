"""Base of the depthwise convolution kernels: window positions, and the loop over rows."""

from cython.parallel cimport parallel, prange

from fastconv.kernels._blocks cimport blocks_of
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.convolution._geometry cimport set_geometry
from fastconv.kernels.depthwise._table_depthwise cimport (
    depthwise_table, fc_depthwise, fc_stretch, fc_taps,
)


cdef ptrdiff_t cut(axis *a, fc_stretch *room) noexcept nogil:
    cdef ptrdiff_t t, first, last, n = 0
    a.stretches = room
    for t in range(a.n):
        first, last = first_inside(a, t), last_inside(a, t)
        if last < first:  # the whole window is outside
            first = last = 0
        if n and room[n - 1].first == first and room[n - 1].last == last:
            room[n - 1].end = t + 1
        else:
            room[n].begin, room[n].end, room[n].first, room[n].last = t, t + 1, first, last
            n += 1
    a.n_stretches = n
    return n


cdef class DepthwiseKernel:
    """One depthwise convolution, one filter per channel; arguments as in `Conv2DKernel`."""

    def __init__(
        self, *, ptrdiff_t ih, ptrdiff_t iw, ptrdiff_t ic, ptrdiff_t oc, ptrdiff_t kh, ptrdiff_t kw,
        ptrdiff_t sh=1, ptrdiff_t sw=1, ptrdiff_t dh=1, ptrdiff_t dw=1, ptrdiff_t pt=0,
        ptrdiff_t pl=0, ptrdiff_t oh, ptrdiff_t ow, ptrdiff_t groups=1, str algo="depthwise",
        bint pool=False, str where="conv2d",
    ):
        set_geometry(&self.g, ih, iw, ic, oc, kh, kw, sh, sw, dh, dw, pt, pl, oh, ow, groups, where)
        if groups != ic or oc != ic:
            raise ValueError(
                f"{where}: algo 'depthwise' is for one filter for each channel, as many groups as "
                f"channels; received {groups} groups, {ic} channels, {oc} filters")
        if algo != "depthwise" or pool:
            raise ValueError(f"{where}: algo must be 'depthwise', without pooling; received {algo!r}")
        self.algo, self.where = algo, where


cdef void depthwise_pass(
        const axis *rows, ptrdiff_t n_rows, const axis *columns, ptrdiff_t n_columns, ptrdiff_t kw,
        ptrdiff_t mb, ptrdiff_t c, const float *source, ptrdiff_t h, ptrdiff_t w,
        const float *weights, const float *bias, int act, float *to, ptrdiff_t to_h,
        ptrdiff_t to_w) noexcept nogil:
    cdef const fc_depthwise *ks = depthwise_table()
    # all channels in one task, unless there are too few rows for all threads
    cdef ptrdiff_t nc = c if mb * to_h >= 32 else 64
    cdef ptrdiff_t parts = blocks_of(c, nc)
    cdef ptrdiff_t i, image, r, c0, t
    cdef unsigned state = 0
    cdef double work = 1.0 * mb * to_h * to_w * c * (4 + rows.k * columns.k)
    with parallel(num_threads=threads_for(work)):
        state = flush_denormals()
        for i in prange(mb * to_h * parts, schedule="static"):
            c0 = i % parts * nc
            image, r = i // parts // to_h, i // parts % to_h
            t = r // n_rows
            _row(
                ks, &rows[r % n_rows], t, columns, n_columns, kw, c, min(nc, c - c0),
                source + image * h * w * c + c0, w, weights + c0,
                bias if bias == NULL else bias + c0, act,
                to + (image * to_h + r) * to_w * c + c0)
        restore_denormals(state)


cdef void _row(
        const fc_depthwise *ks, const axis *a, ptrdiff_t t, const axis *columns, ptrdiff_t n_columns,
        ptrdiff_t kw, ptrdiff_t c, ptrdiff_t nc, const float *source, ptrdiff_t w,
        const float *weights, const float *bias, int act, float *to) noexcept nogil:
    cdef ptrdiff_t i0 = first_inside(a, t), i1 = last_inside(a, t), j, k
    cdef const float *line = source + (t * a.s + a.o + i0 * a.d) * w * c
    cdef const float *filters = weights + (a.w0 + i0 * a.ws) * kw * c
    cdef const axis *b
    cdef const fc_stretch *s
    cdef fc_taps taps
    taps.xi, taps.wi = a.d * w * c, a.ws * kw * c
    for j in range(n_columns):
        b = &columns[j]
        taps.xj, taps.wj = b.d * c, b.ws * c
        for k in range(b.n_stretches):
            s = &b.stretches[k]
            taps.ni, taps.nj = max(i1 - i0, 0), s.last - s.first
            if not taps.ni or not taps.nj:
                taps.ni = taps.nj = 0
            ks.row(
                s.end - s.begin, nc, &taps,
                line + (s.begin * b.s + b.o + s.first * b.d) * c, b.s * c,
                filters + (b.w0 + s.first * b.ws) * c, bias, act,
                to + (b.first + s.begin * b.step) * c, b.step * c)
