from libc.stddef cimport ptrdiff_t

from fastconv.kernels._isa cimport fc_kernels, kernels


cdef extern from "table_pooling.h" nogil:
    ctypedef struct fc_pool:
        ptrdiff_t ih, iw, ic, oh, ow, kh, kw, sh, sw, pt, pl

    enum:
        FC_ARG_NONE
        FC_ARG_U8
        FC_ARG_I32

    enum:
        FC_COUNT_INSIDE
        FC_COUNT_ALL
        FC_COUNT_ONE

    ctypedef struct fc_pooling:
        void max_fwd_row(
            const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *x, float *y,
            int kind, void *arg) noexcept nogil
        void max_bwd_row(
            const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *dy,
            int kind, const void *arg, float *dx) noexcept nogil
        void avg_fwd_row(
            const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, int divisor,
            const float *x, float *y) noexcept nogil
        void avg_bwd_row(
            const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, int divisor,
            const float *dy, float *dx) noexcept nogil
        void min_fwd_row(
            const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *x, float *y, int kind,
            void *arg) noexcept nogil
        void l2_fwd_row(
            const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *x, float *y) noexcept nogil
        void power(ptrdiff_t n, const float *x, float p, float *y) noexcept nogil
        void root(ptrdiff_t n, const float *x, float p, float *y) noexcept nogil
        void lp_share(
            ptrdiff_t n, const float *dy, const float *y, float p, float *share) noexcept nogil
        void lp_through(ptrdiff_t n, const float *x, float p, float *dx) noexcept nogil


cdef extern from "fastconv.h" nogil:
    const fc_pooling *fc_pooling_of(const fc_kernels *k)


cdef inline const fc_pooling *pooling_table() noexcept nogil:
    return fc_pooling_of(kernels())
