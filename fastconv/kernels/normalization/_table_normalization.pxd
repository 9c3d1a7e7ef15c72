from libc.stddef cimport ptrdiff_t

from fastconv.kernels._isa cimport fc_kernels, kernels


cdef extern from "table_normalization.h" nogil:
    ctypedef struct fc_norm:
        const float *mean
        const float *scale
        const float *shift
        float p[3]

    ctypedef struct fc_norm_gradient:
        const float *dy
        const float *more
        const float *x
        const float *y
        float *dz

    ctypedef struct fc_normalized:
        void fwd(
            ptrdiff_t rows, ptrdiff_t n, const fc_norm *q, const float *x, const float *add,
            float *y) noexcept nogil
        void sums(
            ptrdiff_t rows, ptrdiff_t n, const fc_norm *q, const fc_norm_gradient *g,
            ptrdiff_t at, float *sums) noexcept nogil

    ctypedef struct fc_normalization:
        void column_moments(
            ptrdiff_t rows, ptrdiff_t n, const float *x, float *mean,
            float *squares) noexcept nogil
        void norm_dx(
            ptrdiff_t rows, ptrdiff_t n, const float *dz, const float *x, const float *mean,
            const float *k, const float *to, float *dx) noexcept nogil
        const fc_normalized *normalized
        void row_moments(
            ptrdiff_t rows, ptrdiff_t n, const float *x, float *mean,
            float *variance) noexcept nogil
        void layer_norm_fwd(
            ptrdiff_t rows, ptrdiff_t n, const float *x, const float *mean, const float *inv,
            const float *gamma, const float *beta, float *y) noexcept nogil
        void layer_norm_bwd(
            ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *x, const float *mean,
            const float *inv, const float *gamma, float *dx, float *sums) noexcept nogil


cdef extern from "fastconv.h" nogil:
    const fc_normalization *fc_normalization_of(const fc_kernels *k)


cdef inline const fc_normalization *normalization_table() noexcept nogil:
    return fc_normalization_of(kernels())
