/* Winograd's minimal filtering: F(m, r) with m + r - 1 points on an axis, for filters of r taps and m outputs. The points
 * are 0, pairs +-p or others, and infinity:
 *   5   0, -1, 1/2, 2, infinity
 *   6   0, +-5/8, +-3/2, infinity
 *   8   0, +-1/2, +-1, +-2, infinity: for tiles of one row or column only, since it rounds as much along one axis as six
 *       points do along two
 * They are exact in binary; six are 2.5 times closer to the exact result than the textbook points 0, 1, -1, 2, -2.
 *
 * With M(x) = the product of x - p_j over the finite points:
 *   input    n -> n   row j: the coefficients of M(x) / (x - p_j); last row: those of M
 *   filter   r -> n   row j: (1, p_j, ..., p_j^(r-1)) / M'(p_j); last row: (0, ..., 0, 1)
 *   output   n -> m   row i: p_j^i; for infinity, 1 in the last row only
 *   gradient m -> n   row j: (1, p_j, ..., p_j^(m-1)); last row: (0, ..., 0, 1); the factor 1 / M'(p_j) is in
 *   weights  n -> r   row i: p_j^i / M'(p_j); for infinity, 1 in the last row only
 * (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", arXiv 1509.09308.) An axis of one point is not
 * transformed.
 *
 * Value (row, column) of a transformed tile is at row * fr + column * fc, value f = columns * row + column of transformed
 * filters at f * fs. table_winograd.h describes what the functions compute.
 *
 * The functions below are written once, for any number of points and taps: these are constants wherever they are
 * called, and the loops over them are unrolled. */

#define WG_MOST 8 /* points */

/* What a tile may be: points and taps of squares, and of rows or columns. */
#define WG_SQUARES(DO) DO(5, 2) DO(6, 2) DO(6, 3) DO(6, 4)
#define WG_LINES(DO) DO(6, 3) DO(6, 4) DO(8, 3) DO(8, 4) DO(8, 5)
#define WG_KEY(points, taps) (16 * (points) + (taps))

/* Calls WG_SQUARE or WG_LINE, which the function defines, for a tile. */
#define WG_DISPATCH(t)                                        \
    if (wg_is_line(t))                                        \
        switch (WG_KEY((t)->rows * (t)->columns, (t)->taps)) { \
            WG_LINES(WG_LINE)                                 \
        }                                                     \
    else                                                      \
        switch (WG_KEY((t)->rows, (t)->taps)) {               \
            WG_SQUARES(WG_SQUARE)                             \
        }

/* The finite point i: 0, then pairs if their number is even. */
FN float wg_point(const int points, const int i)
{
    if (points == 5) return i == 0 ? 0.0f : i == 1 ? -1.0f : i == 2 ? 0.5f : 2.0f;
    const float pair = points == 8 ? (i < 3 ? 0.5f : i < 5 ? 1.0f : 2.0f) : i < 3 ? 0.625f : 1.5f;
    return i == 0 ? 0.0f : i % 2 ? pair : -pair;
}

FN float wg_power(const float p, const int exponent)
{
    float power = 1.0f;
#pragma GCC unroll 8
    for (int i = 0; i < exponent; i++) power *= p;
    return power;
}

/* 1 / M'(p_i) */
FN float wg_factor(const int points, const int i)
{
    float product = 1.0f;
#pragma GCC unroll 8
    for (int j = 0; j < points - 1; j++)
        if (j != i) product *= wg_point(points, i) - wg_point(points, j);
    return 1.0f / product;
}

/* The product of x^2 - p^2 over all pairs but that of point `but`, applied to every other value of d. Without pairs,
 * that of x - p over all points but 0 and `but`, applied to every value. */
FN vf wg_product(const int points, const int but, const vf *d, const int s)
{
    const int hop = points % 2 ? 1 : 2;
    float c[WG_MOST / 2] = {1.0f};
    int degree = 0;
#pragma GCC unroll 4
    for (int i = 1; i < points - 1; i += hop) {
        if (i == but) continue;
        degree++;
#pragma GCC unroll 4
        for (int k = degree; k >= 0; k--)
            c[k] = (k > 0 ? c[k - 1] : 0.0f) - (k < degree ? c[k] : 0.0f) * wg_power(wg_point(points, i), hop);
    }
    vf sum = d[hop * degree * s];
#pragma GCC unroll 4
    for (int k = degree - 1; k >= 0; k--) sum = v_fma(v_set1(c[k]), d[hop * k * s], sum);
    return sum;
}

