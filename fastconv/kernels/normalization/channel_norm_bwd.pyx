"""Gradients of a normalization by groups of channels, fused with the activation that follows it.

Arrays as in channel_norm_fwd. With z = (x - mean) * inv * gamma + beta and dz = dy * f'(z), for
each sample

    dbeta += sum(dz),   dgamma += sum(dz * (x - mean)) * inv,
    dx = inv * (gamma * dz - mean(gamma * dz) - (x - mean) * inv**2 * mean(gamma * dz * (x - mean)))

with means over a group's rows and channels; for fixed statistics dx = inv * gamma * dz. Two passes:
the first computes dz and its sums, the second computes dx from the stored dz. Batch normalization
can do both for some rows at a time.
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
    bint adds        # to dx
    const float *k  # (samples, 3, n): see norm.h; the first is inv * gamma
    int activation


def channel_norm_bwd(
        const float[:, :, ::1] dy, const float[:, :, ::1] x, const float[:, ::1] mean,
        const float[:, ::1] inv, const float[::1] gamma, const float[::1] beta, int groups,
        bint fixed, float[:, :, ::1] dx, float[::1] dgamma, float[::1] dbeta,
        str kind=None, float a=0, float b=0, float c=0, const float[:, :, ::1] more=None,
        const float[:, :, ::1] y=None, float[:, :, ::1] dz=None, bint accumulate=False):
    """Overwrites dgamma and dbeta (n), dx, which may be dy or None, and dz, unless None.

    With `accumulate` it adds to dx, which is none of the others, and dz must be given.

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
    _tells_gradient("channel_norm_bwd", kind, q.activation, y is not None)
    if accumulate and dz is None:
        raise ValueError("channel_norm_bwd: accumulate needs a dz; received None")
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
    q.adds = accumulate
    if dz is not None:
        q.g.dz = &dz[0, 0, 0]
    else:
        q.g.dz = q.dx if q.activation or q.g.more != NULL else NULL
    q.dz = q.g.dy if q.g.dz == NULL else q.g.dz
    with nogil:
        status = _bwd(&q, groups, fixed, &inv[0, 0], &gamma[0], &dgamma[0], &dbeta[0])
    if status:
        raise MemoryError("channel_norm_bwd: no memory for the partial sums")


def channel_norm_sums(
        float[:, :, ::1] dy, const float[:, :, ::1] x, const float[:, ::1] mean,
        const float[:, ::1] inv, const float[::1] gamma, const float[::1] beta,
        double[:, :, ::1] sums, str kind=None, float a=0, float b=0, float c=0,
        const float[:, :, ::1] more=None, const float[:, :, ::1] y=None,
        float[:, :, ::1] dz=None):
    """The first pass for some of the rows: adds to sums (samples, 2, n).

    `more`, `y`: as in channel_norm_bwd. `dz`: gets the gradient before the activation, by default
    in the place of dy; it may be more. MemoryError if the blocks' sums cannot be allocated.
    """
    cdef Pass q
    cdef int status = 0, i
    q.activation = activation_index(kind)
    _same_parts("channel_norm_sums", x, dy, mean, inv, gamma, beta, sums)
    for name, array in (("more", more), ("y", y), ("dz", dz)):
        if array is not None:
            for i in range(3):
                same_size(
                    "channel_norm_sums", f"the axes of x and {name}", x.shape[i], array.shape[i])
    _tells_gradient("channel_norm_sums", kind, q.activation, y is not None)
    if x.shape[0] and x.shape[1] and x.shape[2]:
        q.samples, q.rows, q.n = x.shape[0], x.shape[1], x.shape[2]
        q.q.mean, q.q.shift = &mean[0, 0], &beta[0]
        q.q.p[0], q.q.p[1], q.q.p[2] = a, b, c
        q.g.dy, q.g.x, q.g.dz = &dy[0, 0, 0], &x[0, 0, 0], &dy[0, 0, 0]
        q.g.more = &more[0, 0, 0] if more is not None else NULL
        q.g.y = &y[0, 0, 0] if y is not None else NULL
        if dz is not None:
            q.g.dz = &dz[0, 0, 0]
        elif not q.activation and more is None:
            q.g.dz = NULL
        with nogil:
            status = _sums(&q, &inv[0, 0], &gamma[0], &sums[0, 0, 0])
    if status:
        raise MemoryError("channel_norm_sums: no memory for the partial sums")


