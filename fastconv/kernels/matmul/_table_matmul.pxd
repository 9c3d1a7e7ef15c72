from libc.stddef cimport ptrdiff_t

from fastconv.kernels._isa cimport fc_kernels, kernels


cdef extern from "table_matmul.h" nogil:
    ctypedef struct fc_epilogue:
        float alpha
        float beta
        const float *bias
        int act

    ctypedef struct fc_matmul:
        int vl, mr, nr, gemm_mr
        void pack_panel(
            ptrdiff_t k, ptrdiff_t n, ptrdiff_t width,
            const float *b, ptrdiff_t rs, ptrdiff_t cs, float *out) noexcept nogil
        void row_tile(
            ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t n_taps, const float *a,
            const ptrdiff_t *rows, const ptrdiff_t *taps, const float *b,
            float *c, ptrdiff_t ldc, const fc_epilogue *ep) noexcept nogil
        void column_tile(
            ptrdiff_t m, ptrdiff_t n, ptrdiff_t n_points, const float *a,
            const ptrdiff_t *points, const float *b, ptrdiff_t ldb,
            float *c, ptrdiff_t ldc, const fc_epilogue *ep) noexcept nogil
        void outer_tile(
            ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda,
            const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc,
            const char *next, ptrdiff_t hop, const fc_epilogue *ep) noexcept nogil
        void rows_tile(
            ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b,
            float *c, ptrdiff_t ldc, const char *next, ptrdiff_t hop, int streams,
            const fc_epilogue *ep) noexcept nogil
        void streams_done() noexcept nogil
        void panel_product(
            ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b,
            float *c, ptrdiff_t ldc) noexcept nogil
        void few_rows(
            ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda,
            const float *b, ptrdiff_t ldb, float *sums, int first,
            float *c, ptrdiff_t ldc, const fc_epilogue *last) noexcept nogil
        void dots(
            ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda,
            const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc,
            const fc_epilogue *ep) noexcept nogil
        void gemm_pack_a(
            ptrdiff_t m, ptrdiff_t k, const float *a, ptrdiff_t rs, ptrdiff_t cs,
            float *out) noexcept nogil
        void gemm_pack_b(
            ptrdiff_t k, ptrdiff_t n, const float *b, ptrdiff_t rs, ptrdiff_t cs,
            float *out) noexcept nogil
        void gemm_tile(
            ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b,
            float *c, ptrdiff_t ldc, const fc_epilogue *ep) noexcept nogil


cdef extern from "fastconv.h" nogil:
    const fc_matmul *fc_matmul_of(const fc_kernels *k)


cdef inline const fc_matmul *matmul_table() noexcept nogil:
    return fc_matmul_of(kernels())
