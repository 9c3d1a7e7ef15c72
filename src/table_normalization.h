/* Normalization of matrices x (rows, n), with statistics per column or per row: see norm.h and norm_rows.h. */
#ifndef FC_TABLE_NORMALIZATION_H
#define FC_TABLE_NORMALIZATION_H

#include <stddef.h>

/* z = (x - mean) * scale + shift, each of them (n); p: the activation's parameters. */
typedef struct {
    const float *mean, *scale, *shift;
    float p[3];
} fc_norm;

/* The operands of the gradient: dy, and `more` (or NULL), which is added to it; x; the output y, or NULL to compute it
 * again. dz, unless NULL, gets the gradient before the activation; it may be dy or more. */
typedef struct {
    const float *dy, *more, *x, *y;
    float *dz;
} fc_norm_gradient;

/* Normalization followed by an activation f */
typedef struct {
    /* y (rows, n) = f(z), or f(z + add) with add (rows, n); y may be x or add. */
    void (*fwd)(ptrdiff_t rows, ptrdiff_t n, const fc_norm *q, const float *x, const float *add, float *y);

    /* dz = (dy + more) * f', from offset `at` on; sums (2, n) += the sums over the rows of dz and of dz * (x - mean) */
    void (*sums)(ptrdiff_t rows, ptrdiff_t n, const fc_norm *q, const fc_norm_gradient *g, ptrdiff_t at, float *sums);
} fc_normalized;

typedef struct fc_normalization {
    /* Per column: see norm.h */
    void (*column_moments)(ptrdiff_t rows, ptrdiff_t n, const float *x, float *mean, float *squares);
    void (*norm_dx)(ptrdiff_t rows, ptrdiff_t n, const float *dz, const float *x, const float *mean, const float *k,
                    const float *to, float *dx);
    const fc_normalized *normalized; /* without an activation, then one for each of FC_ACTIVATIONS */

    /* Per row: see norm_rows.h */
    void (*row_moments)(ptrdiff_t rows, ptrdiff_t n, const float *x, float *mean, float *variance);
    void (*layer_norm_fwd)(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *mean, const float *inv,
                           const float *gamma, const float *beta, float *y);
    void (*layer_norm_bwd)(ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *x, const float *mean,
                           const float *inv, const float *gamma, float *dx, float *sums);
} fc_normalization;

#endif
