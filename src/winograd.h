/* Winograd's minimal filtering with tiles of six: F(m, r) with m + r = 7 on each axis, for filters of r = 2, 3 or 4 taps,
 * over the points 0, a, -a, b, -b, infinity with a = 5/8, b = 3/2: exact in binary, and 2.5 times closer to the exact
 * result than the textbook points 0, 1, -1, 2, -2.
 *
 * With M(x) = x (x^2 - a^2) (x^2 - b^2):
 *   input    6 -> 6   row j: the coefficients of M(x) / (x - p_j); last row: those of M
 *   filter   r -> 6   row j: (1, p_j, ..., p_j^(r-1)) / M'(p_j); last row: (0, ..., 0, 1)
 *   output   6 -> m   row i: p_j^i; for infinity, 1 in the last row only
 *   gradient m -> 6   row j: (1, p_j, ..., p_j^(m-1)); last row: (0, ..., 0, 1); the factor 1 / M'(p_j) is in
 *   weights  6 -> r   row i: p_j^i / M'(p_j); for infinity, 1 in the last row only
 * (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", arXiv 1509.09308.)
 *
 * Value (row, column) of a transformed tile is at row * fr + column * fc, value f = 6 * row + column of transformed
 * filters at f * fs. table_winograd.h describes what the functions compute. */

#define WA 0.625f
#define WB 1.5f
#define WA2 (WA * WA)
#define WB2 (WB * WB)
#define WF0 (1.0f / (WA2 * WB2))                 /* 1 / M'(0) */
#define WFA (1.0f / (2.0f * WA2 * (WA2 - WB2))) /* 1 / M'(+-a) */
#define WFB (1.0f / (2.0f * WB2 * (WB2 - WA2))) /* 1 / M'(+-b) */

FN void wg_input_1d(const vf *d, int s, vf *o, int os)
{
    const vf a = v_set1(WA), b = v_set1(WB), a2 = v_set1(WA2), b2 = v_set1(WB2);
    const vf sum = v_set1(WA2 + WB2), product = v_set1(WA2 * WB2);
    const vf even_a = v_fnma(b2, d[2 * s], d[4 * s]), odd_a = v_fnma(b2, d[s], d[3 * s]);
    const vf even_b = v_fnma(a2, d[2 * s], d[4 * s]), odd_b = v_fnma(a2, d[s], d[3 * s]);
    o[0] = v_fma(product, d[0], v_fnma(sum, d[2 * s], d[4 * s]));
    o[os] = v_fma(a, odd_a, even_a);
    o[2 * os] = v_fnma(a, odd_a, even_a);
    o[3 * os] = v_fma(b, odd_b, even_b);
    o[4 * os] = v_fnma(b, odd_b, even_b);
    o[5 * os] = v_fma(product, d[s], v_fnma(sum, d[3 * s], d[5 * s]));
}

/* a filter's r taps */
FN void wg_filter_1d(const int r, const vf *g, int s, vf *o, int os)
{
    const vf a2 = v_set1(WA2), b2 = v_set1(WB2);
    const vf even_a = (r > 2 ? v_fma(a2, g[2 * s], g[0]) : g[0]) * v_set1(WFA);
    const vf even_b = (r > 2 ? v_fma(b2, g[2 * s], g[0]) : g[0]) * v_set1(WFB);
    const vf odd_a = (r > 3 ? v_fma(a2, g[3 * s], g[s]) : g[s]) * v_set1(WA * WFA);
    const vf odd_b = (r > 3 ? v_fma(b2, g[3 * s], g[s]) : g[s]) * v_set1(WB * WFB);
    o[0] = g[0] * v_set1(WF0);
    o[os] = even_a + odd_a;
    o[2 * os] = even_a - odd_a;
    o[3 * os] = even_b + odd_b;
    o[4 * os] = even_b - odd_b;
    o[5 * os] = g[(r - 1) * s];
}

