/* Depthwise convolution: every channel has its own filter, so the vectors run over channels, and a tile is a few
 * adjacent outputs of one row. table_depthwise.h describes what the functions compute.
 *
 * A vector of channels is one cache line every few hundred bytes, a pattern that the hardware does not prefetch. So
 * each tile prefetches the data of the next ones: the row below its window, the outputs after its own, the next row of
 * dy. Beyond the end of an array a prefetch is harmless: nothing is read. */

/* The pixel q <= 7 steps of s floats after p. Written such that three odd multiples of s and the scaling of x86
 * addressing modes form all eight addresses: there are not enough registers for one each. */
FN const float *pixel_at(const float *p, const int q, ptrdiff_t s, ptrdiff_t s3, ptrdiff_t s5, ptrdiff_t s7)
{
    if (q == 3) return p + s3;
    if (q == 5) return p + s5;
    if (q == 6) return p + 2 * s3;
    if (q == 7) return p + s7;
    return p + q * s;
}

/* Q adjacent outputs of up to VL channels */
FN void depthwise_tile(const int Q, const int whole, ptrdiff_t left, const fc_taps *t, const float *x, ptrdiff_t xs,
                       const float *w, const float *bias, int act, float *y, ptrdiff_t ys)
{
    vf sum[8];
    const vf b = bias ? load_part(whole, left, bias) : v_zero();
    const ptrdiff_t s3 = 3 * xs, s5 = 5 * xs, s7 = 7 * xs;
    const ptrdiff_t next_x = t->xi - t->nj * t->xj, next_w = t->wi - t->nj * t->wj;
#pragma GCC unroll 8
    for (int q = 0; q < Q; q++) {
        sum[q] = b;
        __builtin_prefetch(x + t->ni * t->xi + t->xj + q * xs);
        __builtin_prefetch(y + (q + 8) * ys, 1);
    }
    for (ptrdiff_t i = t->ni; i > 0; i--, x += next_x, w += next_w)
        for (ptrdiff_t j = t->nj; j > 0; j--, x += t->xj, w += t->wj) {
            const vf tap = load_part(whole, left, w);
#pragma GCC unroll 8
            for (int q = 0; q < Q; q++)
                sum[q] = v_fma(load_part(whole, left, pixel_at(x, q, xs, s3, s5, s7)), tap, sum[q]);
        }
#pragma GCC unroll 8
    for (int q = 0; q < Q; q++, y += ys)
        store_part(whole, left, y, rectified(sum[q], act));
}

FN void depthwise_tiles(const int Q, ptrdiff_t nc, const fc_taps *t, const float *x, ptrdiff_t xs, const float *w,
                        const float *bias, int act, float *y, ptrdiff_t ys)
{
    ptrdiff_t c = 0;
    for (; c + VL <= nc; c += VL)
        depthwise_tile(Q, 1, VL, t, x + c, xs, w + c, bias ? bias + c : NULL, act, y + c, ys);
    if (c < nc) depthwise_tile(Q, 0, nc - c, t, x + c, xs, w + c, bias ? bias + c : NULL, act, y + c, ys);
}

static void depthwise_row(ptrdiff_t nq, ptrdiff_t nc, const fc_taps *t, const float *x, ptrdiff_t xs, const float *w,
                          const float *bias, int act, float *y, ptrdiff_t ys)
{
    for (; nq >= 8; nq -= 8, x += 8 * xs, y += 8 * ys) depthwise_tiles(8, nc, t, x, xs, w, bias, act, y, ys);
    if (nq >= 4) {
        depthwise_tiles(4, nc, t, x, xs, w, bias, act, y, ys);
        nq -= 4, x += 4 * xs, y += 4 * ys;
    }
    if (nq >= 2) {
        depthwise_tiles(2, nc, t, x, xs, w, bias, act, y, ys);
        nq -= 2, x += 2 * xs, y += 2 * ys;
    }
    if (nq) depthwise_tiles(1, nc, t, x, xs, w, bias, act, y, ys);
}