def channel_norm_dx(
        const float[:, :, ::1] dz, const float[:, :, ::1] x, const float[:, ::1] mean,
        const float[:, ::1] inv, const float[::1] gamma, const double[:, :, ::1] sums, int groups,
        ptrdiff_t all_rows, bint fixed, float[:, :, ::1] dx, float[::1] dgamma,
        float[::1] dbeta, bint accumulate=False):
    """The second pass for some of the rows, after the first for all of each sample's `all_rows`.

    Overwrites dgamma, dbeta and dx, which may be dz or None; with `accumulate` it adds to dx, which
    is then not dz. MemoryError without memory.
    """
    cdef Pass q
    cdef int status = 0
    q.activation = 0
    _same_parts("channel_norm_dx", x, dz, mean, inv, gamma, gamma, sums)
    _same_parts("channel_norm_dx", x, x if dx is None else dx, mean, inv, dgamma, dbeta, sums)
    if groups < 1 or x.shape[2] % groups or all_rows < x.shape[1]:
        raise ValueError(
            f"channel_norm_dx: groups must divide the channels, and x be some of all rows; "
            f"received {groups}, {x.shape[2]} channels, {x.shape[1]} of {all_rows} rows")
    if x.shape[0] and x.shape[1] and x.shape[2]:
        q.samples, q.rows, q.n = x.shape[0], x.shape[1], x.shape[2]
        q.q.mean = &mean[0, 0]
        q.g.x, q.dz = &x[0, 0, 0], &dz[0, 0, 0]
        q.dx = &dx[0, 0, 0] if dx is not None else NULL
        q.adds = accumulate
        with nogil:
            status = _dx(
                &q, groups, all_rows, fixed, &inv[0, 0], &gamma[0], &sums[0, 0, 0], &dgamma[0],
                &dbeta[0])
    if status:
        raise MemoryError("channel_norm_dx: no memory for the coefficients")


cdef int _tells_gradient(str where, str kind, int activation, bint has_y) except -1:
    if has_y and activation and not activations_table().functions[activation - 1].from_output:
        raise ValueError(
            f"{where}: y serves an activation whose gradient it tells; received {kind!r}")
    return 0


cdef int _same_parts(
        str where, const float[:, :, ::1] x, const float[:, :, ::1] dy, const float[:, ::1] mean,
        const float[:, ::1] inv, const float[::1] gamma, const float[::1] beta,
        const double[:, :, ::1] sums) except -1:
    cdef int i
    same_channels(where, x, mean, inv, gamma, beta)
    for i in range(3):
        same_size(where, "the axes of x and its gradient", x.shape[i], dy.shape[i])
    same_size(where, "the samples of x and the sums", x.shape[0], sums.shape[0])
    same_size(where, "two sums of each channel, and the sums", 2, sums.shape[1])
    same_size(where, "the channels of x and the sums", x.shape[2], sums.shape[2])
    return 0


cdef int _bwd(
        Pass *q, ptrdiff_t groups, bint fixed, const float *inv, const float *gamma,
        float *dgamma, float *dbeta) noexcept nogil:
    cdef int status = -1
    cdef double *sums = <double *> calloc(q.samples * 2 * q.n, sizeof(double))
    if sums != NULL:
        status = _sums(q, inv, gamma, sums)
    if status == 0:
        status = _dx(q, groups, q.rows, fixed, inv, gamma, sums, dgamma, dbeta)
    free(sums)
    return status


