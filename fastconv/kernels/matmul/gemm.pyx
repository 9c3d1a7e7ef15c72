"""General matrix product, in BLIS's five loops.

Each thread computes a rectangle of c and shares nothing with the others. Its rows are cut into
slabs of MC, k into pieces of KC, and its columns into blocks of NC:

    for each slab, for each piece of k:    pack that part of a, in panels of gemm_mr rows
        for each block of columns:         pack that part of b, in panels of nr columns
            for each panel of a:           it stays in the L1 cache, while
                for each panel of b:       these come from the L2 cache: one register tile

That is the general case. Most products have contiguous rows, which are read in place: of a, if there
are many or a few hundred (`_rows.pyx`), of a transposed and b, if c is small (`_outer.pyx`), or of
both, if there are a few rows only.

The cut of k into pieces depends on k only: the bits of an element depend neither on the number of
threads nor on how many rows there are. Gradients of a few rows are an exception to the second.
"""

import numpy as np

from cpython.buffer cimport PyBuffer_Release
from cython.parallel cimport prange

from fastconv.kernels._isa cimport (
    FC_ACT_NONE, FC_ACT_RELU6, FC_INNER, FC_OWN, activation_code, flush_denormals, restore_denormals,
    scratch,
)
from fastconv.kernels._matrices cimport matrix, take_matrix, take_vector
from fastconv.kernels._sizes cimport round_up, smaller
from fastconv.kernels._threads cimport threads_for
from fastconv.kernels.matmul._outer cimport equal_pieces, outer, outer_fits, outer_parallel
from fastconv.kernels.matmul._rows cimport rows, rows_by_blocks, rows_fit, rows_parallel
from fastconv.kernels.matmul._table_matmul cimport fc_epilogue, fc_matmul, matmul_table

cdef enum:
    MAX_MR = 16
    PACK_A = 8    # approximate cycles to pack a row of a panel of a, and of b (often from memory)
    PACK_B = 24

cdef ptrdiff_t MC = 1008
cdef ptrdiff_t KC = 384
cdef ptrdiff_t NC = 256
cdef ptrdiff_t FEW_ROWS = 32     # times one panel of b: nor is it worth to pack b
cdef ptrdiff_t HUNDREDS = 512    # rows of a that need no packing
cdef ptrdiff_t DOTS = 4          # rows of a that are multiplied with the transpose of b in place
cdef ptrdiff_t LONG_DOTS = 64    # makes up for the sum over the lanes
cdef ptrdiff_t TINY = 32 * 1024  # multiply-adds for which the GIL is kept
cdef ptrdiff_t FEW_ROWS_SUMS = 4096  # floats of sums that wait in the L1 cache between two steps


cdef fc_epilogue _epilogue(
    const product *p, ptrdiff_t column, bint first, bint last
) noexcept nogil:
    """Of a piece of the sum: all but the first add to c; the last applies bias and activation."""
    cdef fc_epilogue ep = p.ep
    if not first:
        ep.beta = 1
    if not last:
        ep.bias = NULL
        ep.act = 0
    if ep.bias != NULL:
        ep.bias = ep.bias + column
    return ep


