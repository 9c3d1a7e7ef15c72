/* Mean squared error: for each row of n outputs y with targets t and weight w,
 *
 *     loss = w * sum_j (y_j - t_j)^2 / n,   dy = 2 w (y - t) / n. */

/* y, t (rows, n), weights (rows). dy (rows, n) is written if given; it may be y or t. Returns the sum of the losses. */
static double mean_squared_error(ptrdiff_t rows, ptrdiff_t n, const float *y, const float *t, const float *weights,
                                 float *dy)
{
    double loss = 0.0;
    for (ptrdiff_t r = 0; r < rows; r++, y += n, t += n) {
        const vf slope = v_set1(2.0f * weights[r] / (float)n);
        vf sum = v_zero();
        for (ptrdiff_t i = 0; i < n; i += VL) {
            const vf error = v_load_first(y + i, n - i) - v_load_first(t + i, n - i);
            sum = v_fma(error, error, sum);
            if (dy) v_store_first(dy + i, slope * error, n - i);
        }
        if (dy) dy += n;
        loss += (double)weights[r] * v_sum(sum) / (double)n;
    }
    return loss;
}
