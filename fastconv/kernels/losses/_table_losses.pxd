from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t

from fastconv.kernels._isa cimport fc_kernels, kernels


cdef extern from "table_losses.h" nogil:
    ctypedef struct fc_loss:
        int kind
        float scale, keep, add
        float *number

    ctypedef struct fc_losses:
        double softmax_cross_entropy(
            ptrdiff_t rows, ptrdiff_t n, const float *z, const int64_t *labels,
            const float *targets, const float *weights, float smoothing,
            float *p, float *dz) noexcept nogil
        double pointwise(
            ptrdiff_t rows, ptrdiff_t n, const float *y, const float *t, const float *weights,
            const fc_loss *loss, float *dy) noexcept nogil
        double probabilities(
            ptrdiff_t rows, ptrdiff_t n, const float *y, const float *t, const float *weights,
            const fc_loss *loss, float *dy) noexcept nogil


cdef extern from "fastconv.h" nogil:
    const fc_losses *fc_losses_of(const fc_kernels *k)


cdef inline const fc_losses *losses_table() noexcept nogil:
    return fc_losses_of(kernels())