/* m pixels of the result */
FN void wg_output_1d(const int m, const vf *p, int s, vf *o, int os)
{
    const vf sum_a = p[s] + p[2 * s], dif_a = p[s] - p[2 * s];
    const vf sum_b = p[3 * s] + p[4 * s], dif_b = p[3 * s] - p[4 * s];
    const vf powers_a[5] = {v_set1(1.0f), v_set1(WA), v_set1(WA2), v_set1(WA * WA2), v_set1(WA2 * WA2)};
    const vf powers_b[5] = {v_set1(1.0f), v_set1(WB), v_set1(WB2), v_set1(WB * WB2), v_set1(WB2 * WB2)};
    o[0] = p[0] + sum_a + sum_b;
#pragma GCC unroll 4
    for (int i = 1; i < m; i++) {
        const vf at_a = i % 2 ? dif_a : sum_a, at_b = i % 2 ? dif_b : sum_b;
        vf rest = powers_b[i] * at_b;
        if (i == m - 1) rest = v_fma(powers_b[i], at_b, p[5 * s]);
        o[i * os] = v_fma(powers_a[i], at_a, rest);
    }
}

/* m pixels of the result's gradient */
FN void wg_gradient_1d(const int m, const vf *y, int s, vf *o, int os)
{
    const vf a2 = v_set1(WA2), b2 = v_set1(WB2);
    const vf last = m > 4 ? y[4 * s] : v_zero();
    const vf even_a = v_fma(a2, m > 4 ? v_fma(a2, last, y[2 * s]) : y[2 * s], y[0]);
    const vf even_b = v_fma(b2, m > 4 ? v_fma(b2, last, y[2 * s]) : y[2 * s], y[0]);
    const vf odd_a = v_set1(WA) * (m > 3 ? v_fma(a2, y[3 * s], y[s]) : y[s]);
    const vf odd_b = v_set1(WB) * (m > 3 ? v_fma(b2, y[3 * s], y[s]) : y[s]);
    o[0] = y[0];
    o[os] = even_a + odd_a;
    o[2 * os] = even_a - odd_a;
    o[3 * os] = even_b + odd_b;
    o[4 * os] = even_b - odd_b;
    o[5 * os] = y[(m - 1) * s];
}

/* r taps of the filter's gradient */
FN void wg_weights_1d(const int r, const vf *p, int s, vf *o, int os)
{
    const vf sum_a = (p[s] + p[2 * s]) * v_set1(WFA), dif_a = (p[s] - p[2 * s]) * v_set1(WFA * WA);
    const vf sum_b = (p[3 * s] + p[4 * s]) * v_set1(WFB), dif_b = (p[3 * s] - p[4 * s]) * v_set1(WFB * WB);
    const vf a2 = v_set1(WA2), b2 = v_set1(WB2), infinity = p[5 * s];
    o[0] = v_fma(p[0], v_set1(WF0), sum_a + sum_b);
    o[os] = dif_a + dif_b;
    if (r == 2) o[os] = o[os] + infinity;
    if (r == 3) o[2 * os] = v_fma(a2, sum_a, v_fma(b2, sum_b, infinity));
    if (r == 4) {
        o[2 * os] = v_fma(a2, sum_a, b2 * sum_b);
        o[3 * os] = v_fma(a2, dif_a, v_fma(b2, dif_b, infinity));
    }
}

static void winograd_input(const float *x, ptrdiff_t row, ptrdiff_t channels, float *v, ptrdiff_t fr, ptrdiff_t fc)
{
    for (ptrdiff_t c = 0; c < channels; c += VL) {
        vf d[36], e[36], o[6];
#pragma GCC unroll 6
        for (int j = 0; j < 6; j++) {
            vf in[6];
#pragma GCC unroll 6
            for (int i = 0; i < 6; i++) in[i] = v_load(x + i * row + j * channels + c);
            wg_input_1d(in, 1, d + j, 6);
        }
#pragma GCC unroll 6
        for (int i = 0; i < 6; i++) {
            wg_input_1d(d + 6 * i, 1, o, 1);
#pragma GCC unroll 6
            for (int j = 0; j < 6; j++) e[6 * i + j] = o[j];
            if (channels - c >= VL) {
#pragma GCC unroll 6
                for (int j = 0; j < 6; j++) v_store(v + i * fr + j * fc + c, e[6 * i + j]);
            } else {
#pragma GCC unroll 6
                for (int j = 0; j < 6; j++) v_store_first(v + i * fr + j * fc + c, e[6 * i + j], channels - c);
            }
        }
    }
}

FN void wg_filter_body(const int r, const float *const *taps, ptrdiff_t offset, ptrdiff_t n, ptrdiff_t width, float *u,
                       ptrdiff_t fs)
{
    for (ptrdiff_t c = 0; c < width; c += VL) {
        vf g[16], d[24], o[6];
        const ptrdiff_t left = n > c ? n - c : 0;
        for (int i = 0; i < r * r; i++) g[i] = taps[i] ? v_load_first(taps[i] + offset + c, left) : v_zero();
        for (int j = 0; j < r; j++) wg_filter_1d(r, g + j, r, d + j, r);
        for (int i = 0; i < 6; i++) {
            wg_filter_1d(r, d + r * i, 1, o, 1);
            for (int j = 0; j < 6; j++) v_store(u + (6 * i + j) * fs + c, o[j]);
        }
    }
}