FN void wg_input_1d(const int points, const vf *d, const int s, vf *o, const int os)
{
    o[0] = points == 1 ? d[0] : wg_product(points, 0, d, s);
    if (points == 1) return;
    o[(points - 1) * os] = wg_product(points, 0, d + s, s);
    if (points % 2) {
#pragma GCC unroll 4
        for (int i = 1; i < points - 1; i++) o[i * os] = wg_product(points, i, d + s, s);
        return;
    }
#pragma GCC unroll 4
    for (int i = 1; i < points - 1; i += 2) {
        const vf even = wg_product(points, i, d + 2 * s, s), odd = wg_product(points, i, d + s, s);
        const vf p = v_set1(wg_point(points, i));
        o[i * os] = v_fma(p, odd, even);
        o[(i + 1) * os] = v_fnma(p, odd, even);
    }
}

/* The polynomial of n coefficients at the points: a filter's taps, with the factors, or a gradient's pixels. */
FN void wg_evaluate_1d(const int points, const int n, const int factors, const vf *c, const int s, vf *o, const int os)
{
    o[0] = c[0];
    if (points == 1) return;
    if (factors) o[0] = c[0] * v_set1(wg_factor(points, 0));
    o[(points - 1) * os] = c[(n - 1) * s];
    if (points % 2) {
#pragma GCC unroll 4
        for (int i = 1; i < points - 1; i++) {
            vf value = c[(n - 1) * s];
#pragma GCC unroll 4
            for (int k = n - 2; k >= 0; k--) value = v_fma(v_set1(wg_point(points, i)), value, c[k * s]);
            if (factors) value = value * v_set1(wg_factor(points, i));
            o[i * os] = value;
        }
        return;
    }
#pragma GCC unroll 4
    for (int i = 1; i < points - 1; i += 2) {
        const float p = wg_point(points, i), f = factors ? wg_factor(points, i) : 1.0f;
        const int last_even = (n - 1) / 2 * 2, last_odd = n / 2 * 2 - 1;
        vf even = c[last_even * s], odd = c[last_odd * s];
#pragma GCC unroll 4
        for (int k = last_even - 2; k >= 0; k -= 2) even = v_fma(v_set1(p * p), even, c[k * s]);
#pragma GCC unroll 4
        for (int k = last_odd - 2; k >= 0; k -= 2) odd = v_fma(v_set1(p * p), odd, c[k * s]);
        if (factors) even = even * v_set1(f);
        odd = odd * v_set1(p * f);
        o[i * os] = even + odd;
        o[(i + 1) * os] = even - odd;
    }
}

/* Row i of n: the sum of the values times the i-th powers of their points: the output's pixels, or a filter's gradient,
 * with the factors. */
FN void wg_moments_1d(const int points, const int n, const int factors, const vf *v, const int s, vf *o, const int os)
{
    const int pairs = points % 2 == 0, hop = pairs ? 2 : 1, terms = pairs ? points / 2 - 1 : points - 2;
    vf even[WG_MOST / 2], odd[WG_MOST / 2]; /* by term: what is multiplied by even and by odd powers */
    o[0] = v[0];
    if (points == 1) return;
#pragma GCC unroll 4
    for (int q = 0; q < terms; q++) {
        const int i = 1 + hop * q;
        const float f = factors ? wg_factor(points, i) : 1.0f;
        even[q] = odd[q] = v[i * s];
        if (pairs) {
            even[q] = v[i * s] + v[(i + 1) * s];
            odd[q] = v[i * s] - v[(i + 1) * s];
        }
        if (factors) {
            even[q] = even[q] * v_set1(f);
            odd[q] = odd[q] * v_set1(f * wg_point(points, i));
        }
    }
    if (factors) {
        vf sum = even[0];
#pragma GCC unroll 4
        for (int q = 1; q < terms; q++) sum = sum + even[q];
        o[0] = v_fma(v[0], v_set1(wg_factor(points, 0)), sum);
    } else {
#pragma GCC unroll 4
        for (int q = 0; q < terms; q++) o[0] = o[0] + even[q];
    }
#pragma GCC unroll 8
    for (int i = 1; i < n; i++) {
        const int exponent = factors && i % 2 ? i - 1 : i; /* a factor p is in `odd` */
        const vf *values = i % 2 ? odd : even;
        vf sum = v[(points - 1) * s];
#pragma GCC unroll 4
        for (int q = terms - 1; q >= 0; q--) {
            const vf power = v_set1(wg_power(wg_point(points, 1 + hop * q), exponent));
            const int first = q == terms - 1 && i < n - 1; /* infinity is in the last row only */
            if (first)
                sum = values[q];
            if (first && exponent)
                sum = sum * power;
            if (!first && exponent)
                sum = v_fma(power, values[q], sum);
            if (!first && !exponent)
                sum = sum + values[q];
        }
        o[i * os] = sum;
    }
}

