/* Matrices x (rows, n) with numbers for each column: parametric ReLU. See prelu.h. */
#ifndef TABLE_CHANNELS_H
#define TABLE_CHANNELS_H

#include <stddef.h>

typedef struct {
    /* y = x, or a * x where x <= 0, with a (n). y may be x. */
    void (*prelu_fwd)(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *a, float *y);

    /* dx = dy, or a * dy where x <= 0; may be NULL, dy or x. da (n) += the sums of dy * x where x <= 0. */
    void (*prelu_bwd)(ptrdiff_t rows, ptrdiff_t n, const float *dy, const float *x, const float *a, float *dx,
                      float *da);
} fc_channels;

#endif