static void winograd_filter(int r, const float *const *taps, ptrdiff_t offset, ptrdiff_t n, ptrdiff_t width, float *u,
                            ptrdiff_t fs)
{
    switch (r) {
        case 2: wg_filter_body(2, taps, offset, n, width, u, fs); break;
        case 3: wg_filter_body(3, taps, offset, n, width, u, fs); break;
        case 4: wg_filter_body(4, taps, offset, n, width, u, fs); break;
    }
}

FN void wg_output_body(const int size, const float *m, ptrdiff_t fr, ptrdiff_t fc, ptrdiff_t channels,
                       const float *bias, int act, float *y, ptrdiff_t row, ptrdiff_t pixel, int rows, int columns)
{
    const vf zero = v_zero();
    for (ptrdiff_t c = 0; c < channels; c += VL) {
        const ptrdiff_t left = channels - c;
        const vf shift = bias ? v_load_first(bias + c, left) : zero;
        vf d[30], o[5];
#pragma GCC unroll 6
        for (int j = 0; j < 6; j++) {
            vf in[6];
#pragma GCC unroll 6
            for (int i = 0; i < 6; i++) in[i] = v_load(m + i * fr + j * fc + c);
            wg_output_1d(size, in, 1, d + j, 6);
        }
#pragma GCC unroll 5
        for (int i = 0; i < size; i++) {
            if (i >= rows) break;
            wg_output_1d(size, d + 6 * i, 1, o, 1);
#pragma GCC unroll 5
            for (int j = 0; j < size; j++) {
                vf r = o[j] + shift;
                if (act == FC_ACT_RELU) r = v_max(zero, r);
                if (j >= columns) break;
                float *to = y + i * row + j * pixel + c;
                if (left >= VL)
                    v_store(to, r);
                else
                    v_store_first(to, r, left);
            }
        }
    }
}

static void winograd_output(int r, const float *m, ptrdiff_t fr, ptrdiff_t fc, ptrdiff_t channels, const float *bias,
                            int act, float *y, ptrdiff_t row, ptrdiff_t pixel, int rows, int columns)
{
    switch (r) {
        case 2: wg_output_body(5, m, fr, fc, channels, bias, act, y, row, pixel, rows, columns); break;
        case 3: wg_output_body(4, m, fr, fc, channels, bias, act, y, row, pixel, rows, columns); break;
        case 4: wg_output_body(3, m, fr, fc, channels, bias, act, y, row, pixel, rows, columns); break;
    }
}

FN vf wg_first_largest(const vf *row0, const vf *row1, vf *which)
{
    const vf window[4] = {row0[0], row0[1], row1[0], row1[1]};
    vf best = window[0];
    *which = v_zero();
#pragma GCC unroll 3
    for (int t = 1; t < 4; t++) { /* the first NaN is taken, else the first largest */
        const vm wins = vm_or(v_gt(window[t], best), vm_and(v_isnan(window[t]), v_eq(best, best)));
        best = v_select(wins, window[t], best);
        *which = v_select(wins, v_set1((float)t), *which);
    }
    return best;
}

static void winograd_output_pooled(const float *m, ptrdiff_t fr, ptrdiff_t fc, ptrdiff_t channels,
                                   const float *bias, int act, float *y, uint8_t *argmax, ptrdiff_t row, ptrdiff_t pixel, int rows, int columns)
{
    const vf zero = v_zero();
    for (ptrdiff_t c = 0; c < channels; c += VL) {
        const ptrdiff_t left = channels - c < VL ? channels - c : VL;
        const vf shift = bias ? v_load_first(bias + c, left) : zero;
        vf d[24], o[16];
#pragma GCC unroll 6
        for (int j = 0; j < 6; j++) {
            vf in[6];
#pragma GCC unroll 6
            for (int i = 0; i < 6; i++) in[i] = v_load(m + i * fr + j * fc + c);
            wg_output_1d(4, in, 1, d + j, 6);
        }
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) wg_output_1d(4, d + 6 * i, 1, o + 4 * i, 1);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            o[i] = o[i] + shift;
            if (act == FC_ACT_RELU) o[i] = v_max(zero, o[i]);
        }
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++) {
                vf which;
                const vf best = wg_first_largest(o + 8 * i + 2 * j, o + 8 * i + 2 * j + 4, &which);
                const ptrdiff_t at = i * row + j * pixel + c;
                if (act == FC_ACT_RELU) which = v_select(v_nle(best, zero), which, v_set1(4.0f));
                v_store_first(y + at, best, left);
                if (argmax) v_store_u8_first(argmax + at, which, left);
            }
    }
}

