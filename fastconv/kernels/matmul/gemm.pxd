from libc.stddef cimport ptrdiff_t

from fastconv.kernels.matmul._table_matmul cimport fc_epilogue

# c (m, n) = epilogue(a (m, k) @ b (k, n)); element (i, j) of a is at a + i*a_rs + j*a_cs, likewise
# for b; row i of c is at c + i*ldc and contiguous. c is overwritten (and read only if ep.beta is
# not 0). The bits of a row of c do not depend on how many there are, unless it is a `gradient`, for
# which a faster order of the sums may be taken.
ctypedef struct product:
    ptrdiff_t m, n, k
    const float *a
    ptrdiff_t a_rs, a_cs
    const float *b
    ptrdiff_t b_rs, b_cs
    float *c
    ptrdiff_t ldc
    fc_epilogue ep
    bint gradient

# With as many threads as the work is worth; returns 0, or -1 if scratch allocation fails (c is then
# unspecified).
cdef int gemm_parallel(const product *p) noexcept nogil

# In the calling thread only, always from packed operands; all sizes must be at least 1. Returns the
# same.
cdef int gemm_serial(const product *p) noexcept nogil
