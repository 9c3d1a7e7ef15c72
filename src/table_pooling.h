/* The micro-kernels of min and Lp pooling: see pool_max.h, pool_lp.h. */
#ifndef TABLE_POOLING_H
#define TABLE_POOLING_H

#include <stddef.h>

struct fc_pool_geometry;

/* What a window's sum is divided by: the number of its elements inside x, kh * kw, or nothing. */
enum fc_divisor { FC_COUNT_INSIDE = 0, FC_COUNT_ALL = 1, FC_COUNT_ONE = 2 };

typedef struct {
    /* As max_pool_fwd_row, for the smallest element */
    void (*min_fwd_row)(const struct fc_pool_geometry *p, ptrdiff_t r, ptrdiff_t nc, const float *x, float *y, int kind,
                        void *arg);
    /* Row r of the outputs, the first nc channels: the square root of the sum of the window's squares */
    void (*l2_fwd_row)(const struct fc_pool_geometry *p, ptrdiff_t r, ptrdiff_t nc, const float *x, float *y);

    /* y (n) = |x|^p; y = x^(1/p); y may be x */
    void (*power)(ptrdiff_t n, const float *x, float p, float *y);
    void (*root)(ptrdiff_t n, const float *x, float p, float *y);
    /* share (n) = dy * y^(1 - p), 0 where y is 0; dx (n) *= sign(x) * |x|^(p - 1) */
    void (*lp_share)(ptrdiff_t n, const float *dy, const float *y, float p, float *share);
    void (*lp_through)(ptrdiff_t n, const float *x, float p, float *dx);
} fc_pooling;

#endif
