/* Normalisation of matrices x (rows, n): by numbers for each column (batch and group normalisation), or for each row
 * (layer normalisation). Sums run in float32 over a block that the caller has chosen small. */

/* sum (n) = the sums over the rows of (x - mean)^2; n <= 4 * VL */
FN void squares_part(const int nv, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t ldx, const float *x, const float *mean,
                     float *sum)
{
    const int whole = nv - 1;
    const ptrdiff_t left = n - whole * VL;
    vf m[4], total[4];
    for (int j = 0; j < nv; j++) {
        m[j] = load_part(j < whole, left, mean + j * VL);
        total[j] = v_zero();
    }
    for (; rows > 0; rows--, x += ldx)
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) {
            const vf d = load_part(j < whole, left, x + j * VL) - m[j];
            total[j] = v_fma(d, d, total[j]);
        }
    for (int j = 0; j < nv; j++) store_part(j < whole, left, sum + j * VL, total[j]);
}

static void column_squares(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *mean, float *sum)
{
    const ptrdiff_t ldx = n;
    for (; n > 3 * VL; n -= 4 * VL, x += 4 * VL, mean += 4 * VL, sum += 4 * VL)
        squares_part(4, rows, n < 4 * VL ? n : 4 * VL, ldx, x, mean, sum);
    if (n > 2 * VL)
        squares_part(3, rows, n, ldx, x, mean, sum);
    else if (n > VL)
        squares_part(2, rows, n, ldx, x, mean, sum);
    else if (n > 0)
        squares_part(1, rows, n, ldx, x, mean, sum);
}

/* y = (x - mean) * scale + shift, each of them for a column */
FN void normalize_part(const int whole, ptrdiff_t left, const float *x, const float *mean, const float *scale,
                       const float *shift, float *y)
{
    const vf d = load_part(whole, left, x) - load_part(whole, left, mean);
    store_part(whole, left, y, v_fma(d, load_part(whole, left, scale), load_part(whole, left, shift)));
}

static void normalize(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *mean, const float *scale,
                      const float *shift, float *y)
{
    for (ptrdiff_t r = 0; r < rows; r++, x += n, y += n) {
        ptrdiff_t i = 0;
        for (; i + VL <= n; i += VL) normalize_part(1, VL, x + i, mean + i, scale + i, shift + i, y + i);
        if (i < n) normalize_part(0, n - i, x + i, mean + i, scale + i, shift + i, y + i);
    }
}

/* sums (2, n) += the sums over the rows of dz and of dz * (x - mean); columns of both lie `columns` apart */
FN void norm_sums_part(const int nv, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t columns, const float *dz, const float *x,
                       const float *mean, float *sums)
{
    const int whole = nv - 1;
    const ptrdiff_t left = n - whole * VL;
    vf m[4], plain[4], product[4];
    for (int j = 0; j < nv; j++) {
        m[j] = load_part(j < whole, left, mean + j * VL);
        plain[j] = product[j] = v_zero();
    }
    for (; rows > 0; rows--, x += columns, dz += columns)
#pragma GCC unroll 4
        for (int j = 0; j < nv; j++) {
            const vf d = load_part(j < whole, left, x + j * VL) - m[j], g = load_part(j < whole, left, dz + j * VL);
            plain[j] += g;
            product[j] = v_fma(g, d, product[j]);
        }
    for (int j = 0; j < nv; j++) {
        float *a = sums + j * VL, *b = a + columns;
        store_part(j < whole, left, a, load_part(j < whole, left, a) + plain[j]);
        store_part(j < whole, left, b, load_part(j < whole, left, b) + product[j]);
    }
}

static void norm_sums(ptrdiff_t rows, ptrdiff_t n, const float *dz, const float *x, const float *mean, float *sums)
{
    const ptrdiff_t columns = n;
    for (; n > 3 * VL; n -= 4 * VL, dz += 4 * VL, x += 4 * VL, mean += 4 * VL, sums += 4 * VL)
        norm_sums_part(4, rows, n < 4 * VL ? n : 4 * VL, columns, dz, x, mean, sums);
    if (n > 2 * VL)
        norm_sums_part(3, rows, n, columns, dz, x, mean, sums);
    else if (n > VL)
        norm_sums_part(2, rows, n, columns, dz, x, mean, sums);
    else if (n > 0)
        norm_sums_part(1, rows, n, columns, dz, x, mean, sums);
}

/* dx = k0 * dz + k1 * (x - mean) + k2, with k (3, n) */
FN void norm_dx_part(const int whole, ptrdiff_t left, ptrdiff_t n, const float *dz, const float *x, const float *mean,
                     const float *k, float *dx)
{
    const vf d = load_part(whole, left, x) - load_part(whole, left, mean);
    const vf rest = v_fma(d, load_part(whole, left, k + n), load_part(whole, left, k + 2 * n));
    store_part(whole, left, dx, v_fma(load_part(whole, left, dz), load_part(whole, left, k), rest));
}

static void norm_dx(ptrdiff_t rows, ptrdiff_t n, const float *dz, const float *x, const float *mean, const float *k,
                    float *dx)
{
    for (ptrdiff_t r = 0; r < rows; r++, dz += n, x += n, dx += n) {
        ptrdiff_t i = 0;
        for (; i + VL <= n; i += VL) norm_dx_part(1, VL, n, dz + i, x + i, mean + i, k + i, dx + i);
        if (i < n) norm_dx_part(0, n - i, n, dz + i, x + i, mean + i, k + i, dx + i);
    }
}
