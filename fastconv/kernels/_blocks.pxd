# Parallel loops over blocks of a fixed size, with a static schedule. The boundaries of the blocks
# do not depend on the number of threads.
from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for

cdef enum:
    BLOCK = 8192  # floats: a few arrays of this size fit into the L2 cache
    ROW_BLOCKS = 64  # at most, where each block has its own partial sum

# Processes the n elements (or rows, or pieces) from `at` on; `task` is a struct defined by the
# kernel, with the arrays and all else that it reads.
ctypedef void block_body(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil


cdef inline ptrdiff_t blocks_of(ptrdiff_t n, ptrdiff_t block) noexcept nogil:
    return (n + block - 1) // block


cdef inline ptrdiff_t block_size(ptrdiff_t i, ptrdiff_t n, ptrdiff_t block) noexcept nogil:
    return block if n - i * block > block else n - i * block


cdef inline ptrdiff_t summed_block(ptrdiff_t n) noexcept nogil:
    # Block size for the sum of n floats: a multiple of BLOCK that gives at most ROW_BLOCKS blocks
    return blocks_of(blocks_of(n, ROW_BLOCKS), BLOCK) * BLOCK


cdef inline void over_blocks(
        block_body *body, const void *task, ptrdiff_t n, ptrdiff_t block,
        double work) noexcept nogil:
    # Runs `body` on every block of n elements, on threads_for(work) threads, with denormals flushed
    # to zero; each thread's floating-point state is restored afterwards.
    cdef ptrdiff_t i
    cdef unsigned state = 0
    with parallel(num_threads=threads_for(work)):
        state = flush_denormals()
        for i in prange(blocks_of(n, block), schedule="static"):
            body(i * block, block_size(i, n, block), task)
        restore_denormals(state)


cdef inline int same_size(str where, str names, ptrdiff_t a, ptrdiff_t b) except -1:
    if a != b:
        raise ValueError(f"{where}: {names} must have the same size; received {a}, {b}")
    return 0
