"""ReLU, bias, affine and addition on flat float32 arrays, one pass each.

Arrays are C-contiguous, (n,) or, for the bias, (rows, n). The output may be one of the inputs but
must not overlap them otherwise. Errors: ValueError for another dtype, layout or size.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc

from fastconv.kernels._blocks cimport BLOCK, block_size, blocks_of, over_blocks, same_size
from fastconv.kernels._flat cimport over_two
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.elementwise._table_elementwise cimport elementwise_table, fc_elementwise

# Work units (see _threads) per element of a pass over memory
cdef double UNITS = 4.0


cdef struct flat:
    const fc_elementwise *k
    const float *x
    const uint8_t *bytes_
    float *y
    float scale, offset


def relu_fwd(const float[::1] x, float[::1] y):
    """y = max(x, 0); NaN is propagated."""
    cdef flat f
    same_size("relu_fwd", "x and y", x.shape[0], y.shape[0])
    if x.shape[0]:
        f.k, f.x, f.y = elementwise_table(), &x[0], &y[0]
        with nogil:
            over_blocks(_relu_fwd, &f, x.shape[0], BLOCK, UNITS * x.shape[0])


cdef void _relu_fwd(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const flat *f = <const flat *> task
    f.k.relu_fwd(n, f.x + at, f.y + at)


def relu_bwd(const float[::1] dy, const float[::1] y, float[::1] dx):
    """dx = 0 where y <= 0, else dy, also where y is NaN; y is the output or input of relu_fwd."""
    same_size("relu_bwd", "dy and y", dy.shape[0], y.shape[0])
    same_size("relu_bwd", "dy and dx", dy.shape[0], dx.shape[0])
    over_two(elementwise_table().relu_bwd, dy, y, dx, UNITS)


def add(const float[::1] x, const float[::1] y, float[::1] out):
    """out = x + y."""
    same_size("add", "x and y", x.shape[0], y.shape[0])
    same_size("add", "x and out", x.shape[0], out.shape[0])
    over_two(elementwise_table().add, x, y, out, UNITS)


def affine(const float[::1] x, float[::1] y, float scale, float offset):
    """y = x * scale + offset."""
    cdef flat f
    same_size("affine", "x and y", x.shape[0], y.shape[0])
    if x.shape[0]:
        f.k, f.x, f.y, f.scale, f.offset = elementwise_table(), &x[0], &y[0], scale, offset
        with nogil:
            over_blocks(_affine, &f, x.shape[0], BLOCK, UNITS * x.shape[0])


cdef void _affine(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const flat *f = <const flat *> task
    f.k.affine(n, f.x + at, f.y + at, f.scale, f.offset)


def affine_u8(const uint8_t[::1] x, float[::1] y, float scale, float offset):
    """y = x * scale + offset, from uint8."""
    cdef flat f
    same_size("affine_u8", "x and y", x.shape[0], y.shape[0])
    if x.shape[0]:
        f.k, f.bytes_, f.y, f.scale, f.offset = elementwise_table(), &x[0], &y[0], scale, offset
        with nogil:
            over_blocks(_affine_u8, &f, x.shape[0], BLOCK, UNITS * x.shape[0])


cdef void _affine_u8(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const flat *f = <const flat *> task
    f.k.affine_u8(n, f.bytes_ + at, f.y + at, f.scale, f.offset)


cdef struct matrix:
    const fc_elementwise *k
    ptrdiff_t n
    const float *x
    const float *b
    float *y


def bias_add(const float[:, ::1] x, const float[::1] b, float[:, ::1] y):
    """y (rows, n) = x (rows, n) + b (n); y may be x, but not b."""
    cdef matrix m
    cdef ptrdiff_t rows = x.shape[0], n = x.shape[1]
    same_size("bias_add", "the rows of x and y", rows, y.shape[0])
    same_size("bias_add", "the columns of x and y", n, y.shape[1])
    same_size("bias_add", "the columns of x and b", n, b.shape[0])
    if rows and n:
        m.k, m.n, m.x, m.b, m.y = elementwise_table(), n, &x[0, 0], &b[0], &y[0, 0]
        with nogil:
            over_blocks(_bias_add, &m, rows, blocks_of(BLOCK, n), UNITS * rows * n)


cdef void _bias_add(ptrdiff_t at, ptrdiff_t n, const void *task) noexcept nogil:
    cdef const matrix *m = <const matrix *> task
    m.k.bias_add(n, m.n, m.x + at * m.n, m.b, m.y + at * m.n)


def bias_grad(const float[:, ::1] dy, float[::1] db):
    """db (n) = the sum over the rows of dy (rows, n).

    Blocks of rows are summed in float32, then the blocks' sums in float64, in order: the same bits
    for any number of threads. MemoryError if the blocks' sums cannot be allocated.
    """
    same_size("bias_grad", "the columns of dy and db", dy.shape[1], db.shape[0])
    cdef int status = 0
    if not dy.shape[0]:
        db[:] = 0
    elif dy.shape[1]:
        with nogil:
            status = _bias_grad(dy.shape[0], dy.shape[1], &dy[0, 0], &db[0])
        if status:
            raise MemoryError("bias_grad: no memory for the partial sums")


cdef int _bias_grad(ptrdiff_t rows, ptrdiff_t n, const float *dy, float *db) noexcept nogil:
    cdef const fc_elementwise *k = elementwise_table()
    # A block stays in the L2 cache, since sum_rows reads it once for every few vectors of columns;
    # at most 256 blocks, so that adding their sums is cheap.
    cdef ptrdiff_t block = max(16, 32768 // n, blocks_of(rows, 256))
    cdef ptrdiff_t i, j, blocks = blocks_of(rows, block)
    cdef unsigned state = 0
    cdef float *sums = <float *> malloc(blocks * n * sizeof(float))
    if sums == NULL:
        return -1
    # One parallel region for both loops: waking the team again would cost as much as a small sum
    with parallel(num_threads=threads_for(UNITS * rows * n)):
        state = flush_denormals()
        for i in prange(blocks, schedule="static"):
            k.sum_rows(block_size(i, rows, block), n, dy + i * block * n, n, sums + i * n)
        for j in prange(n, schedule="static"):
            db[j] = _sum_of(blocks, sums + j, n)
        restore_denormals(state)
    free(sums)
    return 0


cdef float _sum_of(ptrdiff_t n, const float *x, ptrdiff_t stride) noexcept nogil:
    cdef ptrdiff_t i
    cdef double total = 0.0
    for i in range(n):
        total += x[i * stride]
    return <float> total
