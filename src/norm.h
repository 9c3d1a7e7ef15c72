/* Normalization of matrices x (rows, n) with statistics per column (batch and group normalization), fused with the
 * activation f that follows; norm_rows.h has statistics per row. Sums are in float32, over so few rows that this is
 * accurate: the caller cuts them into blocks. */

/* The number of rows processed at a time: the values per column are read and written once for all of them, and the rows
 * are few enough for hardware prefetching to follow each. */
FN ptrdiff_t rows_at_a_time(ptrdiff_t n)
{
    return n >= 256 ? 4 : n >= 32 ? 1024 / n : 32;
}

/* Up to four vectors of columns: the mean m of `rows` rows and the sum q of (x - m)^2, combined with those of the
 * `before` rows in mean, squares. */
FN void moments_part(const int nv, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t ldx, const float *x, ptrdiff_t before,
                     float *mean, float *squares)
{
    const int whole = nv - 1;
    const ptrdiff_t left = n - whole * VL;
    const vf share = v_set1((float)rows / (float)(before + rows)), each = v_set1(1.0f / (float)rows);
    const vf weight = v_set1((float)before * ((float)rows / (float)(before + rows)));
    vf m[4], q[4];
    for (int j = 0; j < nv; j++) m[j] = q[j] = v_zero();
    for (ptrdiff_t r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) m[j] += load_part(j < whole, left, x + r * ldx + j * VL);
    for (int j = 0; j < nv; j++) m[j] = m[j] * each;
    for (ptrdiff_t r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) {
            const vf d = load_part(j < whole, left, x + r * ldx + j * VL) - m[j];
            __builtin_prefetch(x + (rows + r) * ldx + j * VL); /* the next piece */
            q[j] = v_fma(d, d, q[j]);
        }
    for (int j = 0; j < nv; j++) {
        float *to = mean + j * VL, *sum = squares + j * VL;
        if (before) {
            const vf old = load_part(j < whole, left, to), away = m[j] - old;
            m[j] = v_fma(away, share, old);
            q[j] = v_fma(away * away, weight, load_part(j < whole, left, sum) + q[j]);
        }
        store_part(j < whole, left, to, m[j]);
        store_part(j < whole, left, sum, q[j]);
    }
}

/* mean (n) and squares (n): each column's mean, and its sum of (x - mean)^2. In pieces that stay in L1 between the two
 * sums, each around its own mean (Chan, Golub and LeVeque 1979). */
static void column_moments(ptrdiff_t rows, ptrdiff_t n, const float *x, float *mean, float *squares)
{
    const ptrdiff_t some = n < 512 ? 4096 / n : 8;
    for (ptrdiff_t before = 0; before < rows; before += some, x += some * n) {
        const ptrdiff_t many = rows - before < some ? rows - before : some;
        ptrdiff_t j = 0;
        for (; n - j > 3 * VL; j += 4 * VL)
            moments_part(4, many, n - j < 4 * VL ? n - j : 4 * VL, n, x + j, before, mean + j, squares + j);
        if (n - j > 2 * VL)
            moments_part(3, many, n - j, n, x + j, before, mean + j, squares + j);
        else if (n - j > VL)
            moments_part(2, many, n - j, n, x + j, before, mean + j, squares + j);
        else if (n - j > 0)
            moments_part(1, many, n - j, n, x + j, before, mean + j, squares + j);
    }
}

/* dx = to + k0 * dz + k1 * (x - mean) + k2, with k (3, n); to (rows, n), which may be dx, or NULL for nothing */
FN void norm_dx_part(const int whole, ptrdiff_t left, ptrdiff_t n, const float *dz, const float *x, const float *mean,
                     const float *k, const float *to, float *dx)
{
    const vf d = load_part(whole, left, x) - load_part(whole, left, mean);
    const vf rest = v_fma(d, load_part(whole, left, k + n), load_part(whole, left, k + 2 * n));
    vf v = v_fma(load_part(whole, left, dz), load_part(whole, left, k), rest);
    if (to) v = load_part(whole, left, to) + v;
    store_part(whole, left, dx, v);
}

static void norm_dx(ptrdiff_t rows, ptrdiff_t n, const float *dz, const float *x, const float *mean, const float *k,
                    const float *to, float *dx)
{
    for (ptrdiff_t r = 0; r < rows; r++, dz += n, x += n, dx += n) {
        ptrdiff_t i = 0;
        for (; i + VL <= n; i += VL)
            norm_dx_part(1, VL, n, dz + i, x + i, mean + i, k + i, to ? to + i : to, dx + i);
        if (i < n) norm_dx_part(0, n - i, n, dz + i, x + i, mean + i, k + i, to ? to + i : to, dx + i);
        if (to) to += n;
    }
}

/* The identity, for no activation. */
FN vf none_value(vf x, const vf *p) { return (void)p, x; }
FN vf none_gradient(vf dy, vf y, const vf *p) { return (void)p, (void)y, dy; }

