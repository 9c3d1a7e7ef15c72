from libc.stddef cimport ptrdiff_t

from fastconv.kernels.matmul._table_matmul cimport fc_epilogue

# c (m, n) = epilogue(sum over x < k of a[x*lda + i] * b[x*ldb + j]); row i of c is at c + i*ldc and
# contiguous. After every `run` rows, unless that is 0, a jumps, by so many floats more. `sums` (n),
# unless NULL, receives the sums of b's columns. With `any_order`, the sum over k may be cut into
# parts by the shapes, c is overwritten, and the epilogue is ignored; else the bits of a row of c do
# not depend on m.
ctypedef struct outer:
    ptrdiff_t m, n, k
    const float *a
    ptrdiff_t lda, run, jump
    const float *b
    ptrdiff_t ldb
    float *c
    ptrdiff_t ldc
    fc_epilogue ep
    float *sums
    bint any_order

# Whether this way is the fastest.
cdef bint outer_fits(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, bint any_order) noexcept nogil

# With as many threads as the work is worth; all sizes must be at least 1. Returns 0, or -1 if
# scratch allocation fails.
cdef int outer_parallel(const outer *p) noexcept nogil

# The size of equal pieces of k, a multiple of four, none larger than `largest`.
cdef ptrdiff_t equal_pieces(ptrdiff_t k, ptrdiff_t largest) noexcept nogil