/* NI x NJ taps (columns from `j0` on) of up to VL channels, and the sum of dy unless db is NULL. */
FN void depthwise_weights_tile(const int NI, const int NJ, const int whole, ptrdiff_t left, ptrdiff_t n,
                               const fc_stretch *s, const fc_taps *t, ptrdiff_t j0, const float *x, ptrdiff_t xs,
                               const float *dy, ptrdiff_t ld, float *dw, float *db)
{
    vf sum[9], total = v_zero();
    const ptrdiff_t n_outputs = n ? s[n - 1].end : 0;
#pragma GCC unroll 9
    for (int k = 0; k < NI * NJ; k++) sum[k] = v_zero();
    for (; n > 0; n--, s++) {
        const ptrdiff_t first = s->first - j0, last = s->last - j0;
        const int all = first <= 0 && last >= NJ;
        const float *p = x + s->begin * xs, *g = dy + s->begin * ld;
        for (ptrdiff_t q = s->begin; q < s->end; q++, p += xs, g += ld) {
            const vf d = load_part(whole, left, g);
            __builtin_prefetch(p + NI * t->xi + t->xj);
            __builtin_prefetch(g + n_outputs * ld);
            if (db) total += d;
            if (all) {
#pragma GCC unroll 9
                for (int k = 0; k < NI * NJ; k++)
                    sum[k] = v_fma(load_part(whole, left, p + k / NJ * t->xi + k % NJ * t->xj), d, sum[k]);
            } else {
#pragma GCC unroll 9
                for (int k = 0; k < NI * NJ; k++)
                    if (k % NJ >= first && k % NJ < last)
                        sum[k] = v_fma(load_part(whole, left, p + k / NJ * t->xi + k % NJ * t->xj), d, sum[k]);
            }
        }
    }
#pragma GCC unroll 9
    for (int k = 0; k < NI * NJ; k++) {
        float *to = dw + k / NJ * t->wi + k % NJ * t->wj;
        store_part(whole, left, to, load_part(whole, left, to) + sum[k]);
    }
    if (db) store_part(whole, left, db, load_part(whole, left, db) + total);
}

FN void depthwise_weights_tiles(const int NI, const int NJ, ptrdiff_t n, const fc_stretch *s, ptrdiff_t nc,
                                const fc_taps *t, ptrdiff_t j0, const float *x, ptrdiff_t xs, const float *dy,
                                ptrdiff_t ld, float *dw, float *db)
{
    ptrdiff_t c = 0;
    x += j0 * t->xj, dw += j0 * t->wj;
    for (; c + VL <= nc; c += VL)
        depthwise_weights_tile(NI, NJ, 1, VL, n, s, t, j0, x + c, xs, dy + c, ld, dw + c, db ? db + c : NULL);
    if (c < nc)
        depthwise_weights_tile(NI, NJ, 0, nc - c, n, s, t, j0, x + c, xs, dy + c, ld, dw + c, db ? db + c : NULL);
}

static void depthwise_weights_row(ptrdiff_t n, const fc_stretch *s, ptrdiff_t nc, const fc_taps *t, const float *x,
                                  ptrdiff_t xs, const float *dy, ptrdiff_t ld, float *dw, float *db)
{
    if (t->ni == 0 && db) depthwise_weights_tiles(0, 1, n, s, nc, t, 0, x, xs, dy, ld, dw, db);
    if (t->ni == 3 && t->nj == 3) {
        depthwise_weights_tiles(3, 3, n, s, nc, t, 0, x, xs, dy, ld, dw, db);
        return;
    }
    for (ptrdiff_t i = 0; i < t->ni; i++, x += t->xi, dw += t->wi)
        for (ptrdiff_t j = 0; j < t->nj;) {
            float *bias = i == 0 && j == 0 ? db : NULL;
            const ptrdiff_t left = t->nj - j;
            if (left >= 5) {
                depthwise_weights_tiles(1, 5, n, s, nc, t, j, x, xs, dy, ld, dw, bias);
                j += 5;
            } else if (left >= 3) {
                depthwise_weights_tiles(1, 3, n, s, nc, t, j, x, xs, dy, ld, dw, bias);
                j += 3;
            } else {
                depthwise_weights_tiles(1, 1, n, s, nc, t, j, x, xs, dy, ld, dw, bias);
                j += 1;
            }
        }
}