/* The function's steps along a tile's only axis. */
FN int wg_is_line(const fc_tile *t) { return t->rows == 1 || t->columns == 1; }
FN ptrdiff_t wg_along(const fc_tile *t, ptrdiff_t row, ptrdiff_t column) { return t->columns == 1 ? row : column; }

/* `whole`: all pixels are inside, and may be read in whole vectors. */
FN void wg_input_body(const int rows, const int columns, const int whole, const float *x, ptrdiff_t row,
                      ptrdiff_t pixel, const fc_inside *in, ptrdiff_t channels, float *v, ptrdiff_t fr, ptrdiff_t fc)
{
    for (ptrdiff_t c = 0; c < channels; c += VL) {
        vf d[WG_MOST * WG_MOST], o[WG_MOST];
#pragma GCC unroll 8
        for (int j = 0; j < columns; j++) {
            vf pixels[WG_MOST];
#pragma GCC unroll 8
            for (int i = 0; i < rows; i++) {
                pixels[i] = v_zero();
                if (whole)
                    pixels[i] = v_load(x + i * row + j * pixel + c);
                else if (i >= in->top && i < in->bottom && j >= in->left && j < in->right)
                    pixels[i] = v_load_first(x + (i - in->top) * row + (j - in->left) * pixel + c, channels - c);
            }
            wg_input_1d(rows, pixels, 1, d + j, columns);
        }
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            wg_input_1d(columns, d + columns * i, 1, o, 1);
            if (channels - c >= VL) {
#pragma GCC unroll 8
                for (int j = 0; j < columns; j++) v_store(v + i * fr + j * fc + c, o[j]);
            } else {
#pragma GCC unroll 8
                for (int j = 0; j < columns; j++) v_store_first(v + i * fr + j * fc + c, o[j], channels - c);
            }
        }
    }
}

static void winograd_input(const fc_tile *t, const float *x, ptrdiff_t row, ptrdiff_t pixel, const fc_inside *in,
                           ptrdiff_t channels, float *v, ptrdiff_t fr, ptrdiff_t fc)
{
    const ptrdiff_t step = wg_along(t, row, pixel), f = wg_along(t, fr, fc);
    fc_inside line = {0, 1, 0, 1};
    int whole = !in;
    if (in) {
        whole = in->bottom - in->top == t->rows && in->right - in->left == t->columns && channels % VL == 0;
        line.left = t->columns == 1 ? in->top : in->left;
        line.right = t->columns == 1 ? in->bottom : in->right;
    }
#define WG_SQUARE(p, whole) wg_input_body(p, p, whole, x, row, pixel, in, channels, v, fr, fc)
#define WG_LINE(p, whole) wg_input_body(1, p, whole, x, 0, step, &line, channels, v, 0, f)
    switch (4 * (t->rows > t->columns ? t->rows : t->columns) + 2 * wg_is_line(t) + whole) {
        case 4 * 5: WG_SQUARE(5, 0); break;
        case 4 * 5 + 1: WG_SQUARE(5, 1); break;
        case 4 * 6: WG_SQUARE(6, 0); break;
        case 4 * 6 + 1: WG_SQUARE(6, 1); break;
        case 4 * 6 + 2: WG_LINE(6, 0); break;
        case 4 * 6 + 3: WG_LINE(6, 1); break;
        case 4 * 8 + 2: WG_LINE(8, 0); break;
        case 4 * 8 + 3: WG_LINE(8, 1); break;
    }
#undef WG_SQUARE
#undef WG_LINE
}

