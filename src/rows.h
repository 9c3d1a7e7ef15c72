/* Rows of a, read in place, times a packed panel of b, while the caller's next rows are fetched from memory. */

/* c = sums + bias or act(sums + bias), for whole vectors at aligned addresses, not by way of the cache. */
FN void stream_tile(const int m, const int nv, vf (*acc)[NV], float *c, ptrdiff_t ldc, const fc_epilogue *ep)
{
    const vf zero = v_zero();
    vf bias[NV];
#pragma GCC unroll 4
    for (int j = 0; j < nv; j++) bias[j] = ep->bias ? v_load(ep->bias + j * VL) : zero;
    const int act = ep->act;
#pragma GCC unroll 16
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) {
            vf r = acc[i][j] + bias[j];
            r = rectified(r, act);
            v_stream(c + i * ldc + j * VL, r);
        }
}

FN void rows_tile_body(const int m, const int nv, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda,
                       const float *b, float *c, ptrdiff_t ldc, const char *next, ptrdiff_t hop, int streams,
                       const fc_epilogue *ep)
{
    vf acc[GMR][NV];
    const float *thirds[(GMR + 2) / 3]; /* an address is one of these plus 0, 1 or 2 times lda */
    if (!streams) prefetch_tile(m, nv, c, ldc);
#pragma GCC unroll 16
    for (int i = 0; i < m; i++) {
        if (i % 3 == 0) thirds[i / 3] = a + i * lda;
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) acc[i][j] = v_zero();
    }
#pragma GCC unroll 4
    for (ptrdiff_t x = 0; x < k; x++, b += nv * VL, next += hop) {
        vf bv[NV];
        __builtin_prefetch(next, 0, 2); /* into L2: L1 holds the tile's operands */
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) bv[j] = v_load(b + j * VL);
#pragma GCC unroll 16
        for (int i = 0; i < m; i++) {
            const vf av = v_broadcast(thirds[i / 3] + i % 3 * lda + x);
#pragma GCC unroll 4
            for (int j = 0; j < nv; j++) acc[i][j] = v_fma(av, bv[j], acc[i][j]);
        }
    }
    if (streams)
        stream_tile(m, nv, acc, c, ldc, ep);
    else
        store_tile(m, nv, n, acc, c, ldc, ep);
}

static void rows_tile(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b, float *c,
                      ptrdiff_t ldc, const char *next, ptrdiff_t hop, int streams, const fc_epilogue *ep)
{
#define CASE(i)                                                                      \
    case i:                                                                          \
        if (n > VL)                                                                  \
            rows_tile_body(i, 2, n, k, a, lda, b, c, ldc, next, hop, streams, ep);   \
        else                                                                         \
            rows_tile_body(i, 1, n, k, a, lda, b, c, ldc, next, hop, streams, ep);   \
        break;
    switch (m) {
        ROWS_UP_TO(GMR)(CASE)
    }
#undef CASE
}

static void streams_done(void) { v_stream_fence(); }
