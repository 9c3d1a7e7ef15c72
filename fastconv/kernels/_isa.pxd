from libc.stddef cimport ptrdiff_t


cdef extern from "fastconv.h" nogil:
    enum:
        FC_TEAM
        FC_OWN
        FC_INNER

    enum:
        FC_ACT_NONE
        FC_ACT_RELU

    ctypedef struct fc_epilogue:
        float alpha
        float beta
        const float *bias
        int act

    ctypedef struct fc_kernels:
        const char *name
        int vl
        int mr
        int nr
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


# The table of the level in use. Kernels fetch it once per call, never store it across calls.
cdef const fc_kernels *kernels() noexcept nogil

# Scratch memory of the calling thread: see fastconv.h. NULL when there is none to be had.
cdef void *scratch(int slot, size_t size) noexcept nogil

cdef unsigned flush_denormals() noexcept nogil
cdef void restore_denormals(unsigned state) noexcept nogil

cdef int activation_code(str activation) except -1
