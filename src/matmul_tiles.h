/* The register tiles of convolutions and matrix products: up to MR (row_tile, panel_product) or GMR (column_tile) rows
 * by up to NV vectors of columns, held in registers over the whole sum. Each has one body, specialized by the compiler
 * for every m and number of vectors, so that edge tiles cost no more than their size and read nothing outside. */

/* c = act(alpha * sums + beta * c + bias), for m rows and the first n columns of a tile */
static __attribute__((noinline)) void store_with_epilogue(ptrdiff_t m, ptrdiff_t nv, ptrdiff_t n, vf (*sums)[NV],
                                                          float *c, ptrdiff_t ldc, const fc_epilogue *where)
{
    const fc_epilogue ep = *where; /* a copy, since c could alias *where */
    vf bias[NV];
    for (int j = 0; j < nv; j++) bias[j] = ep.bias ? v_load_first(ep.bias + j * VL, n - j * VL) : v_zero();
    const vf alpha = v_set1(ep.alpha), beta = v_set1(ep.beta);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < nv; j++) {
            float *p = c + i * ldc + j * VL;
            const ptrdiff_t left = n - j * VL;
            vf r = v_fma(alpha, sums[i][j], bias[j]);
            /* with beta == 0, c must not be read: it may hold NaN or be uninitialized */
            if (ep.beta != 0.0f) r = v_fma(beta, left >= VL ? v_load(p) : v_load_first(p, left), r);
            r = rectified(r, ep.act);
            if (left >= VL)
                v_store(p, r);
            else
                v_store_first(p, r, left);
        }
}

FN void store_tile(const int m, const int nv, ptrdiff_t n, vf (*acc)[NV], float *c, ptrdiff_t ldc,
                   const fc_epilogue *ep)
{
    if (n == nv * VL && ep->alpha == 1.0f && !ep->bias && ep->act == FC_ACT_NONE) {
        /* whole tiles of plain sums, as in Winograd's short products: c = acc, or c += acc */
        if (ep->beta == 0.0f) {
#pragma GCC unroll 16
            for (int i = 0; i < m; i++)
#pragma GCC unroll 4
                for (int j = 0; j < nv; j++) v_store(c + i * ldc + j * VL, acc[i][j]);
            return;
        }
        if (ep->beta == 1.0f) {
#pragma GCC unroll 16
            for (int i = 0; i < m; i++)
#pragma GCC unroll 4
                for (int j = 0; j < nv; j++)
                    v_store(c + i * ldc + j * VL, v_load(c + i * ldc + j * VL) + acc[i][j]);
            return;
        }
    }
    /* all other cases share one body for all sizes */
    vf sums[GMR][NV];
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) sums[i][j] = acc[i][j];
    store_with_epilogue(m, nv, n, sums, c, ldc, ep);
}

/* Prefetches the tile of c before the sum, since it is often not in a near cache. */
FN void prefetch_tile(const int m, const int nv, const float *c, ptrdiff_t ldc)
{
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) __builtin_prefetch(c + i * ldc + j * VL, 1);
}

FN void row_tile_body(const int m, const int nv, ptrdiff_t n, ptrdiff_t k, ptrdiff_t n_taps, const float *a,
                      const ptrdiff_t *rows, const ptrdiff_t *taps, const float *b, float *c, ptrdiff_t ldc,
                      const fc_epilogue *ep)
{
    vf acc[MR][NV];
    const float *ap[MR];
    if (ep->beta != 0.0f) prefetch_tile(m, nv, c, ldc);
#pragma GCC unroll 16
    for (int i = 0; i < m; i++) {
        ap[i] = a + rows[i];
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) acc[i][j] = v_zero();
    }
    for (ptrdiff_t t = 0; t < n_taps; t++) {
        ptrdiff_t x = taps[t];
        const ptrdiff_t end = x + k;
        for (; x < end; x++) {
            vf bv[NV];
#pragma GCC unroll 4
            for (int j = 0; j < nv; j++) bv[j] = v_load(b + j * VL);
            b += nv * VL;
#pragma GCC unroll 16
            for (int i = 0; i < m; i++) {
                const vf av = v_broadcast(ap[i] + x);
#pragma GCC unroll 4
                for (int j = 0; j < nv; j++) acc[i][j] = v_fma(av, bv[j], acc[i][j]);
            }
        }
    }
    store_tile(m, nv, n, acc, c, ldc, ep);
}

