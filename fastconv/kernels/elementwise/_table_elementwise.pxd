from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from fastconv.kernels._isa cimport fc_kernels, kernels


cdef extern from "table_elementwise.h" nogil:
    ctypedef struct fc_dropout:
        uint64_t seed, step
        uint32_t threshold
        float scale

    ctypedef struct fc_elementwise:
        void relu_fwd(ptrdiff_t n, const float *x, float *y) noexcept nogil
        void relu_bwd(ptrdiff_t n, const float *dy, const float *y, float *dx) noexcept nogil
        void add(ptrdiff_t n, const float *x, const float *y, float *out) noexcept nogil
        void affine(ptrdiff_t n, const float *x, float *y, float scale, float offset) noexcept nogil
        void affine_u8(
            ptrdiff_t n, const uint8_t *x, float *y, float scale, float offset) noexcept nogil
        void bias_add(
            ptrdiff_t rows, ptrdiff_t n, const float *x, const float *b, float *y) noexcept nogil
        void sum_rows(
            ptrdiff_t rows, ptrdiff_t n, const float *x, ptrdiff_t ldx, float *sum) noexcept nogil
        void dropout(
            ptrdiff_t n, uint64_t first, const float *x, float *y,
            const fc_dropout *d) noexcept nogil


cdef extern from "fastconv.h" nogil:
    const fc_elementwise *fc_elementwise_of(const fc_kernels *k)


cdef inline const fc_elementwise *elementwise_table() noexcept nogil:
    return fc_elementwise_of(kernels())