static void unpool_row(const float *dy, const uint8_t *argmax, ptrdiff_t n, ptrdiff_t channels, int lower, float *out)
{
    const vf first = v_set1(lower ? 2.0f : 0.0f), second = v_set1(lower ? 3.0f : 1.0f), zero = v_zero();
    for (ptrdiff_t i = 0; i < n; i++, dy += channels, argmax += channels, out += 2 * channels)
        for (ptrdiff_t c = 0; c < channels; c += VL) {
            const ptrdiff_t left = channels - c < VL ? channels - c : VL;
            const vf g = v_load_first(dy + c, left), which = v_load_u8_first(argmax + c, left);
            v_store_first(out + c, v_select(v_eq(which, first), g, zero), left);
            v_store_first(out + channels + c, v_select(v_eq(which, second), g, zero), left);
        }
}

FN void wg_gradient_body(const int size, const float *y, ptrdiff_t row, ptrdiff_t channels, float *v, ptrdiff_t fr,
                         ptrdiff_t fc)
{
    for (ptrdiff_t c = 0; c < channels; c += VL) {
        vf d[30], o[6];
#pragma GCC unroll 5
        for (int j = 0; j < size; j++) {
            vf in[5];
#pragma GCC unroll 5
            for (int i = 0; i < size; i++) in[i] = v_load(y + i * row + j * channels + c);
            wg_gradient_1d(size, in, 1, d + j, size);
        }
#pragma GCC unroll 6
        for (int i = 0; i < 6; i++) {
            wg_gradient_1d(size, d + size * i, 1, o, 1);
            if (channels - c >= VL) {
#pragma GCC unroll 6
                for (int j = 0; j < 6; j++) v_store(v + i * fr + j * fc + c, o[j]);
            } else {
#pragma GCC unroll 6
                for (int j = 0; j < 6; j++) v_store_first(v + i * fr + j * fc + c, o[j], channels - c);
            }
        }
    }
}

static void winograd_gradient(int r, const float *y, ptrdiff_t row, ptrdiff_t channels, float *v, ptrdiff_t fr,
                              ptrdiff_t fc)
{
    switch (r) {
        case 2: wg_gradient_body(5, y, row, channels, v, fr, fc); break;
        case 3: wg_gradient_body(4, y, row, channels, v, fr, fc); break;
        case 4: wg_gradient_body(3, y, row, channels, v, fr, fc); break;
    }
}

FN void wg_weights_body(const int r, const float *m, ptrdiff_t parts, ptrdiff_t stride, ptrdiff_t fs, ptrdiff_t n,
                        float *const *taps, ptrdiff_t offset)
{
    for (ptrdiff_t c = 0; c < n; c += VL) {
        vf s[36], d[24], o[4];
        for (int f = 0; f < 36; f++) {
            s[f] = v_load_first(m + f * fs + c, n - c);
            for (ptrdiff_t p = 1; p < parts; p++) s[f] += v_load_first(m + p * stride + f * fs + c, n - c);
        }
        for (int j = 0; j < 6; j++) wg_weights_1d(r, s + j, 6, d + j, 6);
        for (int i = 0; i < r; i++) {
            wg_weights_1d(r, d + 6 * i, 1, o, 1);
            for (int j = 0; j < r; j++)
                if (taps[r * i + j]) v_store_first(taps[r * i + j] + offset + c, o[j], n - c);
        }
    }
}

static void winograd_weights(int r, const float *m, ptrdiff_t parts, ptrdiff_t stride, ptrdiff_t fs, ptrdiff_t n,
                             float *const *taps, ptrdiff_t offset)
{
    switch (r) {
        case 2: wg_weights_body(2, m, parts, stride, fs, n, taps, offset); break;
        case 3: wg_weights_body(3, m, parts, stride, fs, n, taps, offset); break;
        case 4: wg_weights_body(4, m, parts, stride, fs, n, taps, offset); break;
    }
}