FN void wg_filter_body(const int rows, const int columns, const int r, const float *const *taps, ptrdiff_t offset,
                       ptrdiff_t n, ptrdiff_t width, float *u, ptrdiff_t fs)
{
    const int high = rows > 1 ? r : 1;
    for (ptrdiff_t c = 0; c < width; c += VL) {
        vf g[WG_MOST * WG_MOST], d[WG_MOST * WG_MOST], o[WG_MOST];
        const ptrdiff_t left = n > c ? n - c : 0;
        for (int i = 0; i < high * r; i++) g[i] = taps[i] ? v_load_first(taps[i] + offset + c, left) : v_zero();
        for (int j = 0; j < r; j++) wg_evaluate_1d(rows, high, 1, g + j, r, d + j, r);
        for (int i = 0; i < rows; i++) {
            wg_evaluate_1d(columns, r, 1, d + r * i, 1, o, 1);
            for (int j = 0; j < columns; j++) v_store(u + (columns * i + j) * fs + c, o[j]);
        }
    }
}

static void winograd_filter(const fc_tile *t, const float *const *taps, ptrdiff_t offset, ptrdiff_t n, ptrdiff_t width,
                            float *u, ptrdiff_t fs)
{
#define WG_SQUARE(p, r) case WG_KEY(p, r): wg_filter_body(p, p, r, taps, offset, n, width, u, fs); break;
#define WG_LINE(p, r) case WG_KEY(p, r): wg_filter_body(1, p, r, taps, offset, n, width, u, fs); break;
    WG_DISPATCH(t)
#undef WG_SQUARE
#undef WG_LINE
}

FN void wg_output_body(const int rows, const int columns, const int r, const float *m, ptrdiff_t fr, ptrdiff_t fc,
                       ptrdiff_t channels, const float *bias, int act, float *y, ptrdiff_t row, ptrdiff_t pixel,
                       int most_rows, int most_columns)
{
    const vf zero = v_zero();
    const int high = rows > 1 ? rows - r + 1 : 1, wide = columns - r + 1;
    for (ptrdiff_t c = 0; c < channels; c += VL) {
        const ptrdiff_t left = channels - c;
        const vf shift = bias ? v_load_first(bias + c, left) : zero;
        vf d[WG_MOST * WG_MOST], o[WG_MOST];
#pragma GCC unroll 8
        for (int j = 0; j < columns; j++) {
            vf in[WG_MOST];
#pragma GCC unroll 8
            for (int i = 0; i < rows; i++) in[i] = v_load(m + i * fr + j * fc + c);
            wg_moments_1d(rows, high, 0, in, 1, d + j, columns);
        }
#pragma GCC unroll 8
        for (int i = 0; i < high; i++) {
            if (i >= most_rows) break;
            wg_moments_1d(columns, wide, 0, d + columns * i, 1, o, 1);
#pragma GCC unroll 8
            for (int j = 0; j < wide; j++) {
                vf value = o[j] + shift;
                value = rectified(value, act);
                if (j >= most_columns) break;
                float *to = y + i * row + j * pixel + c;
                if (left >= VL)
                    v_store(to, value);
                else
                    v_store_first(to, value, left);
            }
        }
    }
}