cdef int _packed(
    const product *p, const fc_matmul *ks, ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t n0, ptrdiff_t n1
) noexcept nogil:
    """Rows [m0, m1) and columns [n0, n1) of c, in one thread, from packed operands."""
    cdef ptrdiff_t mr = ks.gemm_mr, nr = ks.nr, kc_max = equal_pieces(p.k, KC)
    cdef ptrdiff_t mc = MC // mr * mr
    cdef float *a_pack = <float *> scratch(
        FC_INNER, sizeof(float) * (smaller(mc, round_up(m1 - m0, mr)) * kc_max + MAX_MR))
    cdef float *b_pack = <float *> scratch(
        FC_OWN, sizeof(float) * smaller(NC, round_up(n1 - n0, nr)) * kc_max)
    cdef ptrdiff_t ic, m, pc, kc, jc, nc, ir, jr
    cdef float *c
    cdef fc_epilogue ep
    if a_pack == NULL or b_pack == NULL:
        return -1
    for ic from m0 <= ic < m1 by mc:
        m = smaller(mc, m1 - ic)
        for pc from 0 <= pc < p.k by kc_max:
            kc = smaller(kc_max, p.k - pc)
            ks.gemm_pack_a(m, kc, p.a + ic * p.a_rs + pc * p.a_cs, p.a_rs, p.a_cs, a_pack)
            for jc from n0 <= jc < n1 by NC:
                nc = smaller(NC, n1 - jc)
                ks.gemm_pack_b(kc, nc, p.b + pc * p.b_rs + jc * p.b_cs, p.b_rs, p.b_cs, b_pack)
                for ir from 0 <= ir < m by mr:
                    c = p.c + (ic + ir) * p.ldc + jc
                    for jr from 0 <= jr < nc by nr:
                        ep = _epilogue(p, jc + jr, pc == 0, pc + kc == p.k)
                        ks.gemm_tile(
                            smaller(mr, m - ir), smaller(nr, nc - jr), kc, a_pack + ir * kc,
                            b_pack + jr * kc, c + jr, p.ldc, &ep)
    return 0


