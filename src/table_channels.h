/* Matrices x (rows, n) with numbers for each column or row: parametric ReLU and normalisation. See prelu.h, norm.h,
 * norm_rows.h. */
#ifndef TABLE_CHANNELS_H
#define TABLE_CHANNELS_H

#include <stddef.h>

typedef struct {
    /* y = x, or a * x where x <= 0, with a (n). y may be x. */
    void (*prelu_fwd)(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *a, float *y);

    /* dx = dy, or a * dy where x <= 0; may be NULL, dy or x. da (n) += the sums of dy * x where x <= 0. */
    void (*prelu_bwd)(ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *x, const float *a, float *dx,
                      float *da);

    /* Normalisation: see norm.h */
    void (*column_squares)(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *mean, float *sum);
    void (*normalize)(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *mean, const float *scale,
                      const float *shift, float *y);
    void (*norm_sums)(ptrdiff_t rows, ptrdiff_t n, const float *dz, const float *x, const float *mean, float *sums);
    void (*norm_dx)(ptrdiff_t rows, ptrdiff_t n, const float *dz, const float *x, const float *mean, const float *k,
                    float *dx);

    /* Layer normalisation: see norm_rows.h */
    void (*row_moments)(ptrdiff_t rows, ptrdiff_t n, const float *x, float *mean, float *variance);
    void (*layer_norm_fwd)(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *mean, const float *inv,
                           const float *gamma, const float *beta, float *y);
    void (*layer_norm_bwd)(ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *x, const float *mean,
                           const float *inv, const float *gamma, float *dx, float *sums);
} fc_channels;

#endif