/* The functions of fc_normalized, for each activation. */
#define NORMALIZED(name, from_output)                                                                                  \
    FN void name##_norm_fwd_part(const int whole, ptrdiff_t left, const fc_norm *q, const float *x, const float *add,  \
                                 float *y, const vf *p, ptrdiff_t i)                                                   \
    {                                                                                                                  \
        const vf d = load_part(whole, left, x + i) - load_part(whole, left, q->mean + i);                              \
        vf z = v_fma(d, load_part(whole, left, q->scale + i), load_part(whole, left, q->shift + i));                   \
        if (add) z = z + load_part(whole, left, add + i);                                                              \
        store_part(whole, left, y + i, name##_value(z, p));                                                            \
    }                                                                                                                  \
    static void name##_norm_fwd(ptrdiff_t rows, ptrdiff_t n, const fc_norm *q, const float *x, const float *add,       \
                                float *y)                                                                              \
    {                                                                                                                  \
        const vf p[3] = {v_set1(q->p[0]), v_set1(q->p[1]), v_set1(q->p[2])};                                           \
        for (ptrdiff_t r = 0; r < rows; r++, x += n, y += n) {                                                         \
            ptrdiff_t i = 0;                                                                                           \
            for (; i + VL <= n; i += VL) name##_norm_fwd_part(1, VL, q, x, add, y, p, i);                              \
            if (i < n) name##_norm_fwd_part(0, n - i, q, x, add, y, p, i);                                             \
            if (add) add += n;                                                                                         \
        }                                                                                                              \
    }                                                                                                                  \
    FN void name##_norm_sums_part(const int whole, ptrdiff_t left, ptrdiff_t rows, ptrdiff_t n, const fc_norm *q,      \
                                  const fc_norm_gradient *g, ptrdiff_t at, const vf *p, ptrdiff_t i, float *sums)      \
    {                                                                                                                  \
        const vf mean = load_part(whole, left, q->mean + i), scale = load_part(whole, left, q->scale + i);             \
        const vf shift = load_part(whole, left, q->shift + i);                                                         \
        vf plain = load_part(whole, left, sums + i), product = load_part(whole, left, sums + n + i);                   \
        const ptrdiff_t next = rows * n;                                                                               \
        for (at += i; rows > 0; rows--, at += n) {                                                                     \
            const vf d = load_part(whole, left, g->x + at) - mean;                                                     \
            vf dz = load_part(whole, left, g->dy + at), s;                                                             \
            __builtin_prefetch(g->x + at + next);                                                                      \
            __builtin_prefetch(g->dy + at + next);                                                                     \
            if (g->more) dz = dz + load_part(whole, left, g->more + at);                                               \
            if (from_output && g->y)                                                                                   \
                s = load_part(whole, left, g->y + at);                                                                 \
            else if (from_output)                                                                                      \
                s = name##_value(v_fma(d, scale, shift), p);                                                           \
            else                                                                                                       \
                s = v_fma(d, scale, shift);                                                                            \
            dz = name##_gradient(dz, s, p);                                                                            \
            if (g->dz) store_part(whole, left, g->dz + at, dz);                                                        \
            plain = plain + dz;                                                                                        \
            product = v_fma(dz, d, product);                                                                           \
        }                                                                                                              \
        store_part(whole, left, sums + i, plain);                                                                      \
        store_part(whole, left, sums + n + i, product);                                                                \
    }                                                                                                                  \
    static void name##_norm_sums(ptrdiff_t rows, ptrdiff_t n, const fc_norm *q, const fc_norm_gradient *g,             \
                                 ptrdiff_t at, float *sums)                                                            \
    {                                                                                                                  \
        const vf p[3] = {v_set1(q->p[0]), v_set1(q->p[1]), v_set1(q->p[2])};                                           \
        const ptrdiff_t some = rows_at_a_time(n);                                                                      \
        for (; rows > 0; rows -= some, at += some * n) {                                                               \
            const ptrdiff_t many = rows < some ? rows : some;                                                          \
            ptrdiff_t i = 0;                                                                                           \
            for (; i + VL <= n; i += VL) name##_norm_sums_part(1, VL, many, n, q, g, at, p, i, sums);                  \
            if (i < n) name##_norm_sums_part(0, n - i, many, n, q, g, at, p, i, sums);                                 \
        }                                                                                                              \
    }

NORMALIZED(none, 1)
FC_ACTIVATIONS(NORMALIZED)

#define NORMALIZED_ENTRY(name, from_output) {name##_norm_fwd, name##_norm_sums},

static const fc_normalized normalized[1 + FC_N_ACTIVATIONS] = {
    NORMALIZED_ENTRY(none, 1) FC_ACTIVATIONS(NORMALIZED_ENTRY)};
