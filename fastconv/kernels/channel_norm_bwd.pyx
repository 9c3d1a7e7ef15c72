"""Gradients of a normalisation by groups of channels, with the activation behind it.

Arrays as in channel_norm_fwd. The normalised values are computed again from x. With
z = (x - mean) * inv * gamma + beta and dz = dy * f'(z), for each sample

    dbeta += sum(dz),   dgamma += sum(dz * (x - mean)) * inv,
    dx = inv * (gamma * dz - mean(gamma * dz) - (x - mean) * inv**2 * mean(gamma * dz * (x - mean)))

with means over a group's rows and channels; for fixed statistics dx = inv * gamma * dz.
"""

from cython.parallel cimport parallel, prange
from libc.stddef cimport ptrdiff_t
from libc.stdlib cimport calloc, free

from fastconv.kernels._blocks cimport BLOCK, block_size, blocks_of, same_size
from fastconv.kernels._isa cimport FC_OWN, flush_denormals, restore_denormals, scratch
from fastconv.kernels._tables cimport activation_table, channel_table, fc_activation, fc_channels
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.channel_norm_fwd cimport activation_number, same_channels


cdef struct Pass:
    # what every block of a pass reads
    ptrdiff_t samples, rows, n
    const float *dy
    const float *x
    const float *mean
    const float *beta
    const float *k  # (samples, 3, n): see norm.h; the first is inv * gamma
    float *dx
    const fc_activation *f  # NULL for none
    float p[3]


def channel_norm_bwd(
        const float[:, :, ::1] dy, const float[:, :, ::1] x, const float[:, ::1] mean,
        const float[:, ::1] inv, const float[::1] gamma, const float[::1] beta, int groups,
        bint fixed, float[:, :, ::1] dx, float[::1] dgamma, float[::1] dbeta,
        str kind=None, float a=0, float b=0, float c=0):
    """Overwrites dgamma and dbeta (n), and dx, which may be dy or None.

    `fixed`: the statistics do not depend on x. Blocks of rows are summed in float32, then the
    blocks' sums in float64, in order. MemoryError if there is no room for them.
    """
    cdef Pass q
    cdef ptrdiff_t i
    cdef int status, number = activation_number(kind)
    same_channels("channel_norm_bwd", x, mean, inv, gamma, beta)
    same_channels("channel_norm_bwd", x, mean, inv, dgamma, dbeta)
    for i in range(3):
        same_size("channel_norm_bwd", "the axes of x and dy", x.shape[i], dy.shape[i])
        if dx is not None:
            same_size("channel_norm_bwd", "the axes of x and dx", x.shape[i], dx.shape[i])
    if groups < 1 or x.shape[2] % groups:
        raise ValueError(
            f"channel_norm_bwd: groups must divide the channels; received {groups}, "
            f"{x.shape[2]} channels")
    if not (x.shape[0] and x.shape[1] and x.shape[2]):
        dgamma[:] = 0
        dbeta[:] = 0
        return
    q.samples, q.rows, q.n = x.shape[0], x.shape[1], x.shape[2]
    q.dy, q.x, q.mean, q.beta = &dy[0, 0, 0], &x[0, 0, 0], &mean[0, 0], &beta[0]
    q.dx = &dx[0, 0, 0] if dx is not None else NULL
    q.f = activation_table() + number if number >= 0 else NULL
    q.p[0], q.p[1], q.p[2] = a, b, c
    with nogil:
        status = _bwd(&q, groups, fixed, &inv[0, 0], &gamma[0], &dgamma[0], &dbeta[0])
    if status:
        raise MemoryError("channel_norm_bwd: no memory for the partial sums")


cdef int _bwd(
        Pass *q, ptrdiff_t groups, bint fixed, const float *inv, const float *gamma,
        float *dgamma, float *dbeta) noexcept nogil:
    cdef const fc_channels *c = channel_table()
    cdef ptrdiff_t samples = q.samples, rows = q.rows, n = q.n
    cdef ptrdiff_t piece = blocks_of(BLOCK // 2, n)  # rows whose dz are kept at a time
    cdef ptrdiff_t block = piece * max(4, blocks_of(blocks_of(rows, 256), piece))
    cdef ptrdiff_t blocks = blocks_of(rows, block), pieces = blocks_of(rows, piece)
    cdef ptrdiff_t i, j
    cdef unsigned state = 0
    cdef int failed = 0
    cdef int *failure = &failed
    cdef double work = (8.0 if q.f == NULL else 24.0) * samples * rows * n
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
            if _block_sums(
                    c, q, i // blocks, i % blocks * block,
                    block_size(i % blocks, rows, block), piece, parts + i * 2 * n):
                failure[0] = 1
        restore_denormals(state)
    if not failed:
        _add_up(samples, blocks, n, parts, sums)
        _coefficients(q, groups, fixed, inv, gamma, sums, k, dgamma, dbeta)
    if not failed and q.dx != NULL:
        with parallel(num_threads=threads_for(work)):
            state = flush_denormals()
            for i in prange(samples * pieces, schedule="static"):
                if _piece_dx(
                        c, q, i // pieces, i % pieces * piece,
                        block_size(i % pieces, rows, piece)):
                    failure[0] = 1
            restore_denormals(state)
    free(k)
    free(parts)
    free(sums)
    return -failed


cdef const float *_dz(
        const fc_channels *c, const Pass *q, ptrdiff_t s, ptrdiff_t at, ptrdiff_t rows,
        float *z) noexcept nogil:
    """dz of some rows of a sample: dy itself without an activation, else written into z."""
    cdef ptrdiff_t n = q.n
    if q.f == NULL:
        return q.dy + at
    c.normalize(rows, n, q.x + at, q.mean + s * n, q.k + s * 3 * n, q.beta, z)
    if q.f.from_output:
        q.f.fwd(rows * n, z, z, q.p)
    q.f.bwd(rows * n, q.dy + at, z, z, q.p)
    return z


cdef int _block_sums(
        const fc_channels *c, const Pass *q, ptrdiff_t s, ptrdiff_t first, ptrdiff_t rows,
        ptrdiff_t piece, float *sums) noexcept nogil:
    cdef ptrdiff_t i, many, at
    cdef float *z = <float *> scratch(FC_OWN, piece * q.n * sizeof(float))
    if z == NULL:
        return -1
    for i in range(blocks_of(rows, piece)):
        many = block_size(i, rows, piece)
        at = (s * q.rows + first + i * piece) * q.n
        c.norm_sums(
            many, q.n, _dz(c, q, s, at, many, z), q.x + at, q.mean + s * q.n, sums)
    return 0


cdef int _piece_dx(
        const fc_channels *c, const Pass *q, ptrdiff_t s, ptrdiff_t first,
        ptrdiff_t rows) noexcept nogil:
    cdef ptrdiff_t at = (s * q.rows + first) * q.n
    cdef float *z = <float *> scratch(FC_OWN, rows * q.n * sizeof(float))
    if z == NULL:
        return -1
    c.norm_dx(
        rows, q.n, _dz(c, q, s, at, rows, z), q.x + at, q.mean + s * q.n, q.k + s * 3 * q.n,
        q.dx + at)
    return 0


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
    """dgamma, dbeta, and the second and third of each sample's factors k; see norm.h."""
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
