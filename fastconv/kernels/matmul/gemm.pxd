from libc.stddef cimport ptrdiff_t

from fastconv.kernels.matmul._table_matmul cimport fc_epilogue

# c (m, n) = epilogue(a (m, k) @ b (k, n)); element (i, j) of a lies at a + i*a_rs + j*a_cs, the same for b;
# row i of c at c + i*ldc, columns next to each other. c is overwritten (read only where ep.beta is not 0).
ctypedef struct product:
    ptrdiff_t m, n, k
    const float *a
    ptrdiff_t a_rs, a_cs
    const float *b
    ptrdiff_t b_rs, b_cs
    float *c
    ptrdiff_t ldc
    fc_epilogue ep

# On a team sized by the work; 0, or -1 when scratch memory could not be had (c is then unspecified).
cdef int gemm_parallel(const product *p) noexcept nogil

# By the calling thread alone, from packed operands, whatever the sizes (all of them at least 1); returns the same.
cdef int gemm_serial(const product *p) noexcept nogil
