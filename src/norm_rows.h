/* Layer normalization: each row of x (rows, n) by its own mean and standard deviation. A row is summed in float32 over
 * pieces of 1024 floats, and the pieces are added in float64. */

enum { PIECE = 1024 };

/* sum of x - shift (power 1), or of its squares (power 2) */
FN double row_sum(const int power, ptrdiff_t n, const float *x, float shift)
{
    const vf m = v_set1(shift);
    double total = 0.0;
    for (ptrdiff_t at = 0; at < n; at += PIECE) {
        const ptrdiff_t end = n - at < PIECE ? n : at + PIECE;
        vf sum = v_zero();
        ptrdiff_t i = at;
        for (; i + VL <= end; i += VL) {
            const vf d = v_load(x + i) - m;
            sum = power == 1 ? (vf)(sum + d) : v_fma(d, d, sum);
        }
        if (i < end) {
            const vf d = v_select(vm_first(end - i), v_load_first(x + i, end - i) - m, v_zero());
            sum = power == 1 ? (vf)(sum + d) : v_fma(d, d, sum);
        }
        total += v_sum(sum);
    }
    return total;
}

/* mean, variance (rows) */
static void row_moments(ptrdiff_t rows, ptrdiff_t n, const float *x, float *mean, float *variance)
{
    for (ptrdiff_t r = 0; r < rows; r++, x += n) {
        mean[r] = (float)(row_sum(1, n, x, 0.0f) / (double)n);
        variance[r] = (float)(row_sum(2, n, x, mean[r]) / (double)n);
    }
}

/* y = (x - mean) * inv * gamma + beta; mean, inv (rows), gamma, beta (n) */
static void layer_norm_fwd(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *mean, const float *inv,
                           const float *gamma, const float *beta, float *y)
{
    for (ptrdiff_t r = 0; r < rows; r++, x += n, y += n) {
        const vf m = v_set1(mean[r]), s = v_set1(inv[r]);
        for (ptrdiff_t i = 0; i < n; i += VL) {
            const vf h = (v_load_first(x + i, n - i) - m) * s;
            v_store_first(y + i, v_fma(h, v_load_first(gamma + i, n - i), v_load_first(beta + i, n - i)), n - i);
        }
    }
}

/* With h = (x - mean) * inv and g = dy * gamma: dx = inv * (g - mean(g) - h * mean(g * h)); dx may be dy or NULL.
 * sums (2, n) += dy * h and dy. */
static void layer_norm_bwd(ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *x, const float *mean,
                           const float *inv, const float *gamma, float *dx, float *sums)
{
    for (ptrdiff_t r = 0; r < rows; r++, dy += n, x += n) {
        const vf m = v_set1(mean[r]), s = v_set1(inv[r]);
        double plain = 0.0, product = 0.0;
        for (ptrdiff_t at = 0; at < n; at += PIECE) {
            vf a = v_zero(), b = v_zero();
            const ptrdiff_t end = n - at < PIECE ? n : at + PIECE;
            for (ptrdiff_t i = at; i < end; i += VL) {
                const ptrdiff_t left = end - i;
                const vf v = v_load_first(dy + i, left), h = (v_load_first(x + i, left) - m) * s;
                const vf g = v * v_load_first(gamma + i, left);
                a += g;
                b = v_fma(g, v_select(vm_first(left), h, v_zero()), b);
                v_store_first(sums + i, v_fma(v, h, v_load_first(sums + i, left)), left);
                v_store_first(sums + n + i, v + v_load_first(sums + n + i, left), left);
            }
            plain += v_sum(a);
            product += v_sum(b);
        }
        if (!dx) continue;
        const vf p = v_set1((float)(plain / (double)n)), q = v_set1((float)(product / (double)n));
        for (ptrdiff_t i = 0; i < n; i += VL) {
            const vf h = (v_load_first(x + i, n - i) - m) * s;
            const vf g = v_load_first(dy + i, n - i) * v_load_first(gamma + i, n - i);
            v_store_first(dx + r * n + i, s * (v_fnma(h, q, g) - p), n - i);
        }
    }
}
