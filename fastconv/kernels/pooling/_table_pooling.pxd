from libc.stddef cimport ptrdiff_t


cdef extern from "fastconv.h" nogil:
    ctypedef struct fc_pool:
        ptrdiff_t ih, iw, ic, oh, ow, kh, kw, sh, sw, pt, pl


cdef extern from "table_pooling.h" nogil:
    enum:
        FC_COUNT_INSIDE
        FC_COUNT_ALL
        FC_COUNT_ONE

    ctypedef struct fc_pooling:
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
