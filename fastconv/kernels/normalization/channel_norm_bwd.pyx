"""Gradients of a normalization by groups of channels, fused with the activation that follows it.

Arrays as in channel_norm_fwd. With z = (x - mean) * inv * gamma + beta and dz = dy * f'(z), for
each sample

    dbeta += sum(dz),   dgamma += sum(dz * (x - mean)) * inv,
    dx = inv * (gamma * dz - mean(gamma * dz) - (x - mean) * inv**2 * mean(gamma * dz * (x - mean)))

with means over a group's rows and channels; for fixed statistics dx = inv * gamma * dz. Two passes:
the first computes dz and its sums, the second computes dx from the stored dz.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t
from libc.stdlib cimport calloc, free

from fastconv.kernels._blocks cimport BLOCK, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport flush_denormals, restore_denormals
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.activations._table_activations cimport activations_table
from fastconv.kernels.normalization._table_normalization cimport (
    fc_norm, fc_norm_gradient, fc_normalization, fc_normalized, normalization_table,
)
from fastconv.kernels.normalization.channel_norm_fwd cimport activation_index, same_channels


cdef struct Pass:
    # the arguments of every block of a pass
    ptrdiff_t samples, rows, n
    fc_norm q
    fc_norm_gradient g
    const float *dz  # read by the second pass
    float *dx
    const float *k  # (samples, 3, n): see norm.h; the first is inv * gamma
    int activation


def channel_norm_bwd(
        const float[:, :, ::1] dy, const float[:, :, ::1] x, const float[:, ::1] mean,
        const float[:, ::1] inv, const float[::1] gamma, const float[::1] beta, int groups,
        bint fixed, float[:, :, ::1] dx, float[::1] dgamma, float[::1] dbeta,
        str kind=None, float a=0, float b=0, float c=0, const float[:, :, ::1] more=None,
        const float[:, :, ::1] y=None, float[:, :, ::1] dz=None):
    """Overwrites dgamma and dbeta (n), dx, which may be dy or None, and dz, unless None.

    `fixed`: the statistics do not depend on x. `more`: added to dy. `y`: the output, from which the
    activation's gradient is computed; required if `add` was used in the forward pass, and the
    gradient must then be a function of y. `dz`: gets the gradient before the activation; it may be
    dy, more or dx. Blocks of rows are summed in float32, then the blocks' sums in float64, in
    order. MemoryError if they cannot be allocated.
    """
    cdef Pass q
    cdef ptrdiff_t i
    cdef int status
    q.activation = activation_index(kind)
    same_channels("channel_norm_bwd", x, mean, inv, gamma, beta)
    same_channels("channel_norm_bwd", x, mean, inv, dgamma, dbeta)
    for name, array in (("dy", dy), ("dx", dx), ("more", more), ("y", y), ("dz", dz)):
        if array is not None:
            for i in range(3):
                same_size(
                    "channel_norm_bwd", f"the axes of x and {name}", x.shape[i], array.shape[i])
    if groups < 1 or x.shape[2] % groups:
        raise ValueError(
            f"channel_norm_bwd: groups must divide the channels; received {groups}, "
            f"{x.shape[2]} channels")
    if (y is not None and q.activation
            and not activations_table().functions[q.activation - 1].from_output):
        raise ValueError(
            f"channel_norm_bwd: y serves an activation whose gradient it tells; received {kind!r}")
    if not (x.shape[0] and x.shape[1] and x.shape[2]):
        dgamma[:] = 0
        dbeta[:] = 0
        return
    q.samples, q.rows, q.n = x.shape[0], x.shape[1], x.shape[2]
    q.q.mean, q.q.shift = &mean[0, 0], &beta[0]
    q.q.p[0], q.q.p[1], q.q.p[2] = a, b, c
    q.g.dy, q.g.x, q.g.y, q.g.more = &dy[0, 0, 0], &x[0, 0, 0], NULL, NULL
    if y is not None:
        q.g.y = &y[0, 0, 0]
    if more is not None:
        q.g.more = &more[0, 0, 0]
    q.dx = &dx[0, 0, 0] if dx is not None else NULL
    if dz is not None:
        q.g.dz = &dz[0, 0, 0]
    else:
        q.g.dz = q.dx if q.activation or q.g.more != NULL else NULL
    q.dz = q.g.dy if q.g.dz == NULL else q.g.dz
    with nogil:
        status = _bwd(&q, groups, fixed, &inv[0, 0], &gamma[0], &dgamma[0], &dbeta[0])
    if status:
        raise MemoryError("channel_norm_bwd: no memory for the partial sums")


cdef int _bwd(
        Pass *q, ptrdiff_t groups, bint fixed, const float *inv, const float *gamma,
        float *dgamma, float *dbeta) noexcept nogil:
    cdef ptrdiff_t samples = q.samples, rows = q.rows, n = q.n
    cdef ptrdiff_t piece = blocks_of(BLOCK, n)
    cdef ptrdiff_t block = max(2 * piece, blocks_of(rows, 256))
    cdef ptrdiff_t blocks = blocks_of(rows, block), pieces = blocks_of(rows, piece)
    cdef ptrdiff_t i, j
    cdef unsigned state = 0
    cdef double work = (8.0 if q.activation == 0 else 24.0) * samples * rows * n
    cdef float *k = <float *> calloc(samples * 3 * n, sizeof(float))
    cdef float *parts = <float *> calloc(samples * blocks * 2 * n, sizeof(float))
    cdef double *sums = <double *> calloc(samples * 2 * n, sizeof(double))
    if k == NULL or parts == NULL or sums == NULL:
        free(k)
        free(parts)
        free(sums)
        return -1
    q.k = k
    for i in range(samples):
        for j in range(n):
            k[i * 3 * n + j] = inv[i * n + j] * gamma[j]
    with parallel(num_threads=threads_for(work)):
        state = flush_denormals()
        for i in prange(samples * blocks, schedule="static"):
            _block_sums(
                q, i // blocks, i % blocks * block, block_size(i % blocks, rows, block),
                parts + i * 2 * n)
        restore_denormals(state)
    _add_up(samples, blocks, n, parts, sums)
    _coefficients(q, groups, fixed, inv, gamma, sums, k, dgamma, dbeta)
    if q.dx != NULL:
        with parallel(num_threads=threads_for(work)):
            state = flush_denormals()
            for i in prange(samples * pieces, schedule="static"):
                _piece_dx(
                    q, i // pieces, i % pieces * piece, block_size(i % pieces, rows, piece))
            restore_denormals(state)
    free(k)
    free(parts)
    free(sums)
    return 0


cdef void _block_sums(
        const Pass *q, ptrdiff_t s, ptrdiff_t first, ptrdiff_t rows, float *sums) noexcept nogil:
    cdef const fc_normalized *f = normalization_table().normalized + q.activation
    cdef fc_norm own = q.q
    own.mean = q.q.mean + s * q.n
    own.scale = q.k + s * 3 * q.n
    f.sums(rows, q.n, &own, &q.g, (s * q.rows + first) * q.n, sums)


cdef void _piece_dx(
        const Pass *q, ptrdiff_t s, ptrdiff_t first, ptrdiff_t rows) noexcept nogil:
    cdef const fc_normalization *c = normalization_table()
    cdef ptrdiff_t at = (s * q.rows + first) * q.n
    c.norm_dx(
        rows, q.n, q.dz + at, q.g.x + at, q.q.mean + s * q.n, q.k + s * 3 * q.n, q.dx + at)


cdef void _add_up(
        ptrdiff_t samples, ptrdiff_t blocks, ptrdiff_t n, const float *parts,
        double *sums) noexcept nogil:
    cdef ptrdiff_t i, j
    for i in range(samples * blocks):
        for j in range(2 * n):
            sums[i // blocks * 2 * n + j] += parts[i * 2 * n + j]


cdef void _coefficients(
        const Pass *q, ptrdiff_t groups, bint fixed, const float *inv, const float *gamma,
        const double *sums, float *k, float *dgamma, float *dbeta) noexcept nogil:
    """dgamma, dbeta, and the second and third of each sample's coefficients k; see norm.h."""
    cdef ptrdiff_t n = q.n, width = n // groups, s, g, j
    cdef double count = <double> q.rows * width
    cdef double plain, product, gamma_sum, beta_sum, scale
    for j in range(n):
        gamma_sum = 0.0
        beta_sum = 0.0
        for s in range(q.samples):
            beta_sum += sums[s * 2 * n + j]
            gamma_sum += sums[(s * 2 + 1) * n + j] * inv[s * n + j]
        dgamma[j] = <float> gamma_sum
        dbeta[j] = <float> beta_sum
    if fixed:
        return
    for s in range(q.samples):
        for g in range(groups):
            plain = 0.0
            product = 0.0
            for j in range(g * width, (g + 1) * width):
                plain += gamma[j] * sums[s * 2 * n + j]
                product += gamma[j] * sums[(s * 2 + 1) * n + j]
            for j in range(g * width, (g + 1) * width):
                scale = inv[s * n + j]
                k[(s * 3 + 1) * n + j] = <float> (-scale * scale * scale * product / count)
                k[(s * 3 + 2) * n + j] = <float> (-scale * plain / count)
