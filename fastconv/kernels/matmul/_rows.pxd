from libc.stddef cimport ptrdiff_t

from fastconv.kernels.matmul._table_matmul cimport fc_epilogue

# c (m, n) = epilogue(a (m, k) @ b (k, n)): rows of a are contiguous and lda floats apart, b has any
# strides, row i of c is at c + i*ldc and contiguous. After every `run` rows, of which m is a multiple,
# a and c jump, by so many floats more. The bits of a row of c do not depend on m.
ctypedef struct rows:
    ptrdiff_t m, n, k
    const float *a
    ptrdiff_t lda
    const float *b
    ptrdiff_t b_rs, b_cs
    float *c
    ptrdiff_t ldc
    ptrdiff_t run, a_jump, c_jump
    fc_epilogue ep

# Whether b is small and the rows are many enough for this way, on `team` threads.
cdef bint rows_fit(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int team) noexcept nogil

# Without runs: rows [m0, m1) and columns [n0, n1) of c, in this thread, for a b of any size and a few hundred rows.
# Returns the same.
cdef int rows_by_blocks(
    const rows *p, ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t n0, ptrdiff_t n1) noexcept nogil

# On `team` threads; all sizes must be at least 1. Returns 0, or -1 if scratch allocation fails.
cdef int rows_parallel(const rows *p, int team) noexcept nogil
