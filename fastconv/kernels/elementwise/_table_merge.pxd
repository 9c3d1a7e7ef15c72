from libc.stddef cimport ptrdiff_t

from fastconv.kernels._isa cimport fc_kernels, kernels


cdef extern from "table_merge.h" nogil:
    ctypedef struct fc_merge:
        void multiply(ptrdiff_t n, const float *x, const float *y, float *out) noexcept nogil
        void subtract(ptrdiff_t n, const float *x, const float *y, float *out) noexcept nogil
        void maximum(ptrdiff_t n, const float *x, const float *y, float *out) noexcept nogil
        void minimum(ptrdiff_t n, const float *x, const float *y, float *out) noexcept nogil
        void maximum_bwd(
            ptrdiff_t n, const float *dy, const float *x, const float *y, int second,
            float *dx) noexcept nogil
        void minimum_bwd(
            ptrdiff_t n, const float *dy, const float *x, const float *y, int second,
            float *dx) noexcept nogil
        void scale(ptrdiff_t n, const float *x, float factor, float *out) noexcept nogil
        float dot(ptrdiff_t n, const float *x, const float *y) noexcept nogil
        void dot_rows(
            ptrdiff_t rows, ptrdiff_t n, const float *x, const float *y, ptrdiff_t ld,
            float *sum) noexcept nogil
        void mix(
            ptrdiff_t n, int count, const float **x, const float *w, float *out) noexcept nogil
        void spread(
            ptrdiff_t n, int count, const float *x, const float *w, float **y) noexcept nogil


cdef extern from "fastconv.h" nogil:
    const fc_merge *fc_merge_of(const fc_kernels *k)


cdef inline const fc_merge *merge_table() noexcept nogil:
    return fc_merge_of(kernels())
