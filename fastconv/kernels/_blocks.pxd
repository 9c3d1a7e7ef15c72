# How kernels cut flat work: into blocks of a fixed size, dealt to the team in order. A block's
# place never depends on the number of threads. The loop around them reads everywhere
#
#     with parallel(num_threads=threads_for(...)):
#         state = flush_denormals()
#         for i in prange(blocks_of(n, BLOCK), schedule="static"):
#             kernel(block_size(i, n, BLOCK), x + i * BLOCK, ...)
#         restore_denormals(state)
#
# so that every worker runs with denormals flushed and gets its own floating-point state back.
from libc.stddef cimport ptrdiff_t

cdef enum:
    BLOCK = 8192  # floats: a few arrays of this size fit into a second-level cache
    ROW_BLOCKS = 64  # at most, where each block of rows has a sum of its own


cdef inline ptrdiff_t blocks_of(ptrdiff_t n, ptrdiff_t block) noexcept nogil:
    return (n + block - 1) // block


cdef inline ptrdiff_t block_size(ptrdiff_t i, ptrdiff_t n, ptrdiff_t block) noexcept nogil:
    return block if n - i * block > block else n - i * block


cdef inline int same_size(str where, str names, ptrdiff_t a, ptrdiff_t b) except -1:
    if a != b:
        raise ValueError(f"{where}: {names} must have the same size; received {a}, {b}")
    return 0
