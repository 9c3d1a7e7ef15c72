/* The micro-kernels that combine several arrays: see merge.h. */
#ifndef FC_TABLE_MERGE_H
#define FC_TABLE_MERGE_H

#include <stddef.h>

/* out (n) = x op y; out may be x or y */
typedef void fc_merge_two(ptrdiff_t n, const float *x, const float *y, float *out);

/* Backward: dx (n) = dy where x (or, with `second`, y) was the one taken, else 0; dx may be dy */
typedef void fc_merge_two_bwd(ptrdiff_t n, const float *dy, const float *x, const float *y, int second, float *dx);

typedef struct fc_merge {
    fc_merge_two *multiply, *subtract, *maximum, *minimum;
    fc_merge_two_bwd *maximum_bwd, *minimum_bwd;

    /* out (n) = x * factor; the sum of x * y; sum (n) = the sum over the rows of x * y, both (rows, n), rows ld floats
     * apart */
    void (*scale)(ptrdiff_t n, const float *x, float factor, float *out);
    float (*dot)(ptrdiff_t n, const float *x, const float *y);
    void (*dot_rows)(ptrdiff_t rows, ptrdiff_t n, const float *x, const float *y, ptrdiff_t ld, float *sum);

    /* Weighted sums of up to four arrays: out (n) = the sum of w[k] * x[k]; backward, y[k] (n) += w[k] * x in the order
     * of k; several y[k] may be the same array */
    void (*mix)(ptrdiff_t n, int count, const float **x, const float *w, float *out);
    void (*spread)(ptrdiff_t n, int count, const float *x, const float *w, float **y);
} fc_merge;

#endif
