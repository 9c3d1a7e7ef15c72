from libc.stddef cimport ptrdiff_t

from fastconv.kernels._isa cimport fc_kernels, kernels


cdef extern from "table_depthwise.h" nogil:
    ctypedef struct fc_taps:
        ptrdiff_t ni, nj, xi, xj, wi, wj

    ctypedef struct fc_stretch:
        ptrdiff_t begin, end, first, last

    ctypedef struct fc_depthwise:
        void row(
            ptrdiff_t nq, ptrdiff_t nc, const fc_taps *t, const float *x, ptrdiff_t xs,
            const float *w, const float *bias, int act, float *y, ptrdiff_t ys) noexcept nogil
        void weights_row(
            ptrdiff_t n, const fc_stretch *stretches, ptrdiff_t nc, const fc_taps *t,
            const float *x, ptrdiff_t xs, const float *dy, ptrdiff_t ld, float *dw,
            float *db) noexcept nogil


cdef extern from "fastconv.h" nogil:
    const fc_depthwise *fc_depthwise_of(const fc_kernels *k)


cdef inline const fc_depthwise *depthwise_table() noexcept nogil:
    return fc_depthwise_of(kernels())