cdef int _few_rows(
    const product *p, const fc_matmul *ks, ptrdiff_t n0, ptrdiff_t n1
) noexcept nogil:
    """Columns [n0, n1) of a product with few rows; nothing is packed, both have contiguous rows."""
    cdef ptrdiff_t mr = smaller(p.m, ks.mr), kc_max = equal_pieces(p.k, KC)
    cdef ptrdiff_t width = smaller(round_up(n1 - n0, ks.vl), FEW_ROWS_SUMS // mr // ks.nr * ks.nr)
    # rows of b that are read at the same time: more of them save loads of sums, but their lines,
    # often a power of two apart, compete for the same sets of the L1 cache
    cdef ptrdiff_t longest = kc_max if p.n <= ks.nr else 8 if mr <= 4 else 16
    cdef float *sums = <float *> scratch(FC_OWN, sizeof(float) * mr * width)
    cdef ptrdiff_t pc, kc, i, x, step, jc, n
    cdef fc_epilogue ep
    if sums == NULL:
        return -1
    for pc from 0 <= pc < p.k by kc_max:
        kc = smaller(kc_max, p.k - pc)
        for jc from n0 <= jc < n1 by width:
            n = smaller(width, n1 - jc)
            ep = _epilogue(p, jc, pc == 0, pc + kc == p.k)
            for i from 0 <= i < p.m by mr:
                for x from 0 <= x < kc by longest:
                    step = smaller(longest, kc - x)
                    ks.few_rows(
                        smaller(mr, p.m - i), n, step, p.a + i * p.a_rs + pc + x, p.a_rs,
                        p.b + (pc + x) * p.b_rs + jc, p.b_rs, sums, x == 0,
                        p.c + i * p.ldc + jc, p.ldc, &ep if x + step == kc else NULL)
    return 0


cdef void _nothing_to_add(const product *p) noexcept nogil:
    """k = 0: the product is zero, only the epilogue is computed."""
    cdef ptrdiff_t i, j
    cdef float r
    for i in range(p.m):
        for j in range(p.n):
            r = p.ep.beta * p.c[i * p.ldc + j] if p.ep.beta != 0 else 0
            if p.ep.bias != NULL:
                r += p.ep.bias[j]
            if p.ep.act != FC_ACT_NONE and r < 0:
                r = 0
            if p.ep.act == FC_ACT_RELU6 and r > 6:
                r = 6
            p.c[i * p.ldc + j] = r


# A thread's share of a product: share t of `team`.
ctypedef int (*share)(
    const product *p, const fc_matmul *ks, ptrdiff_t t, ptrdiff_t team) noexcept nogil


cdef int _shared(share body, const product *p, const fc_matmul *ks, int team) noexcept nogil:
    cdef ptrdiff_t t
    cdef unsigned csr = 0
    cdef int failed = 0
    if team == 1:  # a parallel region costs more than a tiny product, even with one thread
        csr = flush_denormals()
        failed = body(p, ks, 0, 1)
        restore_denormals(csr)
        return failed
    for t in prange(team, num_threads=team, schedule="static", chunksize=1):
        csr = flush_denormals()
        failed |= body(p, ks, t, team)
        restore_denormals(csr)
    return failed


cdef int _strip(
    const product *p, const fc_matmul *ks, ptrdiff_t t, ptrdiff_t team
) noexcept nogil:
    """Columns of a product with few rows."""
    cdef ptrdiff_t tiles = (p.n + ks.nr - 1) // ks.nr
    return _few_rows(
        p, ks, tiles * t // team * ks.nr, smaller(tiles * (t + 1) // team * ks.nr, p.n))


cdef int _dots(
    const product *p, const fc_matmul *ks, ptrdiff_t t, ptrdiff_t team
) noexcept nogil:
    """Columns of a few rows times the transpose of a matrix of contiguous rows."""
    cdef ptrdiff_t n0 = p.n * t // team, n1 = p.n * (t + 1) // team
    cdef fc_epilogue ep = _epilogue(p, n0, True, True)
    ks.dots(p.m, n1 - n0, p.k, p.a, p.a_rs, p.b + n0 * p.b_cs, p.b_cs, p.c + n0, p.ldc, &ep)
    return 0


cdef void _as_rows(const product *p, rows *r) noexcept nogil:
    r.m, r.n, r.k = p.m, p.n, p.k
    r.a, r.lda, r.b, r.b_rs, r.b_cs, r.c, r.ldc = p.a, p.a_rs, p.b, p.b_rs, p.b_cs, p.c, p.ldc
    r.run, r.a_jump, r.c_jump = p.m, 0, 0
    r.ep = p.ep


cdef int _rectangle(
    const product *p, const fc_matmul *ks, ptrdiff_t t, ptrdiff_t team
) noexcept nogil:
    """A rectangle of c."""
    cdef ptrdiff_t mr = ks.gemm_mr, nr = ks.nr
    cdef ptrdiff_t m_tiles = (p.m + mr - 1) // mr, n_tiles = (p.n + nr - 1) // nr
    cdef ptrdiff_t tm, tn, m_now, n_now, best_tm = 1, cost, best_cost = -1, i, j
    cdef ptrdiff_t m0, m1, n0, n1
    cdef rows r
    # the grid whose largest rectangle takes the fewest cycles for each step of k, packing included
    for tm in range(1, team + 1):
        if team % tm:
            continue
        tn = team // tm
        m_now, n_now = (m_tiles + tm - 1) // tm, (n_tiles + tn - 1) // tn
        cost = mr * m_now * n_now + PACK_A * m_now + PACK_B * n_now
        if best_cost < 0 or cost < best_cost:
            best_tm, best_cost = tm, cost
    tm, tn = best_tm, team // best_tm
    i, j = t // tn, t % tn
    m0, m1 = m_tiles * i // tm * mr, smaller(m_tiles * (i + 1) // tm * mr, p.m)
    n0, n1 = n_tiles * j // tn * nr, smaller(n_tiles * (j + 1) // tn * nr, p.n)
    if p.a_cs == 1 and m1 - m0 <= HUNDREDS:
        _as_rows(p, &r)
        return rows_by_blocks(&r, m0, m1, n0, n1)
    return _packed(p, ks, m0, m1, n0, n1)


cdef bint _in_any_order(const product *p) noexcept nogil:
    return (
        p.gradient and p.ep.alpha == 1 and p.ep.beta == 0 and p.ep.bias == NULL and p.ep.act == 0)


cdef int _outer(const product *p) noexcept nogil:
    """The transpose of a matrix of contiguous rows times another one, with a small result."""
    cdef outer o
    o.m, o.n, o.k = p.m, p.n, p.k
    o.a, o.lda, o.b, o.ldb, o.c, o.ldc = p.a, p.a_cs, p.b, p.b_rs, p.c, p.ldc
    o.run, o.jump = 0, 0
    o.ep, o.sums, o.any_order = p.ep, NULL, _in_any_order(p)
    return outer_parallel(&o)


cdef int _rows(const product *p, int team) noexcept nogil:
    """Many contiguous rows times a small matrix."""
    cdef rows r
    _as_rows(p, &r)
    return rows_parallel(&r, team)


cdef int gemm_parallel(const product *p) noexcept nogil:
    cdef const fc_matmul *ks = matmul_table()
    cdef int team = threads_for(<double> p.m * p.n * p.k)
    if p.m == 0 or p.n == 0:
        return 0
    if p.k == 0:
        _nothing_to_add(p)
        return 0
    if p.gradient and p.m <= DOTS and p.k >= LONG_DOTS and p.a_cs == p.b_rs == 1:
        return _shared(_dots, p, ks, team)
    if p.a_cs == p.b_cs == 1 and (p.m <= ks.mr or p.m <= FEW_ROWS and p.n <= ks.nr):
        return _shared(_strip, p, ks, team)
    if p.a_rs == p.b_cs == 1 and outer_fits(p.m, p.n, p.k, _in_any_order(p)):
        return _outer(p)
    if p.a_cs == 1 and rows_fit(p.m, p.n, p.k, team):
        return _rows(p, team)
    return _shared(_rectangle, p, ks, team)


cdef int gemm_serial(const product *p) noexcept nogil:
    return _packed(p, matmul_table(), 0, p.m, 0, p.n)


cdef int _product_of(
    product *p, const matrix *a, const matrix *b, const matrix *c, const matrix *bias
) except -1:
    p.m, p.k, p.n = a.rows, a.columns, b.columns
    if b.rows != p.k or c.rows != p.m or c.columns != p.n:
        raise ValueError(
            "gemm: a (m, k), b (k, n) and c (m, n) must agree; "
            f"received ({p.m}, {p.k}), ({b.rows}, {p.n}), ({c.rows}, {c.columns})")
    if bias != NULL and bias.rows != p.n:
        raise ValueError(f"gemm: bias must have n = {p.n} elements; received {bias.rows}")
    p.a, p.a_rs, p.a_cs, p.b, p.b_rs, p.b_cs = a.data, a.rs, a.cs, b.data, b.rs, b.cs
    p.c, p.ldc, p.ep.bias = c.data, c.rs, NULL if bias == NULL else bias.data
    if p.m == 1:
        p.a_rs = p.k  # any stride is valid for a single row; this one counts as contiguous
    return 0


def gemm(
    a, b, c, float alpha=1, float beta=0, bias=None, str activation="none", bint gradient=False,
):
    """c (m, n) = activation(alpha * a (m, k) @ b (k, n) + beta * c + bias), any strides.

    The bits of a row of c do not depend on the other rows, unless it is a `gradient`, which may be
    faster.
    """
    cdef product p
    cdef matrix left, right, to, row
    cdef int failed, taken = 0
    p.ep.alpha, p.ep.beta, p.gradient = alpha, beta, gradient
    p.ep.act = activation_code(activation)
    try:
        take_matrix(&left, a, False, "gemm: a")
        taken = 1
        take_matrix(&right, b, False, "gemm: b")
        taken = 2
        take_matrix(&to, c, True, "gemm: c")
        taken = 3
        if bias is not None:
            take_vector(&row, bias, False, "gemm: bias")
            taken = 4
        _product_of(&p, &left, &right, &to, NULL if bias is None else &row)
        if p.n > 1 and to.cs != 1 and p.m:
            # columns are not contiguous: work on a copy with contiguous rows
            dense = np.array(c, order="C", copy=True)
            gemm(a, b, dense, alpha, beta, bias, activation, gradient)
            np.asarray(c)[...] = dense
            return
        if p.m * p.n * p.k < TINY:
            failed = gemm_parallel(&p)
        else:
            with nogil:
                failed = gemm_parallel(&p)
        if failed:
            raise MemoryError("gemm: no memory for the packed operands")
    finally:
        if taken > 0:
            PyBuffer_Release(&left.buffer)
        if taken > 1:
            PyBuffer_Release(&right.buffer)
        if taken > 2:
            PyBuffer_Release(&to.buffer)
        if taken > 3:
            PyBuffer_Release(&row.buffer)