static void winograd_output(const fc_tile *t, const float *m, ptrdiff_t fr, ptrdiff_t fc, ptrdiff_t channels,
                            const float *bias, int act, float *y, ptrdiff_t row, ptrdiff_t pixel, int rows, int columns)
{
    const ptrdiff_t f = wg_along(t, fr, fc), step = wg_along(t, row, pixel);
    const int most = (int)wg_along(t, rows, columns);
#define WG_SQUARE(p, r) \
    case WG_KEY(p, r): wg_output_body(p, p, r, m, fr, fc, channels, bias, act, y, row, pixel, rows, columns); break;
#define WG_LINE(p, r) \
    case WG_KEY(p, r): wg_output_body(1, p, r, m, 0, f, channels, bias, act, y, 0, step, 1, most); break;
    WG_DISPATCH(t)
#undef WG_SQUARE
#undef WG_LINE
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
            wg_moments_1d(6, 4, 0, in, 1, d + j, 6);
        }
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) wg_moments_1d(6, 4, 0, d + 6 * i, 1, o + 4 * i, 1);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            o[i] = o[i] + shift;
            o[i] = rectified(o[i], act);
        }
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++) {
                vf which;
                const vf best = wg_first_largest(o + 8 * i + 2 * j, o + 8 * i + 2 * j + 4, &which);
                const ptrdiff_t at = i * row + j * pixel + c;
                if (act != FC_ACT_NONE) which = v_select(v_nle(best, zero), which, v_set1(4.0f));
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

FN void wg_gradient_body(const int rows, const int columns, const int r, const float *y, ptrdiff_t row,
                         ptrdiff_t pixel, ptrdiff_t channels, float *v, ptrdiff_t fr, ptrdiff_t fc)
{
    const int high = rows > 1 ? rows - r + 1 : 1, wide = columns - r + 1;
    for (ptrdiff_t c = 0; c < channels; c += VL) {
        vf d[WG_MOST * WG_MOST], o[WG_MOST];
#pragma GCC unroll 8
        for (int j = 0; j < wide; j++) {
            vf in[WG_MOST];
#pragma GCC unroll 8
            for (int i = 0; i < high; i++) in[i] = v_load(y + i * row + j * pixel + c);
            wg_evaluate_1d(rows, high, 0, in, 1, d + j, wide);
        }
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            wg_evaluate_1d(columns, wide, 0, d + wide * i, 1, o, 1);
            if (channels - c >= VL) {
#pragma GCC unroll 8
                for (int j = 0; j < columns; j++) v_store(v + i * fr + j * fc + c, o[j]);
            } else {
#pragma GCC unroll 8
                for (int j = 0; j < columns; j++) v_store_first(v + i * fr + j * fc + c, o[j], channels - c);
            }
        }
    }
}

static void winograd_gradient(const fc_tile *t, const float *y, ptrdiff_t row, ptrdiff_t pixel, ptrdiff_t channels,
                              float *v, ptrdiff_t fr, ptrdiff_t fc)
{
    const ptrdiff_t step = wg_along(t, row, pixel), f = wg_along(t, fr, fc);
#define WG_SQUARE(p, r) case WG_KEY(p, r): wg_gradient_body(p, p, r, y, row, pixel, channels, v, fr, fc); break;
#define WG_LINE(p, r) case WG_KEY(p, r): wg_gradient_body(1, p, r, y, 0, step, channels, v, 0, f); break;
    WG_DISPATCH(t)
#undef WG_SQUARE
#undef WG_LINE
}

FN void wg_weights_body(const int rows, const int columns, const int r, const float *m, ptrdiff_t parts,
                        ptrdiff_t stride, ptrdiff_t fs, ptrdiff_t n, float *const *taps, ptrdiff_t offset)
{
    const int high = rows > 1 ? r : 1;
    for (ptrdiff_t c = 0; c < n; c += VL) {
        vf s[WG_MOST * WG_MOST], d[WG_MOST * WG_MOST], o[WG_MOST];
        for (int f = 0; f < rows * columns; f++) {
            s[f] = v_load_first(m + f * fs + c, n - c);
            for (ptrdiff_t p = 1; p < parts; p++) s[f] += v_load_first(m + p * stride + f * fs + c, n - c);
        }
        for (int j = 0; j < columns; j++) wg_moments_1d(rows, high, 1, s + j, columns, d + j, columns);
        for (int i = 0; i < high; i++) {
            wg_moments_1d(columns, r, 1, d + columns * i, 1, o, 1);
            for (int j = 0; j < r; j++)
                if (taps[r * i + j]) v_store_first(taps[r * i + j] + offset + c, o[j], n - c);
        }
    }
}

static void winograd_weights(const fc_tile *t, const float *m, ptrdiff_t parts, ptrdiff_t stride, ptrdiff_t fs,
                             ptrdiff_t n, float *const *taps, ptrdiff_t offset)
{
#define WG_SQUARE(p, r) case WG_KEY(p, r): wg_weights_body(p, p, r, m, parts, stride, fs, n, taps, offset); break;
#define WG_LINE(p, r) case WG_KEY(p, r): wg_weights_body(1, p, r, m, parts, stride, fs, n, taps, offset); break;
    WG_DISPATCH(t)
#undef WG_SQUARE
#undef WG_LINE
}