cdef double _work(const Pass *q) noexcept nogil:
    return (8.0 if q.activation == 0 else 24.0) * q.samples * q.rows * q.n


cdef float *_scales(Pass *q, const float *inv, const float *gamma) noexcept nogil:
    """The coefficients k of `Pass`, of which the first is filled in; NULL without memory."""
    cdef float *k = <float *> calloc(q.samples * 3 * q.n, sizeof(float))
    cdef ptrdiff_t i, j
    q.k = k
    if k != NULL:
        for i in range(q.samples):
            for j in range(q.n):
                k[i * 3 * q.n + j] = inv[i * q.n + j] * gamma[j]
    return k


cdef int _sums(Pass *q, const float *inv, const float *gamma, double *sums) noexcept nogil:
    """Adds to sums (samples, 2, n) those of dz and of dz * (x - mean); stores dz if wanted."""
    cdef ptrdiff_t samples = q.samples, rows = q.rows, n = q.n
    cdef ptrdiff_t block = max(2 * blocks_of(BLOCK, n), blocks_of(rows, 256))
    cdef ptrdiff_t blocks = blocks_of(rows, block), i
    cdef unsigned state = 0
    cdef float *k = _scales(q, inv, gamma)
    cdef float *parts = <float *> calloc(samples * blocks * 2 * n, sizeof(float))
    if k == NULL or parts == NULL:
        free(k)
        free(parts)
        return -1
    with parallel(num_threads=threads_for(_work(q))):
        state = flush_denormals()
        for i in prange(samples * blocks, schedule="static"):
            _block_sums(
                q, i // blocks, i % blocks * block, block_size(i % blocks, rows, block),
                parts + i * 2 * n)
        restore_denormals(state)
    _add_up(samples, blocks, n, parts, sums)
    free(k)
    free(parts)
    return 0


cdef int _dx(
        Pass *q, ptrdiff_t groups, ptrdiff_t all_rows, bint fixed, const float *inv,
        const float *gamma, const double *sums, float *dgamma, float *dbeta) noexcept nogil:
    """dgamma and dbeta, and dx unless NULL, from the sums over `all_rows` rows of each sample."""
    cdef ptrdiff_t rows = q.rows, n = q.n, piece = blocks_of(BLOCK, n)
    cdef ptrdiff_t pieces = blocks_of(rows, piece), i
    cdef unsigned state = 0
    cdef float *k = _scales(q, inv, gamma)
    if k == NULL:
        return -1
    _coefficients(q, groups, all_rows, fixed, inv, gamma, sums, k, dgamma, dbeta)
    if q.dx != NULL:
        with parallel(num_threads=threads_for(_work(q))):
            state = flush_denormals()
            for i in prange(q.samples * pieces, schedule="static"):
                _piece_dx(
                    q, i // pieces, i % pieces * piece, block_size(i % pieces, rows, piece))
            restore_denormals(state)
    free(k)
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
        rows, q.n, q.dz + at, q.g.x + at, q.q.mean + s * q.n, q.k + s * 3 * q.n,
        q.dx + at if q.adds else NULL, q.dx + at)


cdef void _add_up(
        ptrdiff_t samples, ptrdiff_t blocks, ptrdiff_t n, const float *parts,
        double *sums) noexcept nogil:
    cdef ptrdiff_t i, j
    for i in range(samples * blocks):
        for j in range(2 * n):
            sums[i // blocks * 2 * n + j] += parts[i * 2 * n + j]


cdef void _coefficients(
        const Pass *q, ptrdiff_t groups, ptrdiff_t all_rows, bint fixed, const float *inv,
        const float *gamma, const double *sums, float *k, float *dgamma,
        float *dbeta) noexcept nogil:
    """dgamma, dbeta, and the second and third of each sample's coefficients k; see norm.h."""
    cdef ptrdiff_t n = q.n, width = n // groups, s, g, j
    cdef double count = <double> all_rows * width
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
