/* Reductions over parameters and gradients, and moving averages. Sums are in float32 over stretches of SUM_STRETCH
 * floats, and in float64 over the stretches. */

enum { SUM_STRETCH = 1024 };

FN vf v_sign(vf a)
{
    const vf one = v_set1(1.0f), negative = v_select(v_gt(v_zero(), a), v_zero() - one, a);
    return v_select(v_gt(a, v_zero()), one, negative);
}

static double sum_squares(ptrdiff_t n, const float *x)
{
    double total = 0.0;
    for (ptrdiff_t at = 0; at < n; at += SUM_STRETCH) {
        const ptrdiff_t end = n - at > SUM_STRETCH ? at + SUM_STRETCH : n;
        vf sum = v_zero();
        for (ptrdiff_t i = at; i < end; i += VL) {
            const vf a = v_load_first(x + i, end - i);
            sum = v_fma(a, a, sum);
        }
        total += (double)v_sum(sum);
    }
    return total;
}

static void blend(ptrdiff_t n, float share, const float *x, float *y)
{
    const vf s = v_set1(share);
    for (ptrdiff_t i = 0; i < n; i += VL) {
        const vf old = v_load_first(y + i, n - i);
        v_store_first(y + i, v_fma(s, v_load_first(x + i, n - i) - old, old), n - i);
    }
}

/* The gradient of l1 |w| + l2 w^2 is l1 sign(w) + 2 l2 w, 0 at 0. */
static double regularize(ptrdiff_t n, float l1, float l2, const float *w, float *g)
{
    const vf a = v_set1(l1), b = v_set1(l2);
    double total = 0.0;
    for (ptrdiff_t at = 0; at < n; at += SUM_STRETCH) {
        const ptrdiff_t end = n - at > SUM_STRETCH ? at + SUM_STRETCH : n;
        vf sum = v_zero();
        for (ptrdiff_t i = at; i < end; i += VL) {
            const vf x = v_load_first(w + i, end - i), half = b * x;
            sum += v_fma(half, x, a * v_max(x, v_zero() - x));
            if (g) v_store_first(g + i, v_load_first(g + i, end - i) + v_fma(a, v_sign(x), half + half), end - i);
        }
        total += (double)v_sum(sum);
    }
    return total;
}
