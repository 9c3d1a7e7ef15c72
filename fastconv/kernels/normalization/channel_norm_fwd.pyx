"""Normalization by groups of channels; batch normalization has one sample and a group per channel.

x, y (samples, rows, n); mean, variance, inv (samples, n); gamma, beta (n): C-contiguous float32.
Errors: ValueError for another dtype, layout or size.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t
from libc.stdlib cimport free, malloc

from fastconv.kernels._blocks cimport BLOCK, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.normalization._table_normalization cimport (
    fc_norm, fc_normalization, fc_normalized, normalization_table,
)

from fastconv.kernels.activations.activation import NAMES


cdef int same_channels(
        str where, const float[:, :, ::1] x, const float[:, ::1] mean, const float[:, ::1] inv,
        const float[::1] gamma, const float[::1] beta) except -1:
    same_size(where, "the samples of x and the statistics", x.shape[0], mean.shape[0])
    same_size(where, "the samples of x and the statistics", x.shape[0], inv.shape[0])
    for size in (mean.shape[1], inv.shape[1], gamma.shape[0], beta.shape[0]):
        same_size(where, "the channels of x and their numbers", x.shape[2], size)
    return 0


cdef int activation_index(str kind) except -1:
    """The index in the table `normalized`; 0 for no activation."""
    if kind is None:
        return 0
    if kind not in NAMES:
        raise ValueError(f"activation: kind must be one of {NAMES}; received {kind!r}")
    return NAMES.index(kind) + 1


def moments(const float[:, :, ::1] x, int groups, float[:, ::1] mean, float[:, ::1] variance):
    """Mean and (biased) variance of each sample's groups of channels, written for every channel.

    A block of rows is summed in float32, in pieces that stay in the cache, each with its squares
    around its own mean; blocks and channels are combined in float64, in order. MemoryError if the
    blocks' sums cannot be allocated.
    """
    cdef int status
    same_channels("moments", x, mean, variance, mean[0], variance[0])
    if groups < 1 or x.shape[2] % groups:
        raise ValueError(
            f"moments: groups must divide the channels; received {groups}, {x.shape[2]} channels")
    if x.shape[0] and x.shape[1] and x.shape[2]:
        with nogil:
            status = _moments(
                x.shape[0], x.shape[1], x.shape[2], groups, &x[0, 0, 0], &mean[0, 0],
                &variance[0, 0])
        if status:
            raise MemoryError("moments: no memory for the partial sums")


cdef int _moments(
        ptrdiff_t samples, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t groups, const float *x,
        float *mean, float *variance) noexcept nogil:
    cdef const fc_normalization *c = normalization_table()
    cdef ptrdiff_t block = max(16, 32768 // n, blocks_of(rows, 256))
    cdef ptrdiff_t blocks = blocks_of(rows, block), width = n // groups
    cdef ptrdiff_t i, j, first, many
    cdef unsigned state = 0
    cdef float *part
    cdef float *parts = <float *> malloc(samples * blocks * 2 * n * sizeof(float))
    if parts == NULL:
        return -1
    with parallel(num_threads=threads_for(6.0 * samples * rows * n)):
        state = flush_denormals()
        for i in prange(samples * blocks, schedule="static"):
            first = (i % blocks) * block
            many = block_size(i % blocks, rows, block)
            part = parts + i * 2 * n
            c.column_moments(many, n, x + (i // blocks * rows + first) * n, part, part + n)
        for i in prange(samples * groups, schedule="static"):
            j = i // groups
            first = i % groups * width
            _combine(
                rows, block, n, width, parts + j * blocks * 2 * n + first,
                mean + j * n + first, variance + j * n + first)
        restore_denormals(state)
    free(parts)
    return 0


cdef void _combine(
        ptrdiff_t rows, ptrdiff_t block, ptrdiff_t n, ptrdiff_t width, const float *parts,
        float *mean, float *variance) noexcept nogil:
    """The moments of `width` channels, from each block's means and centered sums of squares."""
    cdef double total = 0.0, squares = 0.0, count = <double> rows * width
    cdef double away
    cdef ptrdiff_t i, j, many
    for i in range(blocks_of(rows, block)):
        many = block_size(i, rows, block)
        for j in range(width):
            total += <double> parts[i * 2 * n + j] * many
    total /= count
    for i in range(blocks_of(rows, block)):
        many = block_size(i, rows, block)
        for j in range(width):
            away = parts[i * 2 * n + j] - total
            squares += parts[(i * 2 + 1) * n + j] + many * away * away
    for j in range(width):
        mean[j] = <float> total
        variance[j] = <float> (squares / count)


def channel_norm_fwd(
        const float[:, :, ::1] x, const float[:, ::1] mean, const float[:, ::1] inv,
        const float[::1] gamma, const float[::1] beta, float[:, :, ::1] y,
        str kind=None, float a=0, float b=0, float c=0, const float[:, :, ::1] add=None):
    """y = f((x - mean) * inv * gamma + beta + add); y may be x or add. `kind` names f, if any."""
    cdef int activation = activation_index(kind)
    cdef ptrdiff_t samples = x.shape[0], n = x.shape[2], i, j
    cdef fc_norm q
    cdef float *scale
    cdef const float *more = NULL
    same_channels("channel_norm_fwd", x, mean, inv, gamma, beta)
    for i in range(3):
        same_size("channel_norm_fwd", "the axes of x and y", x.shape[i], y.shape[i])
        if add is not None:
            same_size("channel_norm_fwd", "the axes of x and add", x.shape[i], add.shape[i])
    if not (samples and x.shape[1] and n):
        return
    scale = <float *> malloc(samples * n * sizeof(float))
    if scale == NULL:
        raise MemoryError("channel_norm_fwd: no memory for the scales")
    if add is not None:
        more = &add[0, 0, 0]
    q.mean, q.scale, q.shift = &mean[0, 0], scale, &beta[0]
    q.p[0], q.p[1], q.p[2] = a, b, c
    with nogil:
        for i in range(samples):
            for j in range(n):
                scale[i * n + j] = inv[i, j] * gamma[j]
        _fwd(samples, x.shape[1], n, &x[0, 0, 0], &q, more, &y[0, 0, 0], activation)
    free(scale)


cdef inline const float *_behind(const float *p, ptrdiff_t at) noexcept nogil:
    if p == NULL:
        return p
    return p + at


cdef void _fwd(
        ptrdiff_t samples, ptrdiff_t rows, ptrdiff_t n, const float *x, const fc_norm *q,
        const float *add, float *y, int activation) noexcept nogil:
    cdef const fc_normalized *f = normalization_table().normalized + activation
    cdef ptrdiff_t block = blocks_of(BLOCK, n)
    cdef ptrdiff_t blocks = blocks_of(rows, block)
    cdef ptrdiff_t i, at
    cdef unsigned state = 0
    cdef fc_norm own
    with parallel(num_threads=threads_for((4.0 if activation == 0 else 12.0) * samples * rows * n)):
        state = flush_denormals()
        for i in prange(samples * blocks, schedule="static"):
            at = (i // blocks * rows + i % blocks * block) * n
            own = q[0]
            own.mean = q.mean + i // blocks * n
            own.scale = q.scale + i // blocks * n
            f.fwd(
                block_size(i % blocks, rows, block), n, &own, x + at, _behind(add, at), y + at)
        restore_denormals(state)
