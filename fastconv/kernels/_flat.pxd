# Micro-kernels on flat arrays, block by block. All arrays have the same size, checked by the
# caller, and may be empty; `units` is the work per element (see _threads).
from libc.stddef cimport ptrdiff_t

from fastconv.kernels._blocks cimport BLOCK, over_blocks

# out = f(x, y), elementwise
ctypedef void (*two_to_one)(
    ptrdiff_t n, const float *x, const float *y, float *out) noexcept nogil

# out = f(x, number), elementwise; may also read out
ctypedef void (*with_number)(ptrdiff_t n, const float *x, float number, float *out) noexcept nogil


cdef struct flat:
    two_to_one two
    with_number one
    const float *x
    const float *y
    float *out
    float number


cdef inline void _block_of_two(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const flat *f = <const flat *> task
    f.two(n, f.x + at, f.y + at, f.out + at)


cdef inline int over_two(
        two_to_one kernel, const float[::1] x, const float[::1] y, float[::1] out,
        double units) except -1:
    cdef flat f
    if x.shape[0]:
        f.two, f.x, f.y, f.out = kernel, &x[0], &y[0], &out[0]
        with nogil:
            over_blocks(_block_of_two, &f, x.shape[0], BLOCK, units * x.shape[0])
    return 0


cdef inline void _block_of_one(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const flat *f = <const flat *> task
    f.one(n, f.x + at, f.number, f.out + at)


cdef inline int over_one(
        with_number kernel, const float[::1] x, float number, float[::1] out,
        double units) except -1:
    cdef flat f
    if x.shape[0]:
        f.one, f.x, f.number, f.out = kernel, &x[0], number, &out[0]
        with nogil:
            over_blocks(_block_of_one, &f, x.shape[0], BLOCK, units * x.shape[0])
    return 0
