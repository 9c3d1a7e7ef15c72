/* A sum of outer products of rows of a and b, both read in place, while the caller's next rows are fetched from memory. */

FN void outer_tile_body(const int m, const int nv, const int masked, ptrdiff_t n, ptrdiff_t k, const float *a,
                        ptrdiff_t lda, const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc, const char *next,
                        ptrdiff_t hop, const fc_epilogue *ep)
{
    vf acc[GMR][NV];
    if (ep->beta != 0.0f) prefetch_tile(m, nv, c, ldc);
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) acc[i][j] = v_zero();
    for (ptrdiff_t x = 0; x < k; x++, a += lda, b += ldb, next += hop) {
        vf bv[NV];
        __builtin_prefetch(next, 0, 2); /* into L2: L1 holds the tile's operands */
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++)
            bv[j] = masked && j == nv - 1 ? v_load_first(b + j * VL, n - j * VL) : v_load(b + j * VL);
#pragma GCC unroll 16
        for (int i = 0; i < m; i++) {
            const vf av = v_broadcast(a + i);
#pragma GCC unroll 4
            for (int j = 0; j < nv; j++) acc[i][j] = v_fma(av, bv[j], acc[i][j]);
        }
    }
    store_tile(m, nv, n, acc, c, ldc, ep);
}

static void outer_tile(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b,
                       ptrdiff_t ldb, float *c, ptrdiff_t ldc, const char *next, ptrdiff_t hop, const fc_epilogue *ep)
{
#define CASE(i)                                                                          \
    case i:                                                                              \
        if (n == 2 * VL)                                                                 \
            outer_tile_body(i, 2, 0, n, k, a, lda, b, ldb, c, ldc, next, hop, ep);       \
        else if (n > VL)                                                                 \
            outer_tile_body(i, 2, 1, n, k, a, lda, b, ldb, c, ldc, next, hop, ep);       \
        else                                                                             \
            outer_tile_body(i, 1, n < VL, n, k, a, lda, b, ldb, c, ldc, next, hop, ep);  \
        break;
    switch (m) {
        ROWS_UP_TO(GMR)(CASE)
    }
#undef CASE
}