/* c = the sums for m rows of a that are `lda` floats apart; needs fewer pointers than row_tile. */
FN void panel_tile_body(const int m, const int nv, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda,
                        const float *b, float *c, ptrdiff_t ldc)
{
    vf acc[MR][NV];
    const float *thirds[(MR + 2) / 3]; /* an address is one of these plus 0, 1 or 2 times lda */
#pragma GCC unroll 16
    for (int i = 0; i < m; i++) {
        if (i % 3 == 0) thirds[i / 3] = a + i * lda;
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) acc[i][j] = v_zero();
    }
#pragma GCC unroll 4
    for (ptrdiff_t x = 0; x < k; x++) {
        vf bv[NV];
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) bv[j] = v_load(b + j * VL);
        b += nv * VL;
#pragma GCC unroll 16
        for (int i = 0; i < m; i++) {
            const vf av = v_broadcast(thirds[i / 3] + i % 3 * lda + x);
#pragma GCC unroll 4
            for (int j = 0; j < nv; j++) acc[i][j] = v_fma(av, bv[j], acc[i][j]);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) {
            float *to = c + i * ldc + j * VL;
            if (n >= (j + 1) * VL)
                v_store(to, acc[i][j]);
            else
                v_store_first(to, acc[i][j], n - j * VL);
        }
}

FN void column_tile_body(const int m, const int nv, const int masked, ptrdiff_t n, ptrdiff_t n_points, const float *a,
                         const ptrdiff_t *points, const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc,
                         const fc_epilogue *ep)
{
    vf acc[GMR][NV];
    if (ep->beta != 0.0f) prefetch_tile(m, nv, c, ldc);
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) acc[i][j] = v_zero();
    for (ptrdiff_t p = 0; p < n_points; p++) {
        const float *ap = a + points[p];
        vf bv[NV];
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++)
            bv[j] = masked && j == nv - 1 ? v_load_first(b + j * VL, n - j * VL) : v_load(b + j * VL);
        b += ldb;
#pragma GCC unroll 16
        for (int i = 0; i < m; i++) {
            const vf av = v_broadcast(ap + i);
#pragma GCC unroll 4
            for (int j = 0; j < nv; j++) acc[i][j] = v_fma(av, bv[j], acc[i][j]);
        }
    }
    store_tile(m, nv, n, acc, c, ldc, ep);
}

/* ROWS_n(CASE): CASE(1) ... CASE(n) */
#define ROWS_6(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#define ROWS_12(CASE) ROWS_6(CASE) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#define ROWS_14(CASE) ROWS_12(CASE) CASE(13) CASE(14)
#define ROWS_UP_TO_(n) ROWS_##n
#define ROWS_UP_TO(n) ROWS_UP_TO_(n)

static void row_tile(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t n_taps, const float *a, const ptrdiff_t *rows,
                     const ptrdiff_t *taps, const float *b, float *c, ptrdiff_t ldc, const fc_epilogue *ep)
{
#define CASE(i)                                                              \
    case i:                                                                  \
        if (n > VL)                                                          \
            row_tile_body(i, 2, n, k, n_taps, a, rows, taps, b, c, ldc, ep); \
        else                                                                 \
            row_tile_body(i, 1, n, k, n_taps, a, rows, taps, b, c, ldc, ep); \
        break;
    switch (m) {
        ROWS_UP_TO(MR)(CASE)
    }
#undef CASE
}

static void panel_product(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b,
                          float *c, ptrdiff_t ldc)
{
    for (; m > 0; m -= MR, a += MR * lda, c += MR * ldc) {
#define CASE(i)                                             \
    case i:                                                 \
        if (n > VL)                                         \
            panel_tile_body(i, 2, n, k, a, lda, b, c, ldc); \
        else                                                \
            panel_tile_body(i, 1, n, k, a, lda, b, c, ldc); \
        break;
        switch (m < MR ? m : MR) {
            ROWS_UP_TO(MR)(CASE)
        }
#undef CASE
    }
}

static void column_tile(ptrdiff_t m, ptrdiff_t n, ptrdiff_t n_points, const float *a, const ptrdiff_t *points,
                        const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc, const fc_epilogue *ep)
{
#define CASE(i)                                                                       \
    case i:                                                                           \
        if (n == 2 * VL)                                                              \
            column_tile_body(i, 2, 0, n, n_points, a, points, b, ldb, c, ldc, ep);    \
        else if (n > VL)                                                              \
            column_tile_body(i, 2, 1, n, n_points, a, points, b, ldb, c, ldc, ep);    \
        else                                                                          \
            column_tile_body(i, 1, n < VL, n, n_points, a, points, b, ldb, c, ldc, ep); \
        break;
    switch (m) {
        ROWS_UP_TO(GMR)(CASE)
    }
#undef CASE
}
