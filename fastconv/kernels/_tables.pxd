# The families of micro-kernels that have a table of their own, in the level in use.
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._isa cimport kernels

cdef extern from "table_activations.h" nogil:
    enum:
        FC_N_ACTIVATIONS

    ctypedef struct fc_activation:
        const char *name
        int from_output
        void fwd(ptrdiff_t n, const float *x, float *y, const float *p) noexcept nogil
        void bwd(
            ptrdiff_t n, const float *dy, const float *s, float *dx, const float *p) noexcept nogil

cdef extern from "table_channels.h" nogil:
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

    ctypedef struct fc_channels:
        void prelu_fwd(
            ptrdiff_t rows, ptrdiff_t n, const float *x, const float *a, float *y) noexcept nogil
        void prelu_bwd(
            ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *x, const float *a,
            float *dx, float *da) noexcept nogil
        void column_moments(
            ptrdiff_t rows, ptrdiff_t n, const float *x, float *mean,
            float *squares) noexcept nogil
        void norm_dx(
            ptrdiff_t rows, ptrdiff_t n, const float *dz, const float *x, const float *mean,
            const float *k, float *dx) noexcept nogil
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


cdef inline const fc_activation *activation_table() noexcept nogil:
    return <const fc_activation *> kernels().activations


cdef inline const fc_channels *channel_table() noexcept nogil:
    return <const fc_channels *> kernels().channels
