from libc.stddef cimport ptrdiff_t

from fastconv.kernels._isa cimport fc_kernels, kernels


cdef extern from "table_activations.h" nogil:
    enum:
        FC_N_ACTIVATIONS

    ctypedef struct fc_activation:
        const char *name
        int from_output
        void fwd(ptrdiff_t n, const float *x, float *y, const float *p) noexcept nogil
        void bwd(
            ptrdiff_t n, const float *dy, const float *s, float *dx, const float *p) noexcept nogil

    ctypedef struct fc_activations:
        const fc_activation *functions
        void prelu_fwd(
            ptrdiff_t rows, ptrdiff_t n, const float *x, const float *a, float *y) noexcept nogil
        void prelu_bwd(
            ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *x, const float *a,
            float *dx, float *da) noexcept nogil
        void softmax_fwd(ptrdiff_t rows, ptrdiff_t n, const float *x, float *y) noexcept nogil
        void softmax_bwd(
            ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *y, float *dx) noexcept nogil


cdef extern from "fastconv.h" nogil:
    const fc_activations *fc_activations_of(const fc_kernels *k)


cdef inline const fc_activations *activations_table() noexcept nogil:
    return fc_activations_of(kernels())
