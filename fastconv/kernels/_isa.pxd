from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from fastconv.kernels._table_depthwise cimport fc_depthwise
from fastconv.kernels._table_merge cimport fc_merge
from fastconv.kernels._table_optimizers cimport fc_optimizers
from fastconv.kernels._table_pooling cimport fc_pool, fc_pooling


cdef extern from "table_losses.h" nogil:
    ctypedef struct fc_loss:
        int kind
        float scale, keep, add
        float *number

    ctypedef struct fc_losses:
        double (*softmax_cross_entropy)(
            ptrdiff_t rows, ptrdiff_t n, const float *z, const int64_t *labels,
            const float *targets, const float *weights, float smoothing,
            float *p, float *dz) noexcept nogil
        double (*pointwise)(
            ptrdiff_t rows, ptrdiff_t n, const float *y, const float *t, const float *weights,
            const fc_loss *loss, float *dy) noexcept nogil
        double (*probabilities)(
            ptrdiff_t rows, ptrdiff_t n, const float *y, const float *t, const float *weights,
            const fc_loss *loss, float *dy) noexcept nogil


cdef extern from "fastconv.h" nogil:
    enum:
        FC_TEAM
        FC_TABLE
        FC_OWN
        FC_INNER

    enum:
        FC_ACT_NONE
        FC_ACT_RELU
        FC_ARG_NONE
        FC_ARG_U8
        FC_ARG_I32

    ctypedef struct fc_epilogue:
        float alpha
        float beta
        const float *bias
        int act

    ctypedef struct fc_dropout:
        uint64_t seed, step
        uint32_t threshold
        float scale

    ctypedef struct fc_kernels:
        const char *name
        int vl
        int mr
        int nr
        int gemm_mr
        void (*pack_panel)(
            ptrdiff_t k, ptrdiff_t n, ptrdiff_t width,
            const float *b, ptrdiff_t rs, ptrdiff_t cs, float *out) noexcept nogil
        void (*row_tile)(
            ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t n_taps, const float *a,
            const ptrdiff_t *rows, const ptrdiff_t *taps, const float *b,
            float *c, ptrdiff_t ldc, const fc_epilogue *ep) noexcept nogil
        void (*column_tile)(
            ptrdiff_t m, ptrdiff_t n, ptrdiff_t n_points, const float *a,
            const ptrdiff_t *points, const float *b, ptrdiff_t ldb,
            float *c, ptrdiff_t ldc, const fc_epilogue *ep) noexcept nogil
        void (*panel_product)(
            ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b,
            float *c, ptrdiff_t ldc) noexcept nogil
        void (*gemm_pack_a)(
            ptrdiff_t m, ptrdiff_t k, const float *a, ptrdiff_t rs, ptrdiff_t cs,
            float *out) noexcept nogil
        void (*gemm_pack_b)(
            ptrdiff_t k, ptrdiff_t n, const float *b, ptrdiff_t rs, ptrdiff_t cs,
            float *out) noexcept nogil
        void (*gemm_tile)(
            ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b,
            float *c, ptrdiff_t ldc, const fc_epilogue *ep) noexcept nogil
        void (*winograd_input)(
            const float *x, ptrdiff_t row, ptrdiff_t channels,
            float *v, ptrdiff_t fr, ptrdiff_t fc) noexcept nogil
        void (*winograd_filter)(
            const float *w, ptrdiff_t tap, ptrdiff_t n, ptrdiff_t width,
            float *u, ptrdiff_t fs) noexcept nogil
        void (*winograd_output)(
            const float *m, ptrdiff_t fr, ptrdiff_t fc, ptrdiff_t channels, const float *bias, int act,
            float *y, ptrdiff_t row, ptrdiff_t pixel, int rows, int columns) noexcept nogil
        void (*winograd_output_pooled)(
            const float *m, ptrdiff_t fr, ptrdiff_t fc, ptrdiff_t channels, const float *bias, int act,
            float *y, uint8_t *argmax, ptrdiff_t row, ptrdiff_t pixel,
            int rows, int columns) noexcept nogil
        void (*unpool_row)(
            const float *dy, const uint8_t *argmax, ptrdiff_t n, ptrdiff_t channels, int lower,
            float *out) noexcept nogil
        void (*winograd_gradient)(
            const float *y, ptrdiff_t row, ptrdiff_t channels,
            float *v, ptrdiff_t fr, ptrdiff_t fc) noexcept nogil
        void (*winograd_weights)(
            const float *m, ptrdiff_t parts, ptrdiff_t stride, ptrdiff_t fs, ptrdiff_t n,
            float *dw, ptrdiff_t tap) noexcept nogil

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
        void max_pool_fwd_row(
            const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *x, float *y,
            int kind, void *arg) noexcept nogil
        void max_pool_bwd_row(
            const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, const float *dy,
            int kind, const void *arg, float *dx) noexcept nogil
        void avg_pool_fwd_row(
            const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, int divisor,
            const float *x, float *y) noexcept nogil
        void avg_pool_bwd_row(
            const fc_pool *p, ptrdiff_t r, ptrdiff_t nc, int divisor,
            const float *dy, float *dx) noexcept nogil
        void softmax_fwd(ptrdiff_t rows, ptrdiff_t n, const float *x, float *y) noexcept nogil
        void softmax_bwd(
            ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *y, float *dx) noexcept nogil
        void dropout(
            ptrdiff_t n, uint64_t first, const float *x, float *y,
            const fc_dropout *d) noexcept nogil
        const fc_optimizers *optimizers
        const fc_losses *losses
        double fma_chains(ptrdiff_t n, const float *factor_term, float *out) noexcept nogil
        const fc_depthwise *depthwise
        const fc_merge *merge
        const void *activations
        const void *channels
        const fc_pooling *pooling


# The table of the level in use. Kernels fetch it once per call, never store it across calls.
cdef const fc_kernels *kernels() noexcept nogil

# Scratch memory of the calling thread: see fastconv.h. NULL when there is none to be had.
cdef void *scratch(int slot, size_t size) noexcept nogil

cdef unsigned flush_denormals() noexcept nogil
cdef void restore_denormals(unsigned state) noexcept nogil

cdef int activation_code(str activation) except -1
